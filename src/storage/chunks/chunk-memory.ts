/** As much of it as is used here; the bare language does not name it. */
declare const WebAssembly: {
  readonly Memory: new (size: {
    initial: number;
    maximum: number;
    shared: boolean;
  }) => {
    readonly buffer: ArrayBufferLike;
  };
};

const PAGE_BYTES = 4096;
const WASM_PAGE_BYTES = 64 * 1024;

interface Span {
  readonly start: number;
  readonly bytes: number;
}

const memories = new WeakSet<ArrayBufferLike>();

/**
 * The bytes padded to whole pages, where they begin at a page of a ChunkMemory: what a disk takes
 * directly. Null elsewhere. What is behind the bytes is whatever was there.
 */
export function wholePages(bytes: Uint8Array): Buffer | null {
  const { buffer, byteOffset, length } = bytes;
  if (!memories.has(buffer) || byteOffset % PAGE_BYTES !== 0) return null;
  return Buffer.from(buffer, byteOffset, padded(length));
}

/**
 * Memory for chunks on their way: of a fixed amount, lent out in pieces that begin at a page. It is used again at once, lowest places first, so what was never needed is never
 * resident. (Memory of WebAssembly, because no other is certain to begin at a page.)
 */
export class ChunkMemory {
  private readonly memory: ArrayBufferLike;
  /** In the order of their places, no two adjacent. */
  private free: Span[];
  private readonly lent = new Map<number, number>();
  private readonly waiting: { readonly bytes: number; readonly go: (room: Buffer) => void }[] = [];

  /** Copying into memory that is shared with threads takes several times as long. */
  constructor(totalBytes: number, shared = false) {
    const pages = Math.ceil(totalBytes / WASM_PAGE_BYTES);
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared }).buffer;
    memories.add(this.memory);
    this.free = [{ start: 0, bytes: pages * WASM_PAGE_BYTES }];
  }

  /** Waits, in the order of asking, until there is as much in one piece. At most all there is. */
  take(bytes: number): Promise<Buffer> {
    const room = this.waiting.length === 0 ? this.find(bytes) : null;
    if (room !== null) return Promise.resolve(room);
    if (bytes > this.memory.byteLength) throw new RangeError(`${bytes} bytes are never free`);
    return new Promise((go) => this.waiting.push({ bytes, go }));
  }

  /** Null where it would have to wait. */
  takeNow(bytes: number): Buffer | null {
    return this.waiting.length === 0 ? this.find(bytes) : null;
  }

  /** Nobody reads or writes the piece any more; a part of it that keeps its beginning will do. */
  give(room: Uint8Array): void {
    const bytes = this.lent.get(room.byteOffset);
    if (room.buffer !== this.memory || bytes === undefined) return;
    this.lent.delete(room.byteOffset);
    this.release({ start: room.byteOffset, bytes });
    for (let next = this.waiting[0]; next !== undefined; next = this.waiting[0]) {
      const found = this.find(next.bytes);
      if (found === null) return;
      this.waiting.shift();
      next.go(found);
    }
  }

  private find(bytes: number): Buffer | null {
    const needed = padded(bytes);
    const index = this.free.findIndex((span) => span.bytes >= needed);
    const span = this.free[index];
    if (span === undefined) return null;
    const rest = { start: span.start + needed, bytes: span.bytes - needed };
    this.free.splice(index, 1, ...(rest.bytes > 0 ? [rest] : []));
    this.lent.set(span.start, needed);
    return Buffer.from(this.memory, span.start, bytes);
  }

  private release(span: Span): void {
    const at = this.free.findIndex(({ start }) => start > span.start);
    const index = at === -1 ? this.free.length : at;
    const before = this.free[index - 1];
    const after = this.free[index];
    const joinsBefore = before !== undefined && before.start + before.bytes === span.start;
    const joinsAfter = after !== undefined && span.start + span.bytes === after.start;
    const start = joinsBefore ? before.start : span.start;
    const end = joinsAfter ? after.start + after.bytes : span.start + span.bytes;
    const from = joinsBefore ? index - 1 : index;
    this.free.splice(from, Number(joinsBefore) + Number(joinsAfter), { start, bytes: end - start });
  }
}

function padded(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / PAGE_BYTES)) * PAGE_BYTES;
}
