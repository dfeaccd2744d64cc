import { beforeEach, expect, it } from 'vitest';
import { EarlyRequests } from './early-requests.js';
import type { Timers } from './timers.js';

let nowMs: number;
let wakes: { readonly atMs: number; readonly callback: () => void }[];
let early: EarlyRequests;
let gone: string[];

const timers: Timers = {
  now: () => ({ monoMs: nowMs, wallMs: nowMs }),
  wake: (atMs, callback) => {
    const wake = { atMs, callback };
    wakes.push(wake);
    return { cancel: () => (wakes = wakes.filter((each) => each !== wake)) };
  },
  endOfTurn: () => undefined,
};

function advanceTo(ms: number): void {
  nowMs = ms;
  const due = wakes.filter(({ atMs }) => atMs <= ms);
  wakes = wakes.filter(({ atMs }) => atMs > ms);
  for (const { callback } of due) callback();
}

beforeEach(() => {
  nowMs = 1000;
  wakes = [];
  gone = [];
  early = new EarlyRequests(timers);
});

const hold = (name: string): boolean => early.hold(() => void gone.push(name));

it('lets them go in the order in which they came', () => {
  hold('one');
  hold('two');
  expect(gone).toEqual([]);
  early.release();
  expect(gone).toEqual(['one', 'two']);
  expect(wakes).toEqual([]);
  expect(early.isEmpty).toBe(true);
});

it('lets one go that has waited long enough, and the others when it is time', () => {
  hold('one');
  advanceTo(1100);
  hold('two');
  advanceTo(1249);
  expect(gone).toEqual([]);
  advanceTo(1250);
  expect(gone).toEqual(['one']);
  early.release();
  expect(gone).toEqual(['one', 'two']);
});

it('holds again what comes while others go', () => {
  early.hold(() => void hold('again'));
  early.release();
  expect(gone).toEqual([]);
  early.release();
  expect(gone).toEqual(['again']);
});

it('has room for so many', () => {
  while (hold('held'));
  expect(wakes).toHaveLength(1024);
  early.clear();
  expect(wakes).toEqual([]);
  expect(gone).toEqual([]);
});
