import { describe, expect, it } from 'vitest';
import type { ChunkedContent } from '../protocol/file-version.js';
import type { SiteRecord } from '../protocol/ports.js';
import { NodeClock } from './clock.js';
import { EventQueue } from './event-queue.js';
import { Random } from './random.js';
import { SimContent, SimContentWorld } from './sim-content.js';
import { type CoordinatorOptions, DEFAULT_COORDINATOR, SimCoordinator } from './sim-coordinator.js';

const record = (starts: number): SiteRecord => ({ site: 'nyc', incarnation: 1, starts });

function world(changes: Partial<CoordinatorOptions> = {}) {
  const queue = new EventQueue();
  const center = new SimCoordinator(queue, { ...DEFAULT_COORDINATOR, ...changes });
  const connect = (site: string) => center.connect(site, new NodeClock(queue), new Random(site));
  return { queue, center, connect };
}

describe('the simulated coordinator', () => {
  it('swaps at the right revision only', () => {
    const { queue, connect } = world();
    const port = connect('nyc');
    const answers: unknown[] = [];
    port.read('site/nyc', (current) => answers.push(current));
    queue.runUntil(500);
    port.swap('site/nyc', 0, record(1), (result) => answers.push(result));
    queue.runUntil(1_000);
    port.swap('site/nyc', 0, record(2), (result) => answers.push(result));
    queue.runUntil(5_000);
    expect(answers).toEqual([
      { value: null, revision: 0 },
      { outcome: 'swapped', revision: 1 },
      { outcome: 'conflict', current: { value: record(1), revision: 1 } },
    ]);
  });

  it('answers unknown, though applied, when the answer is lost; and later, when it is late', () => {
    for (const kind of ['lostAnswerChance', 'lateRequestChance'] as const) {
      const { queue, center, connect } = world({ [kind]: 1 });
      const answers: unknown[] = [];
      connect('nyc').swap('site/nyc', 0, record(1), (result) => answers.push(result));
      queue.runUntil(DEFAULT_COORDINATOR.deadlineMs);
      expect(answers).toEqual([{ outcome: 'unknown' }]);
      queue.runUntil(10_000);
      expect(center.current('site/nyc').value).toEqual(record(1));
      expect(answers).toHaveLength(1);
    }
  });

  it('cannot be reached from a site that is cut off', () => {
    const { queue, center, connect } = world();
    const answers: unknown[] = [];
    center.setReachable('nyc', false);
    connect('nyc').swap('site/nyc', 0, record(1), (result) => answers.push(result));
    connect('nyc').read('site/nyc', (current) => answers.push(current));
    connect('tor').read('site/nyc', (current) => answers.push(current?.revision));
    queue.runUntil(10_000);
    expect(answers).toEqual([0, { outcome: 'unknown' }, null]);
  });

  it('tells watchers the present state, then changes, coalesced, and again after a break', () => {
    const { queue, center, connect } = world({ watchDelayMs: 100 });
    center.swapNow('site/nyc', 0, record(1));
    const seen: number[] = [];
    const watch = connect('tor').watch('site/', (_, current) => seen.push(current.revision));
    queue.runUntil(5_000);
    for (let revision = 1; revision < 20; revision += 1) {
      center.swapNow('site/nyc', revision, record(revision));
    }
    queue.runUntil(10_000);
    expect(seen).toEqual([1, 20]);
    center.setReachable('tor', false);
    center.swapNow('site/nyc', 20, record(21));
    queue.runUntil(20_000);
    expect(seen).toEqual([1, 20]);
    center.setReachable('tor', true);
    queue.runUntil(30_000);
    expect(seen).toEqual([1, 20, 21]);
    watch.cancel();
    center.swapNow('site/nyc', 21, record(22));
    queue.runUntil(40_000);
    expect(seen).toEqual([1, 20, 21]);
  });
});

describe('the simulated content', () => {
  const content: ChunkedContent = {
    kind: 'chunked',
    size: 2,
    etag: 'e',
    chunks: [
      { hash: 'h1', size: 1 },
      { hash: 'h2', size: 1 },
    ],
  };

  it('is complete once a reachable site had every chunk', () => {
    const queue = new EventQueue();
    let isReachable = false;
    const shared = new SimContentWorld(() => isReachable);
    const nyc = new SimContent('nyc', shared, new NodeClock(queue), new Random(1));
    const tor = new SimContent('tor', shared, new NodeClock(queue), new Random(2));
    nyc.add(['h1', 'h2']);
    const done: string[] = [];
    nyc.ensure(content, [], () => done.push('nyc'));
    expect(done).toEqual([]);
    tor.ensure(content, ['nyc'], () => done.push('tor'));
    tor.ensure(content, ['nyc'], () => done.push('cancelled')).cancel();
    queue.runUntil(5_000);
    expect(done).toEqual(['nyc']);
    isReachable = true;
    queue.runUntil(10_000);
    expect(done).toEqual(['nyc', 'tor']);
    expect(tor.has(content)).toBe(true);
  });
});
