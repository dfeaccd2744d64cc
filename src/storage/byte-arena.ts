/** Gives memory for so many bytes. */
export type Room = (bytes: number) => Buffer;

const BLOCK_BYTES = 256 * 1024;

/**
 * Memory that is given out piece by piece and used again after `clear`. What is encoded for the
 * disk lives for a moment only; with memory of its own for each piece, garbage outside the heap
 * would make the engine collect all of the heap several times a second.
 */
export class ByteArena {
  private readonly kept: Buffer[] = [];
  private readonly keptLimit: number;
  /** Full ones since `clear`. */
  private ended: Buffer[] = [];
  private current: Buffer | null = null;
  private used = 0;

  /** Keeps up to so many bytes for use after `clear`; what is given beyond is let go. */
  constructor(keptBytes: number) {
    this.keptLimit = Math.ceil(keptBytes / BLOCK_BYTES);
  }

  /** What it gives is valid until `clear`. */
  readonly room: Room = (bytes) => {
    if (this.current === null || this.used + bytes > this.current.length) this.begin(bytes);
    const start = this.used;
    this.used += bytes;
    return this.current!.subarray(start, this.used);
  };

  /** All that was given since `clear`, in that order, in as few pieces as it lies in. */
  pieces(): Buffer[] {
    return this.current === null ? [] : [...this.ended, this.current.subarray(0, this.used)];
  }

  clear(): void {
    this.ended = [];
    this.current = null;
    this.used = 0;
  }

  private begin(bytes: number): void {
    if (this.current !== null) this.ended.push(this.current.subarray(0, this.used));
    this.used = 0;
    const index = this.ended.length;
    const kept = this.kept[index];
    if (kept !== undefined && kept.length >= bytes) {
      this.current = kept;
      return;
    }
    this.current = Buffer.allocUnsafeSlow(Math.max(BLOCK_BYTES, bytes));
    const isPlain = this.current.length === BLOCK_BYTES;
    if (isPlain && index === this.kept.length && index < this.keptLimit) {
      this.kept.push(this.current);
    }
  }
}
