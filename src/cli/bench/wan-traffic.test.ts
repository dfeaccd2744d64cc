import { expect, it } from 'vitest';
import { trafficSince } from './wan-traffic.js';

it('tells what time brings from what was asked for', () => {
  const before = { bytes: 100, messages: new Map([['append', 5]]) };
  const after = {
    bytes: 350,
    messages: new Map([
      ['append', 7],
      ['lease', 2],
      ['ask', 3],
    ]),
  };
  expect(trafficSince(before, after)).toEqual({ bytes: 250, timed: 4, others: 3, kinds: '3 ask' });
});
