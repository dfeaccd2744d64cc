/**
 * What has still to be looked at. Where one state may stand for others, those nearest to the
 * beginning go first, and of them those with most under way: a state is looked at in vain if one that
 * stands for it comes later, and what has the same sites comes from what is nearer. Elsewhere the
 * oldest goes first, so that the first fault found is the one nearest to the beginning.
 */
export class Frontier {
  /** By distance, then by how much is under way. */
  private readonly stacks: number[][][] = [];
  private readonly queued: number[] = [];
  private at = 0;
  private nearest = 0;
  private held = 0;

  constructor(private readonly nearestFirst: boolean) {}

  get size(): number {
    return this.held;
  }

  add(row: number, distance: number, letters: number): void {
    this.held += 1;
    if (!this.nearestFirst) {
      this.queued.push(row);
      return;
    }
    const byLetters = (this.stacks[distance] ??= []);
    (byLetters[letters] ??= []).push(row);
    this.nearest = Math.min(this.nearest, distance);
  }

  next(): number | undefined {
    if (this.held === 0) return undefined;
    this.held -= 1;
    if (!this.nearestFirst) {
      const row = this.queued[this.at];
      this.at += 1;
      return row;
    }
    for (;;) {
      const byLetters = this.stacks[this.nearest] ?? [];
      while (byLetters.length > 0 && (byLetters.at(-1)?.length ?? 0) === 0) byLetters.pop();
      const row = byLetters.at(-1)?.pop();
      if (row !== undefined) return row;
      this.nearest += 1;
    }
  }
}
