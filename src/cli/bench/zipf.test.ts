import { expect, it } from 'vitest';
import { Zipf } from './zipf.js';

it('draws the nth with a chance that goes with 1 / n, and all that there are', () => {
  const drawn = new Map<number, number>();
  const draws = 100_000;
  let at = 0;
  const zipf = new Zipf(4, () => at++ / draws); // every part of the range once
  for (let draw = 0; draw < draws; draw += 1) {
    const index = zipf.next();
    drawn.set(index, (drawn.get(index) ?? 0) + 1);
  }
  const whole = 1 + 1 / 2 + 1 / 3 + 1 / 4;
  expect([...drawn.keys()]).toEqual([0, 1, 2, 3]);
  for (const [index, count] of drawn) {
    expect(count / draws).toBeCloseTo(1 / (index + 1) / whole, 3);
  }
});
