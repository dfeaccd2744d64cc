import { describe, expect, it } from 'vitest';
import { TransientMap } from './transient-map.js';

describe('a map of what comes and goes', () => {
  it('gives back what was put in until it is taken out', () => {
    const map = new TransientMap<number, string>();
    map.set(1, 'a');
    map.set(2, 'b');
    map.set(1, 'c');
    expect([map.size, map.get(1), map.get(3)]).toEqual([2, 'c', undefined]);
    expect([map.take(1), map.take(1), map.get(1), map.size]).toEqual([
      'c',
      undefined,
      undefined,
      1,
    ]);
    map.clear();
    expect([map.size, map.get(2), [...map.values()]]).toEqual([0, undefined, []]);
  });

  it('goes through its entries in the order of their keys, though some are taken out meanwhile', () => {
    const map = new TransientMap<string, number>();
    for (const [index, key] of ['x', 'y', 'z'].entries()) map.set(key, index);
    const seen: [string, number][] = [];
    for (const entry of map.entries()) {
      seen.push(entry);
      map.take('y');
    }
    expect(seen).toEqual([
      ['x', 0],
      ['z', 2],
    ]);
  });
});
