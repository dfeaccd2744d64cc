/**
 * Remembers at least the last `least` values that were added, and at most twice as many. Adding costs
 * the same however many there are: a set whose oldest is deleted each time looks for it among those
 * deleted before.
 */
export class RecentSet<T> {
  private newer = new Set<T>();
  private older = new Set<T>();

  constructor(private readonly least: number) {}

  has(value: T): boolean {
    return this.newer.has(value) || this.older.has(value);
  }

  add(value: T): void {
    this.newer.add(value);
    if (this.newer.size < this.least) return;
    this.older = this.newer;
    this.newer = new Set();
  }
}
