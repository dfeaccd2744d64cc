import { expect, it } from 'vitest';
import { CHUNK_COUNT_LIMIT } from '../protocol/file-version.js';
import { encodeFrame, FRAME_TYPES } from '../transport/frame.js';
import { NETWORK_LIMITS } from '../transport/tcp-network.js';
import { findCut, sizesAt } from './content-cutter.js';

const MEBIBYTE = 1024 ** 2;

it('lets the entry of a file with as many chunks as may be travel in one message', () => {
  const chunks = Array.from({ length: CHUNK_COUNT_LIMIT }, (_, index) => ({
    hash: index.toString(16).padStart(64, 'a'),
    size: 8 * MEBIBYTE,
  }));
  const content = { kind: 'chunked', size: 1, etag: 'e'.repeat(64), chunks };
  const frame = encodeFrame(FRAME_TYPES.message, { name: 'b/'.padEnd(1100, 'f'), content });
  expect(frame.length).toBeLessThan(0.9 * NETWORK_LIMITS.controlFrameBytes);
});

it('has room for 10,000 parts of 8 MiB', () => {
  const part = Buffer.alloc(8 * MEBIBYTE);
  const words = new Uint32Array(part.buffer, part.byteOffset, part.length / 4);
  let state = 1;
  const chunksOf = (positionBytes: number): number => {
    for (let at = 0; at < words.length; at += 1) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      words[at] = state;
    }
    let count = 0;
    for (let start = 0; start < part.length; count += 1) {
      const sizes = sizesAt(positionBytes + start);
      start += findCut(part.subarray(start), 0, sizes) || part.length - start;
    }
    return count;
  };
  const meanOf = (positionBytes: number): number => {
    const counts = Array.from({ length: 6 }, () => chunksOf(positionBytes));
    return counts.reduce((sum, count) => sum + count, 0) / counts.length;
  };
  const nearParts = (4 * 1024) / 8;
  const chunks = nearParts * meanOf(0) + (10_000 - nearParts) * meanOf(5 * 1024 * MEBIBYTE);
  expect(chunks).toBeLessThan(CHUNK_COUNT_LIMIT);
});
