import { describe, expect, it } from 'vitest';
import { Random } from './random.js';
import { TraceHash } from './trace-hash.js';

describe('random numbers', () => {
  it('are the same for the same seed, and different for others', () => {
    const draw = (seed: number): number[] => {
      const random = new Random(seed);
      return Array.from({ length: 100 }, () => random.word());
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  it('fork by label alone, whatever was drawn before', () => {
    const fresh = new Random(1).fork('disk');
    const used = new Random(1);
    used.word();
    expect(used.fork('disk').word()).toBe(fresh.word());
    expect(new Random(1).fork('disk').word()).not.toBe(new Random(1).fork('net').word());
  });

  it('are spread evenly and stay within their limits', () => {
    const random = new Random('spread');
    const counts = new Array<number>(10).fill(0);
    for (let draw = 0; draw < 100_000; draw += 1) counts[random.int(10)]! += 1;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
    let sum = 0;
    for (let draw = 0; draw < 100_000; draw += 1) sum += random.exponential(5);
    expect(sum / 100_000).toBeCloseTo(5, 0);
    expect(random.chance(0)).toBe(false);
    expect(random.chance(1)).toBe(true);
    expect(random.shuffled([1, 2, 3, 4]).sort()).toEqual([1, 2, 3, 4]);
  });

  it('feed the trace with every draw', () => {
    const first = new TraceHash();
    const second = new TraceHash();
    new Random(3, first).fork('a').word();
    new Random(3, second).fork('a').word();
    expect(first.value()).toBe(second.value());
    new Random(3, second).word();
    expect(first.value()).not.toBe(second.value());
    expect(first.count).toBe(1);
  });
});
