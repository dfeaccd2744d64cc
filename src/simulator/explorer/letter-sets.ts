/** Sets of letters, each with a number; the same set has the same number, the empty one 0. */
export class LetterSets {
  private readonly sets: Uint16Array[] = [];
  private readonly numbers = new Map<string, number>();

  constructor() {
    this.numberOf([]);
  }

  get count(): number {
    return this.sets.length;
  }

  /** `letters` in ascending order, none twice. */
  numberOf(letters: readonly number[]): number {
    const name = String.fromCharCode(...letters);
    const known = this.numbers.get(name);
    if (known !== undefined) return known;
    this.numbers.set(name, this.sets.length);
    return this.sets.push(Uint16Array.from(letters)) - 1;
  }

  at(set: number): Uint16Array {
    const letters = this.sets[set];
    if (letters === undefined) throw new Error(`no such set of letters: ${set}`);
    return letters;
  }

  /** Whether all of `other` is in `held`. */
  contains(held: number, other: number): boolean {
    if (held === other) return true;
    const [more, fewer] = [this.at(held), this.at(other)];
    if (fewer.length >= more.length) return false;
    let at = 0;
    for (const letter of fewer) {
      while ((more[at] ?? Infinity) < letter) at += 1;
      if (more[at] !== letter) return false;
      at += 1;
    }
    return true;
  }
}
