import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { SiteMessage } from '../../protocol/node/messages.js';
import { LiveFeed } from './live-feed.js';

const ask: SiteMessage = {
  kind: 'ask',
  id: 1,
  run: 'r',
  shard: 'nyc',
  name: 'docs/a',
  held: null,
  keep: true,
};

let feed: LiveFeed;

beforeEach(() => {
  vi.useFakeTimers();
  feed = new LiveFeed(() => Date.now());
});

afterEach(() => {
  feed.close();
  vi.useRealTimers();
});

it('keeps nothing while nobody looks', () => {
  feed.note('tor', ask);
  expect(feed.read(0)).toEqual([]);
  vi.advanceTimersByTime(250);
  expect(feed.read(0)).toMatchObject([{ seq: 1, counts: [], marks: [] }]);
});

it('counts all messages and shows some', () => {
  feed.read(0);
  vi.advanceTimersByTime(40);
  for (let sent = 0; sent < 1000; sent += 1) feed.note('tor', ask);
  vi.advanceTimersByTime(210);
  const [tick] = feed.read(0);
  expect(tick?.counts).toEqual([{ to: 'tor', kind: 'read', count: 1000 }]);
  expect(tick?.marks).toHaveLength(6);
  expect(tick?.marks[0]).toEqual({ to: 'tor', kind: 'read', shard: 'nyc', atMs: 40 });
});

it('tells each tick once to who remembers the last', () => {
  feed.read(0);
  vi.advanceTimersByTime(750);
  expect(feed.read(2).map(({ seq }) => seq)).toEqual([3]);
});

it('rests some seconds after the last question, and holds a bounded number of ticks', () => {
  feed.read(0);
  vi.advanceTimersByTime(2900);
  expect(feed.read(0).length).toBeLessThanOrEqual(12);
  vi.advanceTimersByTime(60_000);
  expect(vi.getTimerCount()).toBe(0);
});
