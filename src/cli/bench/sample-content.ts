import { randomFillSync } from 'node:crypto';

const MEBIBYTE = 1024 ** 2;
export const PIECE_BYTES = MEBIBYTE;
/** Every stretch of this length is made different, so that no chunk is like another. */
const STAMP_EVERY_BYTES = 16 * 1024;

const random = randomFillSync(Buffer.alloc(PIECE_BYTES));

/** One piece of a large file without repetitions; the same for the same numbers in this process. */
export function samplePiece(file: number, index: number): Buffer {
  const bytes = Buffer.from(random);
  for (let at = 0; at < PIECE_BYTES; at += STAMP_EVERY_BYTES) {
    bytes.writeUInt32LE(file, at);
    bytes.writeUInt32LE(index, at + 4);
  }
  return bytes;
}

/** The whole of it. */
export async function* sampleFile(file: number, sizeBytes: number): AsyncGenerator<Buffer> {
  for (let index = 0; index < sizeBytes / PIECE_BYTES; index += 1) yield samplePiece(file, index);
}
