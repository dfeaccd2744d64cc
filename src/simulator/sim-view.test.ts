import { describe, expect, it } from 'vitest';
import type { LogEntry, Operation } from '../protocol/log-entry.js';
import { NodeClock } from './clock.js';
import { EventQueue } from './event-queue.js';
import { Random } from './random.js';
import { SimSnapshot } from './sim-snapshot.js';
import { SimView } from './sim-view.js';
import { compareUtf8 } from '../protocol/utf8-order.js';

function put(seq: number, name: string, version: number, atMs = seq): LogEntry {
  const bytes = new Uint8Array([seq]);
  const content = { kind: 'inline', size: 1, etag: `e${seq}`, bytes } as const;
  return make(seq, { kind: 'put', name, version, content, metadata: {} }, atMs);
}
function make(seq: number, operation: Operation, atMs = seq): LogEntry {
  return { epoch: 1, seq, atMs, requestId: `r${seq}`, operation };
}
function filled(entries: readonly LogEntry[], batchEntries = 32): SimView {
  const view = new SimView('nyc', new NodeClock(new EventQueue()), { applyMs: 1, batchEntries });
  view.applyNow(entries);
  return view;
}
const ALL = { prefix: '', after: '', limit: 100 };

describe('the simulated view', () => {
  it('shows what was applied only once it calls back', () => {
    const queue = new EventQueue();
    const view = new SimView('nyc', new NodeClock(queue));
    let isDone = false;
    view.apply([put(1, 'b/a', 1)], () => (isDone = true));
    expect(view.head('b/a')).toBeUndefined();
    queue.runUntil(10);
    expect(isDone).toBe(true);
    expect(view.head('b/a')?.version).toBe(1);
    expect(view.position()).toEqual({ epoch: 1, seq: 1 });
  });

  it('lists live files, names and versions', () => {
    const view = filled([
      put(1, 'b/a', 1),
      put(2, 'b/b', 1),
      put(3, 'b/a', 2),
      make(4, { kind: 'delete', name: 'b/b', version: 2 }),
      put(5, 'c/a', 1),
    ]);
    expect(view.list({ ...ALL, prefix: 'b/' }).map(({ name }) => name)).toEqual(['b/a']);
    expect(view.names({ ...ALL, prefix: 'b/' })).toEqual(['b/a', 'b/b']);
    expect(view.names({ ...ALL, after: 'b/a', limit: 1 })).toEqual(['b/b']);
    expect(view.head('b/b')).toMatchObject({ version: 2, deleted: true, content: null });
    expect(view.history('b/a', 3, 10).map(({ version }) => version)).toEqual([2, 1]);
    expect(view.version('b/a', 1)?.seq).toBe(1);
    expect(view.requests(4).map(({ requestId }) => requestId)).toEqual(['r4', 'r5']);
  });

  it('sorts names by their UTF-8 bytes', () => {
    const names = ['b/z', 'b/\u{1F600}', 'b/\uFFFD', 'b/é', 'b/a'];
    const view = filled(names.map((name, index) => put(index + 1, name, 1)));
    const sorted = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(view.names(ALL)).toEqual(sorted);
    expect([...names].sort(compareUtf8)).toEqual(sorted);
  });

  it('drops superseded history, and keeps heads', () => {
    const view = filled([
      put(1, 'b/a', 1, 10),
      put(2, 'b/a', 2, 20),
      put(3, 'b/a', 3, 30),
      put(4, 'b/b', 1, 1),
      make(5, { kind: 'retain', beforeMs: 25 }),
    ]);
    expect(view.history('b/a', 9, 9).map(({ version }) => version)).toEqual([3, 2]);
    expect(view.head('b/b')?.version).toBe(1);
  });

  it('remembers the last thing that happened to a rule', () => {
    const pattern = { kind: 'exact', name: 'b/a' } as const;
    const view = filled([
      make(1, { kind: 'move-in', pattern, tableVersion: 2 }),
      make(2, { kind: 'move-out', pattern, tableVersion: 3, to: 'tor' }),
    ]);
    expect(view.ownership()).toEqual([{ pattern, tableVersion: 3, state: 'out', to: 'tor' }]);
    view.applyNow([make(3, { kind: 'move-back', pattern, tableVersion: 3, to: 'nyc' })]);
    expect(view.ownership()).toMatchObject([{ state: 'back', to: 'nyc' }]);
    view.applyNow([make(4, { kind: 'move-in', pattern, tableVersion: 2 })]);
    expect(view.ownership()).toMatchObject([{ state: 'back' }]);
  });

  it('falls back in a crash to a state it had since its last durable batch', () => {
    const pattern = { kind: 'prefix', prefix: 'b/' } as const;
    const log = [
      put(1, 'b/a', 1),
      put(2, 'b/b', 1),
      make(3, { kind: 'delete', name: 'b/b', version: 2 }),
      make(4, { kind: 'move-out', pattern, tableVersion: 1, to: 'lon' }),
      put(5, 'b/a', 2),
      make(6, { kind: 'retain', beforeMs: 100 }),
      put(7, 'b/c', 1),
    ];
    const found = new Set<number>();
    for (let seed = 0; seed < 60; seed += 1) {
      const view = filled(log, 3);
      expect(view.durablePosition().seq).toBe(6);
      const other = filled(log, 100);
      other.crash(new Random(seed));
      const { seq } = other.position();
      found.add(seq);
      const expected = filled(log.slice(0, seq), 100);
      expect([...other.allVersions()]).toEqual([...expected.allVersions()]);
      expect(other.names(ALL)).toEqual(expected.names(ALL));
      expect(other.requests(0)).toEqual(expected.requests(0));
      expect(other.ownership()).toEqual(expected.ownership());
      other.applyNow(log.slice(seq));
      expect([...other.allVersions()]).toEqual([...filled(log, 100).allVersions()]);
    }
    expect(found.size).toBe(8);
  });

  it('skips entries that it has, and refuses a gap', () => {
    const view = filled([put(1, 'b/a', 1)]);
    view.applyNow([put(1, 'b/a', 1), put(2, 'b/a', 2)]);
    expect(view.position().seq).toBe(2);
    expect(() => view.applyNow([put(4, 'b/a', 3)])).toThrow('applied to a view');
  });

  it('becomes what another site has when a snapshot is installed', () => {
    const queue = new EventQueue();
    const source = filled([put(1, 'b/a', 1), put(2, 'b/b', 1)]);
    const target = filled([put(1, 'b/z', 1)]);
    let isReachable = false;
    const port = new SimSnapshot(
      target,
      new NodeClock(queue),
      new Random(1),
      (from) => (from === 'tor' && isReachable ? source : undefined),
      (_view, _from, done) => done(),
    );
    const answers: unknown[] = [];
    port.install('tor', (installed) => answers.push(installed));
    queue.runUntil(10_000);
    isReachable = true;
    port.install('tor', (installed) => answers.push(installed?.position));
    queue.runUntil(20_000);
    expect(answers).toEqual([null, { epoch: 1, seq: 2 }]);
    expect(target.names(ALL)).toEqual(['b/a', 'b/b']);
    target.crash(new Random(1));
    expect(target.durablePosition()).toEqual({ epoch: 1, seq: 2 });
  });
});
