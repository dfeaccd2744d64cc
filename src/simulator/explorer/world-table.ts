/** A state of everything, by the numbers of its parts, and how it was reached. */
export interface Row {
  readonly sites: readonly [number, number, number];
  readonly history: number;
  readonly letters: number;
  readonly parent: number;
  readonly move: number;
  /** Moves on the way by which it was reached. */
  readonly depth: number;
}

const WIDTH = 9;
const [HISTORY, LETTERS, PARENT, MOVE, NEXT, DEPTH] = [3, 4, 5, 6, 7, 8] as const;
const NONE = -1;
const CHUNK_BITS = 16;
const CHUNK_ROWS = 1 << CHUNK_BITS;

/**
 * A growing set of states, each with its own number: the order in which it came. Those with the
 * same sites and the same history hang together in a chain, found by open addressing over typed
 * arrays, because a map of texts would need ten times the memory.
 */
export class WorldTable {
  private readonly chunks: Int32Array[] = [];
  private slots = new Int32Array(1 << 16).fill(NONE);
  private used = 0;
  private chains = 0;
  private left = 0;

  /** `covers`: whether a state with the letters `held` stands for one with the letters `other`. */
  constructor(private readonly covers: (held: number, other: number) => boolean) {}

  /** Rows ever added. */
  get count(): number {
    return this.used;
  }

  /** Rows for which no other stands. */
  get kept(): number {
    return this.used - this.left;
  }

  /** Different sites and histories. */
  get chainCount(): number {
    return this.chains;
  }

  row(row: number): Row {
    const { chunk, offset } = this.locate(row);
    return {
      sites: [chunk[offset] ?? 0, chunk[offset + 1] ?? 0, chunk[offset + 2] ?? 0],
      history: chunk[offset + HISTORY] ?? 0,
      letters: chunk[offset + LETTERS] ?? 0,
      parent: chunk[offset + PARENT] ?? 0,
      move: chunk[offset + MOVE] ?? 0,
      depth: chunk[offset + DEPTH] ?? 0,
    };
  }

  /** Whether a later row stands for this one. */
  isCovered(row: number): boolean {
    const { chunk, offset } = this.locate(row);
    return (chunk[offset + LETTERS] ?? NONE) === NONE;
  }

  /** True if no row in the table stands for it. Rows that it stands for are taken out. */
  add(row: Row): boolean {
    const slot = this.slotOf(row.sites, row.history);
    const head = this.slots[slot] ?? NONE;
    if (head === NONE) this.chains += 1;
    else if (this.isStoodFor(head, row.letters)) return false;
    this.slots[slot] = this.append(row, this.pruned(head, row.letters));
    if (this.chains * 2 > this.slots.length) this.growSlots();
    return true;
  }

  private isStoodFor(head: number, letters: number): boolean {
    for (let held = head; held !== NONE; held = this.column(held, NEXT)) {
      if (this.covers(this.column(held, LETTERS), letters)) return true;
    }
    return false;
  }

  /** The chain without the rows that one with these letters stands for. */
  private pruned(head: number, letters: number): number {
    let first = NONE;
    let last = NONE;
    for (let held = head; held !== NONE; ) {
      const next = this.column(held, NEXT);
      if (this.covers(letters, this.column(held, LETTERS))) {
        this.setColumn(held, LETTERS, NONE);
        this.left += 1;
      } else {
        if (last === NONE) first = held;
        else this.setColumn(last, NEXT, held);
        last = held;
      }
      held = next;
    }
    if (last !== NONE) this.setColumn(last, NEXT, NONE);
    return first;
  }

  private append(row: Row, next: number): number {
    const number = this.used;
    if ((number & (CHUNK_ROWS - 1)) === 0) this.chunks.push(new Int32Array(CHUNK_ROWS * WIDTH));
    this.used += 1;
    const { chunk, offset } = this.locate(number);
    const { sites, history, letters, parent, move, depth } = row;
    chunk.set([...sites, history, letters, parent, move, next, depth], offset);
    return number;
  }

  private locate(row: number): { readonly chunk: Int32Array; readonly offset: number } {
    const chunk = this.chunks[row >>> CHUNK_BITS];
    if (chunk === undefined) throw new Error(`no such row: ${row}`);
    return { chunk, offset: (row & (CHUNK_ROWS - 1)) * WIDTH };
  }

  private column(row: number, column: number): number {
    const { chunk, offset } = this.locate(row);
    return chunk[offset + column] ?? NONE;
  }

  private setColumn(row: number, column: number, value: number): void {
    const { chunk, offset } = this.locate(row);
    chunk[offset + column] = value;
  }

  private slotOf([a, b, c]: Row['sites'], history: number): number {
    const mask = this.slots.length - 1;
    let slot = hashOf(a, b, c, history) & mask;
    for (let head = this.slots[slot] ?? NONE; head !== NONE; head = this.slots[slot] ?? NONE) {
      const { chunk, offset } = this.locate(head);
      const isSame =
        chunk[offset] === a &&
        chunk[offset + 1] === b &&
        chunk[offset + 2] === c &&
        chunk[offset + HISTORY] === history;
      if (isSame) return slot;
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  private growSlots(): void {
    const heads = this.slots.filter((head) => head !== NONE);
    this.slots = new Int32Array(this.slots.length * 2).fill(NONE);
    for (const head of heads) {
      const { sites, history } = this.row(head);
      this.slots[this.slotOf(sites, history)] = head;
    }
  }
}

export function hashOf(a: number, b: number, c: number, d: number): number {
  let hash = Math.imul(a ^ 0x811c9dc5, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 15) ^ b, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13) ^ c, 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 16) ^ d, 0x27d4eb2f);
  return (hash ^ (hash >>> 15)) >>> 0;
}
