import { expect, it } from 'vitest';
import { RecentSet } from './recent-set.js';

it('remembers as many as it is to, and at most twice as many', () => {
  const recent = new RecentSet<number>(4);
  for (let value = 1; value <= 100; value += 1) {
    expect(recent.has(value)).toBe(false);
    recent.add(value);
    for (let back = 0; back < Math.min(4, value); back += 1) {
      expect(recent.has(value - back)).toBe(true);
    }
    expect(recent.has(value - 8)).toBe(false);
  }
});
