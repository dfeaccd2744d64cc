import { describe, expect, it } from 'vitest';
import { ChunkMemory, wholePages } from './chunk-memory.js';

const PAGE = 4096;
const TOTAL = 16 * PAGE;

describe('memory for chunks', () => {
  it('lends pieces that begin at a page and never overlap', () => {
    const memory = new ChunkMemory(TOTAL);
    const sizes = [1, PAGE, PAGE + 1, 3 * PAGE];
    const pieces = sizes.map((bytes) => memory.takeNow(bytes));
    expect(pieces.map((piece) => piece?.length)).toEqual(sizes);
    expect(pieces.map((piece) => piece?.byteOffset)).toEqual([0, PAGE, 2 * PAGE, 4 * PAGE]);
  });

  it('makes those who find none wait in the order they came', async () => {
    const memory = new ChunkMemory(TOTAL);
    const all = await memory.take(TOTAL);
    const order: string[] = [];
    const large = memory.take(10 * PAGE).then((room) => (order.push('large'), room));
    const small = memory.take(PAGE).then((room) => (order.push('small'), room));
    expect(memory.takeNow(1)).toBeNull();
    memory.give(all);
    expect((await large).byteOffset).toBe(0);
    expect((await small).byteOffset).toBe(10 * PAGE);
    expect(order).toEqual(['large', 'small']);
  });

  it('joins what is given back, in whatever order, to one piece again', () => {
    const memory = new ChunkMemory(TOTAL);
    for (const order of [
      [0, 1, 2, 3],
      [3, 2, 1, 0],
      [1, 3, 0, 2],
    ]) {
      const pieces = [4, 4, 4, 4].map((pages) => memory.takeNow(pages * PAGE));
      expect(memory.takeNow(1)).toBeNull();
      for (const index of order) memory.give(pieces[index] ?? Buffer.alloc(0));
      const whole = memory.takeNow(TOTAL);
      expect(whole?.length).toBe(TOTAL);
      memory.give(whole ?? Buffer.alloc(0));
    }
  });

  it('takes back only what it lent, and only once', () => {
    const memory = new ChunkMemory(TOTAL);
    const first = memory.takeNow(TOTAL) ?? Buffer.alloc(0);
    memory.give(Buffer.alloc(10));
    memory.give(first.subarray(PAGE));
    expect(memory.takeNow(1)).toBeNull();
    memory.give(first.subarray(0, 10));
    memory.give(first);
    expect(memory.takeNow(TOTAL)?.length).toBe(TOTAL);
    expect(() => memory.take(TOTAL + 1)).toThrow(RangeError);
  });

  it('says which bytes a disk can take as whole pages', () => {
    const memory = new ChunkMemory(TOTAL);
    const room = memory.takeNow(2 * PAGE) ?? Buffer.alloc(0);
    expect(wholePages(room.subarray(0, PAGE + 1))?.length).toBe(2 * PAGE);
    expect(wholePages(room.subarray(1, PAGE))).toBeNull();
    expect(wholePages(Buffer.alloc(PAGE))).toBeNull();
  });
});
