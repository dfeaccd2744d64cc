const FIRST_SLOTS = 1024;
/** Halves of 64 bits for each slot. */
const SLOT_WORDS = 2;

/**
 * A set of hashes by their first 64 bits: 16 to 32 bytes for each, so at most 32 MiB for a million.
 * Of a million others, one in 10^7 such sets takes one hash for marked that is not.
 */
export class HashMarks {
  private words = new Uint32Array(FIRST_SLOTS * SLOT_WORDS);
  private filled = 0;

  get count(): number {
    return this.filled;
  }

  add(hash: string): void {
    const [high, low] = halvesOf(hash);
    if (!this.put(high, low)) return;
    this.filled += 1;
    if (4 * this.filled > this.words.length) this.grow();
  }

  has(hash: string): boolean {
    const [high, low] = halvesOf(hash);
    return this.words[this.slotOf(high, low)] !== 0;
  }

  clear(): void {
    this.words = new Uint32Array(FIRST_SLOTS * SLOT_WORDS);
    this.filled = 0;
  }

  /** False if it was there. */
  private put(high: number, low: number): boolean {
    const slot = this.slotOf(high, low);
    if (this.words[slot] !== 0) return false;
    this.words[slot] = high;
    this.words[slot + 1] = low;
    return true;
  }

  /** Where it is or would be. */
  private slotOf(high: number, low: number): number {
    const { words } = this;
    const last = words.length - SLOT_WORDS;
    let slot = (low * SLOT_WORDS) & last;
    while (words[slot] !== 0 && !(words[slot] === high && words[slot + 1] === low)) {
      slot = slot === last ? 0 : slot + SLOT_WORDS;
    }
    return slot;
  }

  private grow(): void {
    const old = this.words;
    this.words = new Uint32Array(old.length * 2);
    for (let slot = 0; slot < old.length; slot += SLOT_WORDS) {
      const high = old[slot] ?? 0;
      if (high !== 0) this.put(high, old[slot + 1] ?? 0);
    }
  }
}

/** The first half is never 0, which stands for an empty slot. */
function halvesOf(hash: string): [number, number] {
  const high = Number.parseInt(hash.slice(0, 8), 16) >>> 0;
  return [high === 0 ? 1 : high, Number.parseInt(hash.slice(8, 16), 16) >>> 0];
}
