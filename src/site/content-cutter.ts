import { CHUNK_COUNT_LIMIT, CHUNK_LIMIT_BYTES } from '../protocol/file-version.js';

/** Cuts a stream of bytes into chunks. */
export interface ContentCutter {
  /** Takes the next bytes and gives the chunks that are complete with them, in order. */
  push(bytes: Uint8Array): Uint8Array[];
  /** What is left, at the end; null when nothing is. */
  end(): Uint8Array | null;
}

const MEBIBYTE = 1024 * 1024;
export const SMALL_CHUNK_BYTES = MEBIBYTE;
/** Longer content is gathered in the memory of a chunk. */
const PARTS_LIMIT_BYTES = 128 * 1024;
/** From here on chunks are large, so that their number stays within its limit. */
const SMALL_CHUNKS_UP_TO_BYTES = 1024 * MEBIBYTE;

const SMALL_CHUNKS = SMALL_CHUNKS_UP_TO_BYTES / SMALL_CHUNK_BYTES;
/** The longest content that fixed cuts can hold. */
export const FIXED_CUT_LIMIT_BYTES =
  SMALL_CHUNKS_UP_TO_BYTES + (CHUNK_COUNT_LIMIT - SMALL_CHUNKS) * CHUNK_LIMIT_BYTES;

/** Cuts at fixed places: each 1 MiB of the first GiB, each 8 MiB after that. */
export class FixedCutter implements ContentCutter {
  /** The beginning of a chunk, as long as it may yet be all there is. */
  private parts: Uint8Array[] = [];
  private chunk: Buffer | null = null;
  private heldBytes = 0;
  private cutBytes = 0;

  /** `room` gives the memory of chunks; short content does without. */
  constructor(private readonly room: (bytes: number) => Buffer = Buffer.allocUnsafe) {}

  push(bytes: Uint8Array): Uint8Array[] {
    const chunks: Uint8Array[] = [];
    let rest = bytes;
    while (rest.length > 0) {
      const needed = this.nextChunkBytes() - this.heldBytes;
      const part = rest.subarray(0, needed);
      rest = rest.subarray(part.length);
      this.hold(part);
      if (part.length === needed) chunks.push(this.take());
    }
    return chunks;
  }

  end(): Uint8Array | null {
    return this.heldBytes === 0 ? null : this.take();
  }

  private nextChunkBytes(): number {
    return this.cutBytes < SMALL_CHUNKS_UP_TO_BYTES ? SMALL_CHUNK_BYTES : CHUNK_LIMIT_BYTES;
  }

  private hold(part: Uint8Array): void {
    if (this.chunk === null && this.heldBytes + part.length > PARTS_LIMIT_BYTES) {
      this.chunk = this.room(this.nextChunkBytes());
      let at = 0;
      for (const earlier of this.parts) {
        this.chunk.set(earlier, at);
        at += earlier.length;
      }
      this.parts = [];
    }
    if (this.chunk === null) this.parts.push(part);
    else this.chunk.set(part, this.heldBytes);
    this.heldBytes += part.length;
  }

  private take(): Uint8Array {
    const chunk = this.chunk?.subarray(0, this.heldBytes) ?? joined(this.parts, this.heldBytes);
    this.cutBytes += this.heldBytes;
    this.parts = [];
    this.chunk = null;
    this.heldBytes = 0;
    return chunk;
  }
}

/** One part is used as it is where it is most of the memory that it lies in. */
function joined(parts: readonly Uint8Array[], bytes: number): Uint8Array {
  const [only] = parts;
  const isWhole = parts.length === 1 && only !== undefined;
  return isWhole && 2 * bytes >= only.buffer.byteLength ? only : Buffer.concat(parts, bytes);
}
