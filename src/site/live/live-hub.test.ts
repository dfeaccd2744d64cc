import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { ClusterStatus } from '../status-types.js';
import { EventRing } from '../telemetry/event-ring.js';
import { latencyCounts } from '../telemetry/latency-counts.js';
import { MetricRegistry } from '../telemetry/metric-registry.js';
import { LiveFeed } from './live-feed.js';
import type { LiveFrame } from './live-frame.js';
import { LiveHub } from './live-hub.js';

type Handler = (from: string, payload: unknown) => Promise<unknown>;

const handlers = new Map<string, Handler>();
const feeds = new Map<string, LiveFeed>();
const hubs = new Map<string, LiveHub>();
const rings = new Map<string, EventRing>();
let calls = 0;
let cut: string | null = null;

function eventsOf(site: string): EventRing {
  const known = rings.get(site) ?? new EventRing();
  rings.set(site, known);
  return known;
}

function happens(site: string, message: string): void {
  eventsOf(site).add({ atMs: 1, site, kind: 'primary', level: 'info', message });
}

function statusOf(site: string): ClusterStatus {
  const reads = { primary: 0, lease: 0, validated: 0, fetched: 0 };
  return {
    site,
    version: '1',
    clusterId: 'c',
    replicas: 2,
    writeQuorum: 2,
    sites: [],
    shards: [],
    leases: { sessions: 0, reads, waitedWrites: 0, waitedMs: 0, lapsedHolders: 0, evicted: 0 },
    repairs: 0,
    storageFailure: null,
  };
}

function open(site: string, peers: string[]): LiveHub {
  const feed = new LiveFeed(() => Date.now());
  const hub = new LiveHub({
    site,
    run: `${site}-run`,
    peers: () => peers,
    feed,
    status: () => statusOf(site),
    latency: () => latencyCounts(new MetricRegistry()),
    events: (after, limit) => eventsOf(site).after(after, limit),
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
  rings.clear();
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
  expect(frames.some(({ answer }) => answer?.status?.site === 'tor')).toBe(true);
  expect(frames.some(({ site, answer }) => site === 'tor' && answer?.latency != null)).toBe(true);
});

it('tells each event of every site once, and the newest of them to who comes later', async () => {
  const told = (frames: readonly LiveFrame[]): string[] =>
    frames.flatMap(({ answer }) => answer?.events?.map(({ message }) => message) ?? []);
  for (let index = 0; index < 150; index += 1) happens('tor', `before ${index}`);
  const frames: LiveFrame[] = [];
  hubs.get('nyc')?.watch((frame) => frames.push(frame));
  await vi.advanceTimersByTimeAsync(1000);
  happens('tor', 'then');
  happens('nyc', 'here');
  await vi.advanceTimersByTimeAsync(1000);
  expect(told(frames)).toHaveLength(102);
  expect(new Set(told(frames)).size).toBe(102);
  expect(told(frames)).toEqual(expect.arrayContaining(['before 50', 'then', 'here']));
  const later: LiveFrame[] = [];
  hubs.get('nyc')?.watch((frame) => later.push(frame));
  await vi.advanceTimersByTimeAsync(600);
  expect(told(later)).toEqual(expect.arrayContaining(['before 60', 'then', 'here']));
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
