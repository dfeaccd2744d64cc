import { describe, expect, it } from 'vitest';
import { contentHash } from '../storage/content-hash.js';
import { type ChunkSizes, findCut, sizesAt } from './content-cutter.js';

/** As the real sizes, a thousand times smaller. */
const SMALL: ChunkSizes = {
  leastBytes: 256,
  targetBytes: 1024,
  mostBytes: 2048,
  strictZeros: 12,
  looseZeros: 8,
};

function bytesOf(size: number, key = 1): Uint8Array {
  let state = key;
  return Uint8Array.from({ length: size }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state & 255;
  });
}

function cutsOf(bytes: Uint8Array, stepBytes = bytes.length, sizes = SMALL): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let start = 0;
  while (start < bytes.length) {
    let cut = 0;
    for (let tried = 0; cut === 0 && start + tried < bytes.length; ) {
      const upTo = Math.min(tried + stepBytes, bytes.length - start);
      cut = findCut(bytes.subarray(start, start + upTo), tried, sizes);
      tried = upTo;
    }
    const length = cut === 0 ? bytes.length - start : cut;
    chunks.push(bytes.subarray(start, start + length));
    start += length;
  }
  return chunks;
}

describe('where content is cut', () => {
  it('is the same whatever steps it comes in', () => {
    const bytes = bytesOf(50_000);
    const lengths = cutsOf(bytes).map(({ length }) => length);
    for (const stepBytes of [1, 31, 32, 33, 100, 256, 1000, 2048, 5000]) {
      expect(cutsOf(bytes, stepBytes).map(({ length }) => length)).toEqual(lengths);
    }
  });

  it('keeps every chunk but the last within its sizes, and most of them near the target', () => {
    const lengths = cutsOf(bytesOf(400_000)).map(({ length }) => length);
    lengths.pop();
    expect(Math.min(...lengths)).toBeGreaterThanOrEqual(SMALL.leastBytes);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(SMALL.mostBytes);
    const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
    expect(mean).toBeGreaterThan(0.9 * SMALL.targetBytes);
    expect(mean).toBeLessThan(1.3 * SMALL.targetBytes);
    const forced = lengths.filter((length) => length === SMALL.mostBytes).length;
    expect(forced / lengths.length).toBeLessThan(0.05);
  });

  it('falls between the same bytes again soon after something was inserted or removed', () => {
    const bytes = bytesOf(200_000);
    const known = new Set(cutsOf(bytes).map(contentHash));
    for (let at = 1000; at < bytes.length; at += 9973) {
      const changed = [
        Buffer.concat([bytes.subarray(0, at), Buffer.of(77), bytes.subarray(at)]),
        Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]),
      ];
      for (const edited of changed) {
        const fresh = cutsOf(edited).filter((chunk) => !known.has(contentHash(chunk)));
        expect(fresh.length).toBeLessThanOrEqual(4);
      }
    }
  });

  it('is at the largest length where the bytes have no pattern to cut at', () => {
    const lengths = cutsOf(new Uint8Array(5000)).map(({ length }) => length);
    expect(lengths).toEqual([2048, 2048, 904]);
  });

  // Other places would cost nobody their content, but share no chunks with what is stored.
  it('stays as version 1 of the format has it', () => {
    const lengths = cutsOf(bytesOf(8_000_000), 65_536, sizesAt(0)).map(({ length }) => length);
    expect(lengths).toEqual(NEAR_LENGTHS);
    expect(sizesAt(0).mostBytes).toBe(2 ** 21);
    expect(sizesAt(2 ** 32).mostBytes).toBe(2 ** 23);
  });
});

const NEAR_LENGTHS = [653_108, 1_498_294, 1_498_063, 1_415_059, 1_587_931, 1_116_087, 231_458];
