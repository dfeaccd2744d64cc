import type { BufferPool } from './buffer-pool.js';
import { HEADER_BYTES } from './frame.js';

const EMPTY = Buffer.alloc(0);

/** Cuts a stream of bytes into frames. Holds at most one frame of at most `limitBytes`. */
export class FrameReader {
  private readonly header = Buffer.alloc(HEADER_BYTES);
  private headerFilled = 0;
  private payload: Buffer | null = null;
  private payloadFilled = 0;
  private stopped = false;

  /** `onFrame` gets a view that may lie in a read buffer; frames over the limit are never begun. */
  constructor(
    private readonly limitBytes: number,
    private readonly onFrame: (type: number, payload: Buffer) => void,
    /** Gives the memory of frames that come in pieces. */
    private readonly pool: BufferPool | null = null,
  ) {}

  /** Delivers no further frame, also of the bytes being read now. */
  stop(): void {
    this.stopped = true;
    this.payload = null;
  }

  /** Returns null, or what is wrong with the bytes; the stream is of no use from then on. */
  push(bytes: Buffer): string | null {
    let offset = 0;
    while (!this.stopped) {
      if (
        this.payload === null &&
        this.headerFilled === 0 &&
        bytes.length - offset >= HEADER_BYTES
      ) {
        const size = bytes.readUInt32BE(offset);
        if (size > this.limitBytes) return this.tooLong(size);
        const end = offset + HEADER_BYTES + size;
        if (end <= bytes.length) {
          const type = bytes[offset + 4] as number;
          this.onFrame(type, bytes.subarray(offset + HEADER_BYTES, end));
          offset = end;
          continue;
        }
      }
      if (offset === bytes.length) return null;
      const used = this.pushPart(bytes, offset);
      if (typeof used === 'string') return used;
      offset += used;
    }
    return null;
  }

  /** Takes what belongs to the frame that arrives in pieces; returns the bytes taken. */
  private pushPart(bytes: Buffer, offset: number): number | string {
    if (this.payload === null) {
      const taken = bytes.copy(this.header, this.headerFilled, offset);
      this.headerFilled += taken;
      if (this.headerFilled < HEADER_BYTES) return taken;
      const size = this.header.readUInt32BE(0);
      if (size > this.limitBytes) return this.tooLong(size);
      this.payload = size === 0 ? EMPTY : (this.pool?.take(size) ?? Buffer.allocUnsafe(size));
      this.payloadFilled = 0;
      if (size === 0) this.emit();
      return taken;
    }
    const taken = bytes.copy(this.payload, this.payloadFilled, offset);
    this.payloadFilled += taken;
    if (this.payloadFilled === this.payload.length) this.emit();
    return taken;
  }

  private emit(): void {
    const payload = this.payload ?? EMPTY;
    this.payload = null;
    this.headerFilled = 0;
    this.onFrame(this.header[4] as number, payload);
  }

  private tooLong(size: number): string {
    this.stop();
    return `a frame of ${size} bytes is over the limit of ${this.limitBytes}`;
  }
}
