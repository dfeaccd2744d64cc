import { describe, expect, test } from 'vitest';
import { BufferPool } from './buffer-pool.js';

describe('buffers that are used again', () => {
  test('gives memory again that nobody uses any more, and no memory twice', () => {
    const pool = new BufferPool(1000, 2);
    const first = pool.take(1000);
    const second = pool.take(600);
    expect(second.length).toBe(600);
    expect(second.buffer).not.toBe(first.buffer);
    pool.give(first.subarray(10, 20));
    pool.give(first);
    const third = pool.take(900);
    expect(third.buffer).toBe(first.buffer);
    expect(pool.take(900).buffer).not.toBe(first.buffer);
  });

  test('takes back only what it gave, and keeps no more than it may', () => {
    const pool = new BufferPool(1000, 1);
    const foreign = Buffer.allocUnsafeSlow(1000);
    pool.give(foreign);
    expect(pool.take(1000).buffer).not.toBe(foreign.buffer);
    const [a, b] = [pool.take(1000), pool.take(1000)];
    pool.give(a);
    pool.give(b);
    expect(pool.take(1000).buffer).toBe(a.buffer);
    expect(pool.take(1000).buffer).not.toBe(b.buffer);
  });

  test('gives memory of its own for sizes far from that of its buffers', () => {
    const pool = new BufferPool(1000, 1);
    const large = pool.take(1001);
    const small = pool.take(124);
    pool.give(large);
    pool.give(small);
    const taken = pool.take(1000);
    expect([large.buffer, small.buffer]).not.toContain(taken.buffer);
    expect([large.length, small.length, taken.length]).toEqual([1001, 124, 1000]);
  });
});
