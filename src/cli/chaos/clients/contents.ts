import { randomFillSync } from 'node:crypto';
import type { Random } from '../../../simulator/random.js';

const LARGE_BYTES = [80 * 1024, 600 * 1024] as const;
const SMALL_BYTES = 400;
const BASE_BYTES = LARGE_BYTES[1];

/** Contents of which no two are the same; large ones differ from each other in a place or two. */
export class Contents {
  private readonly base = randomFillSync(Buffer.alloc(BASE_BYTES));

  small(tag: string, random: Random): Uint8Array {
    return Buffer.from(`${tag} `.padEnd(tag.length + 1 + random.int(SMALL_BYTES), '.'));
  }

  large(tag: string, random: Random): Uint8Array {
    const size = Math.round(random.between(...LARGE_BYTES));
    const bytes = Buffer.from(this.base.subarray(0, size));
    bytes.write(tag, random.int(size - tag.length), 'latin1');
    return bytes;
  }
}
