import { describe, expect, it } from 'vitest';
import type { LogEntry } from '../../protocol/log-entry.js';
import type { LogWrite, ShardLog, StorageFailure } from '../../protocol/ports.js';
import type { ShardState } from '../../protocol/shard/state.js';
import { MetricRegistry } from './metric-registry.js';
import { WriteWatch } from './write-watch.js';

type Done = (failure: StorageFailure | null) => void;

/** A log that is done when it is told to, and the shard around it. */
function setUp(role: 'primary' | 'replica' = 'primary') {
  const registry = new MetricRegistry();
  const state = { role: { kind: role }, commitSeq: 0 };
  const clock = { ms: 0 };
  const dones: Done[] = [];
  const log: ShardLog = {
    write: (_write, done) => void dones.push(done),
    reset: () => undefined,
    read: () => undefined,
    trim: () => undefined,
  };
  const watch = new WriteWatch(
    registry,
    'nyc',
    () => state as unknown as ShardState,
    () => clock.ms,
  );
  return { registry, state, clock, dones, watch, log: watch.log(log) };
}

const entries = (...seqs: number[]): LogWrite => ({
  entries: seqs.map((seq) => ({ seq }) as LogEntry),
});

const histogram = (registry: MetricRegistry, what: string) =>
  registry.histogram('quorate_write_wait_seconds', what);

describe('the watch over writes', () => {
  it('tells the disk and the quorum of each written entry apart', () => {
    const { registry, state, clock, dones, watch, log } = setUp();
    log.write(entries(1, 2), () => undefined);
    clock.ms = 3;
    dones[0]?.(null);
    clock.ms = 15;
    state.commitSeq = 2;
    watch.look();
    expect(histogram(registry, 'disk').sum).toBeCloseTo(0.006);
    expect(histogram(registry, 'quorum').sum).toBeCloseTo(0.03);
    expect(registry.counter('quorate_commits_total', 'nyc').value).toBe(2);
    clock.ms = 20;
    expect(watch.waits(2)).toEqual({ diskMs: 3, quorumMs: 15, cachesMs: 5 });
    expect(watch.waits(3)).toBeNull();
  });

  it('counts a commit that the own disk completes', () => {
    const { registry, state, clock, dones, log } = setUp();
    log.write(entries(1), () => {
      state.commitSeq = 1;
    });
    clock.ms = 7;
    dones[0]?.(null);
    expect(histogram(registry, 'quorum').sum).toBeCloseTo(0.007);
  });

  it('measures nothing at a replica, and drops what was under way when the role is lost', () => {
    const replica = setUp('replica');
    replica.log.write(entries(1), () => undefined);
    replica.dones[0]?.(null);
    replica.state.commitSeq = 1;
    replica.watch.look();
    expect(histogram(replica.registry, 'disk').sum).toBe(0);
    const { registry, state, clock, dones, watch, log } = setUp();
    log.write(entries(1), () => undefined);
    state.role.kind = 'replica';
    clock.ms = 50;
    dones[0]?.(null);
    state.role.kind = 'primary';
    state.commitSeq = 1;
    watch.look();
    expect(registry.counter('quorate_commits_total', 'nyc').value).toBe(0);
  });

  it('adds up what committed writes waited for caches', () => {
    const { registry, watch } = setUp();
    watch.note({ kind: 'write-passed', name: 'docs/a', waitedMs: 40, lapsed: 0 });
    watch.note({ kind: 'claimed', epoch: 1 });
    expect(histogram(registry, 'caches').sum).toBeCloseTo(0.04);
  });
});
