/** A list that keeps its newest entries, at most so many of them, and counts the others. */
export class Newest<T> {
  private kept: T[] = [];
  private dropped = 0;

  constructor(private readonly limit: number) {}

  push(value: T): void {
    this.kept.push(value);
    // Seldom and many at once: each is then moved about once.
    if (this.kept.length >= 2 * this.limit) this.trim();
  }

  get last(): T | undefined {
    return this.kept.at(-1);
  }

  /** The newest ones, and how many are not among them. */
  take(): { readonly list: readonly T[]; readonly leftOut: number } {
    this.trim();
    return { list: this.kept, leftOut: this.dropped };
  }

  private trim(): void {
    const over = Math.max(0, this.kept.length - this.limit);
    this.kept.splice(0, over);
    this.dropped += over;
  }
}
