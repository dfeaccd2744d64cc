import { describe, expect, test } from 'vitest';
import { ByteArena } from './byte-arena.js';

const KIBIBYTE = 1024;

describe('memory that is used again', () => {
  test('holds all that was given, in order, in as few pieces as it lies in', () => {
    const arena = new ByteArena(512 * KIBIBYTE);
    const expected: Buffer[] = [];
    for (let index = 0; index < 300; index += 1) {
      const own = arena.room(4 * KIBIBYTE + index);
      own.fill(index);
      expected.push(Buffer.from(own));
    }
    const pieces = arena.pieces();
    expect(pieces.length).toBeLessThan(8);
    expect(Buffer.concat(pieces).equals(Buffer.concat(expected))).toBe(true);
  });

  test('gives the same memory again after it was cleared, and never one piece twice before', () => {
    const arena = new ByteArena(256 * KIBIBYTE);
    const first = arena.room(100);
    const second = arena.room(100);
    first.fill(1);
    second.fill(2);
    expect(first.every((byte) => byte === 1)).toBe(true);
    arena.clear();
    expect(arena.pieces()).toEqual([]);
    const again = arena.room(100);
    expect(again.buffer).toBe(first.buffer);
    expect(again.byteOffset).toBe(first.byteOffset);
  });

  test('gives more than it keeps, and more than a block at once', () => {
    const arena = new ByteArena(256 * KIBIBYTE);
    for (let round = 0; round < 2; round += 1) {
      arena.clear();
      const sizes = [10, 600 * KIBIBYTE, 200 * KIBIBYTE, 200 * KIBIBYTE, 0, 5];
      sizes.forEach((size, index) => arena.room(size).fill(index));
      const all = Buffer.concat(arena.pieces());
      const expected = Buffer.concat(sizes.map((size, index) => Buffer.alloc(size, index)));
      expect(all.equals(expected)).toBe(true);
    }
  });
});
