/**
 * What has still to be looked at. Where one state may stand for others, those with most under way go
 * first, because a state is looked at in vain if one that stands for it comes later. Elsewhere the
 * oldest goes first, so that the first fault found is the one nearest to the beginning.
 */
export class Frontier {
  private readonly stacks: number[][] = [];
  private readonly queued: number[] = [];
  private at = 0;
  private top = 0;
  private held = 0;

  constructor(private readonly mostFirst: boolean) {}

  get size(): number {
    return this.held;
  }

  add(row: number, letters: number): void {
    this.held += 1;
    if (!this.mostFirst) {
      this.queued.push(row);
      return;
    }
    (this.stacks[letters] ??= []).push(row);
    this.top = Math.max(this.top, letters);
  }

  next(): number | undefined {
    if (this.held === 0) return undefined;
    this.held -= 1;
    if (!this.mostFirst) {
      const row = this.queued[this.at];
      this.at += 1;
      return row;
    }
    while ((this.stacks[this.top]?.length ?? 0) === 0) this.top -= 1;
    return this.stacks[this.top]?.pop();
  }
}
