import { Blake3Hasher, blake3 } from '@napi-rs/blake-hash';

/** The same memory, as the library wants it. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** BLAKE3 of the bytes, as 64 lower-case hex digits: the name of a chunk, the etag of a file. */
export function contentHash(bytes: Uint8Array): string {
  return blake3(asBuffer(bytes)).toString('hex');
}

/** The same over content that comes piece by piece. */
export class ContentHasher {
  private readonly hasher = new Blake3Hasher();

  update(bytes: Uint8Array): void {
    this.hasher.update(asBuffer(bytes));
  }

  digest(): string {
    return this.hasher.digest('hex');
  }
}
