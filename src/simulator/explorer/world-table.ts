/**
 * A growing set of rows of whole numbers, each with its own number: the order in which it came.
 * Open addressing over typed arrays, because a set of texts would need ten times the memory.
 */
export class WorldTable {
  private rows: Int32Array;
  private slots: Int32Array;
  private used = 0;

  constructor(
    private readonly width: number,
    /** The first so many columns tell rows apart; the rest is carried along. */
    private readonly keyWidth: number,
  ) {
    this.rows = new Int32Array(width * 1024);
    this.slots = new Int32Array(4096).fill(-1);
  }

  get count(): number {
    return this.used;
  }

  at(row: number, column: number): number {
    return this.rows[row * this.width + column] ?? 0;
  }

  /** True if the row was not in the table. */
  add(row: readonly number[]): boolean {
    let slot = this.hash(row) & (this.slots.length - 1);
    for (let held = this.slots[slot] ?? -1; held >= 0; held = this.slots[slot] ?? -1) {
      if (this.equals(held, row)) return false;
      slot = (slot + 1) & (this.slots.length - 1);
    }
    if ((this.used + 1) * this.width > this.rows.length) this.growRows();
    this.rows.set(row, this.used * this.width);
    this.slots[slot] = this.used;
    this.used += 1;
    if (this.used * 2 > this.slots.length) this.growSlots();
    return true;
  }

  private equals(held: number, row: readonly number[]): boolean {
    const offset = held * this.width;
    for (let column = 0; column < this.keyWidth; column += 1) {
      if (this.rows[offset + column] !== row[column]) return false;
    }
    return true;
  }

  private hash(row: ArrayLike<number>): number {
    let hash = 0x811c9dc5;
    for (let column = 0; column < this.keyWidth; column += 1) {
      hash = Math.imul(hash ^ (row[column] ?? 0), 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    return hash >>> 0;
  }

  private growRows(): void {
    const rows = new Int32Array(this.rows.length * 2);
    rows.set(this.rows);
    this.rows = rows;
  }

  private growSlots(): void {
    const slots = new Int32Array(this.slots.length * 2).fill(-1);
    for (let row = 0; row < this.used; row += 1) {
      const offset = row * this.width;
      let slot = this.hash(this.rows.subarray(offset, offset + this.width)) & (slots.length - 1);
      while ((slots[slot] ?? -1) >= 0) slot = (slot + 1) & (slots.length - 1);
      slots[slot] = row;
    }
    this.slots = slots;
  }
}
