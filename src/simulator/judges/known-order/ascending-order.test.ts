import { describe, expect, it } from 'vitest';
import { Random } from '../../random.js';
import { ascendingOrder } from './ascending-order.js';

function naiveOrder(keys: readonly number[]): number[] {
  return [...keys.keys()].sort((a, b) => keys[a]! - keys[b]! || a - b);
}

describe('ascending order', () => {
  it('is that of a naive sort, for keys in order, nearly in order, and in none', () => {
    const random = new Random(1);
    for (const disorder of [0, 3, 40, 100_000]) {
      const keys = Array.from({ length: 3_000 }, (_, index) => index + random.int(disorder + 1));
      expect([...ascendingOrder(keys)], `disorder ${disorder}`).toEqual(naiveOrder(keys));
    }
    const descending = Array.from({ length: 1_000 }, (_, index) => -index);
    expect([...ascendingOrder(descending)]).toEqual(naiveOrder(descending));
  });

  it('keeps equal keys in their order, and has endless ones last', () => {
    expect([...ascendingOrder([2, Infinity, 1, 2, Infinity, 1])]).toEqual([2, 5, 0, 3, 1, 4]);
    expect([...ascendingOrder([])]).toEqual([]);
  });
});
