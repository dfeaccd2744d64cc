import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { LiveFeed } from './live-feed.js';
import type { LiveFrame } from './live-frame.js';
import { LiveHub } from './live-hub.js';

type Handler = (from: string, payload: unknown) => Promise<unknown>;

const handlers = new Map<string, Handler>();
const feeds = new Map<string, LiveFeed>();
const hubs = new Map<string, LiveHub>();
let calls = 0;
let cut: string | null = null;

function open(site: string, peers: string[]): LiveHub {
  const feed = new LiveFeed(() => Date.now());
  const hub = new LiveHub({
    site,
    run: `${site}-run`,
    peers: () => peers,
    feed,
    status: () => ({ site }),
    network: {
      handle: (_method, handler) => handlers.set(site, handler as Handler),
      call: async (to, _method, payload) => {
        calls += 1;
        const unreachable = { ok: false, reason: 'unreachable', message: '', sent: false } as const;
        if (cut === to) return unreachable;
        return { ok: true, value: await handlers.get(to)?.(site, payload) };
      },
    },
  });
  feeds.set(site, feed);
  hubs.set(site, hub);
  return hub;
}

beforeEach(() => {
  vi.useFakeTimers();
  calls = 0;
  cut = null;
  open('tor', ['nyc']);
  open('nyc', ['tor']);
});

afterEach(() => {
  for (const hub of hubs.values()) hub.close();
  vi.useRealTimers();
});

it('brings what all sites send to who looks on at one of them', async () => {
  const frames: LiveFrame[] = [];
  hubs.get('nyc')?.watch((frame) => frames.push(frame));
  await vi.advanceTimersByTimeAsync(300);
  const message = { kind: 'ask-end', id: 1, run: 'r', shard: 'nyc' } as const;
  feeds.get('tor')?.note('nyc', message);
  await vi.advanceTimersByTimeAsync(600);
  const told = frames.flatMap(({ site, answer }) => (site === 'tor' ? (answer?.ticks ?? []) : []));
  expect(told.flatMap(({ marks }) => marks)).toMatchObject([{ to: 'nyc', kind: 'read' }]);
  expect(told.map(({ seq }) => seq)).toEqual([...new Set(told.map(({ seq }) => seq))]);
  expect(frames.some(({ answer }) => (answer?.status as { site?: string })?.site === 'tor')).toBe(
    true,
  );
});

it('says of a site that does not answer that it does not', async () => {
  cut = 'tor';
  const frames: LiveFrame[] = [];
  hubs.get('nyc')?.watch((frame) => frames.push(frame));
  await vi.advanceTimersByTimeAsync(10);
  expect(frames.find(({ site }) => site === 'tor')).toEqual({ site: 'tor', answer: null });
});

it('asks nobody once everybody has left', async () => {
  const leave = hubs.get('nyc')?.watch(() => undefined);
  await vi.advanceTimersByTimeAsync(1000);
  leave?.();
  await vi.advanceTimersByTimeAsync(10_000);
  const before = calls;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(calls).toBe(before);
  expect(vi.getTimerCount()).toBe(0);
});

it('takes a limited number of lookers-on', () => {
  const hub = hubs.get('nyc');
  const taken = Array.from({ length: 33 }, () => hub?.watch(() => undefined));
  expect(taken.filter((leave) => leave === null)).toHaveLength(1);
});
