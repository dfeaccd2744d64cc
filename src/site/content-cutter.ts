import { CHUNK_COUNT_LIMIT, CHUNK_LIMIT_BYTES } from '../protocol/file-version.js';

/** Cuts a stream of bytes into chunks. */
export interface ContentCutter {
  /** Takes the next bytes and gives the chunks that are complete with them, in order. */
  push(bytes: Uint8Array): Uint8Array[];
  /** What is left, at the end; null when nothing is. */
  end(): Uint8Array | null;
}

const MEBIBYTE = 1024 * 1024;
const SMALL_CHUNK_BYTES = MEBIBYTE;
/** From here on chunks are large, so that their number stays within its limit. */
const SMALL_CHUNKS_UP_TO_BYTES = 1024 * MEBIBYTE;

const SMALL_CHUNKS = SMALL_CHUNKS_UP_TO_BYTES / SMALL_CHUNK_BYTES;
/** The longest content that fixed cuts can hold. */
export const FIXED_CUT_LIMIT_BYTES =
  SMALL_CHUNKS_UP_TO_BYTES + (CHUNK_COUNT_LIMIT - SMALL_CHUNKS) * CHUNK_LIMIT_BYTES;

/** Cuts at fixed places: each 1 MiB of the first GiB, each 8 MiB after that. */
export class FixedCutter implements ContentCutter {
  private parts: Uint8Array[] = [];
  private heldBytes = 0;
  private cutBytes = 0;

  push(bytes: Uint8Array): Uint8Array[] {
    const chunks: Uint8Array[] = [];
    let rest = bytes;
    while (rest.length > 0) {
      const needed = this.nextChunkBytes() - this.heldBytes;
      const part = rest.subarray(0, needed);
      rest = rest.subarray(part.length);
      this.parts.push(part);
      this.heldBytes += part.length;
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

  private take(): Uint8Array {
    const chunk = joined(this.parts, this.heldBytes);
    this.cutBytes += this.heldBytes;
    this.parts = [];
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
