import { describe, expect, it } from 'vitest';
import type { LogEntry } from '../protocol/log-entry.js';
import { INITIAL_HARD_STATE, type StorageFailure } from '../protocol/ports.js';
import { NodeClock } from './clock.js';
import { EventQueue } from './event-queue.js';
import { Random } from './random.js';
import { DEFAULT_DISK, type DiskOptions, SimDisk } from './sim-disk.js';

function entry(seq: number, epoch = 1): LogEntry {
  return { epoch, seq, atMs: 0, requestId: '', operation: { kind: 'noop' } };
}
function entries(from: number, to: number, epoch = 1): LogEntry[] {
  return Array.from({ length: to - from + 1 }, (_, index) => entry(from + index, epoch));
}
function world(
  changes: Partial<DiskOptions> = {},
  seed = 1,
): { readonly queue: EventQueue; readonly disk: SimDisk } {
  const queue = new EventQueue();
  const options = { ...DEFAULT_DISK, ...changes };
  return { queue, disk: new SimDisk(queue, new NodeClock(queue), new Random(seed), options) };
}
const seqs = (found: readonly LogEntry[]): number[] => found.map(({ seq }) => seq);
const STATE = { ...INITIAL_HARD_STATE, promisedEpoch: 3, promisedRun: 'r' };

describe('the simulated disk', () => {
  it('completes writes in order, many by one sync, and never before the call returned', () => {
    const { queue, disk } = world();
    const done: number[] = [];
    for (let seq = 1; seq <= 10; seq += 1) {
      disk.write({ entries: [entry(seq)] }, (failure) => {
        expect(failure).toBeNull();
        done.push(seq);
      });
    }
    expect(done).toEqual([]);
    queue.runUntil(100);
    expect(done).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(disk.counts.syncs).toBe(2);
    expect(seqs(disk.reopen().entries)).toEqual(done);
  });

  it('keeps of unsynced writes a prefix in order, and all that was synced', () => {
    const kept = new Set<number>();
    for (let seed = 0; seed < 200; seed += 1) {
      const { queue, disk } = world({}, seed);
      disk.write({ entries: entries(1, 3), hardState: STATE }, () => {});
      queue.runUntil(100);
      let isAnswered = false;
      disk.write({ cutFrom: 3, entries: entries(3, 5, 2) }, () => (isAnswered = true));
      disk.write({ entries: entries(6, 7, 2) }, () => (isAnswered = true));
      disk.crash(new Random(seed));
      queue.runUntil(200);
      expect(isAnswered).toBe(false);
      const opened = disk.reopen();
      expect(opened.hardState).toEqual(STATE);
      expect(seqs(opened.entries)).toEqual(opened.entries.map((_, index) => index + 1));
      const epochs = opened.entries.map(({ epoch }) => epoch).join('');
      expect(['111', '11', '112', '1122', '11222', '112222', '1122222']).toContain(epochs);
      kept.add(opened.entries.length);
    }
    expect(kept).toEqual(new Set([2, 3, 4, 5, 6, 7]));
  });

  it('takes back a reset whose sync did not come, or keeps it whole', () => {
    const found = new Set<string>();
    for (let seed = 0; seed < 50; seed += 1) {
      const { queue, disk } = world({}, seed);
      disk.write({ entries: entries(1, 3) }, () => {});
      queue.runUntil(100);
      disk.reset({ epoch: 2, seq: 9 }, STATE, () => {});
      disk.crash(new Random(seed));
      const { base, entries: left } = disk.reopen();
      found.add(`${base.seq}+${left.length}`);
    }
    expect(found).toEqual(new Set(['0+3', '9+0']));
  });

  it('reports rot at reopening with everything behind it gone, and when read', () => {
    const { queue, disk } = world();
    disk.write({ entries: entries(1, 5), hardState: STATE }, () => {});
    queue.runUntil(100);
    expect(disk.rot()).toBe(true);
    let read: unknown;
    disk.read(1, { entries: 10, bytes: 10_000 }, (result) => (read = result));
    queue.runUntil(200);
    const { damagedFrom, entries: left } = disk.reopen();
    expect(left).toHaveLength(damagedFrom! - 1);
    expect(read).toMatchObject(
      damagedFrom === 1 ? { ok: false, reason: 'damaged' } : { entries: left },
    );
  });

  it('fails for good after a failed sync or a full disk', () => {
    const failures: (StorageFailure | null)[] = [];
    const first = world({ syncErrorChance: 1 });
    first.disk.write({ entries: [entry(1)] }, (failure) => failures.push(failure));
    first.queue.runUntil(100);
    first.disk.write({ entries: [entry(2)] }, (failure) => failures.push(failure));
    first.queue.runUntil(200);
    const second = world({ entryLimit: 2 });
    second.disk.write({ entries: entries(1, 3) }, (failure) => failures.push(failure));
    second.queue.runUntil(100);
    expect(failures.map((failure) => failure?.kind)).toEqual(['io_error', 'io_error', 'disk_full']);
  });

  it('trims whole segments, and says so to who asks for what is gone', () => {
    const { queue, disk } = world({ segmentEntries: 10 });
    disk.write({ entries: entries(1, 25) }, () => {});
    queue.runUntil(100);
    disk.trim(19);
    const results: unknown[] = [];
    const limit = { entries: 3, bytes: 10_000 };
    disk.read(5, limit, (result) => results.push(result));
    disk.read(11, limit, (result) => results.push(result.ok && seqs(result.entries)));
    queue.runUntil(200);
    expect(results).toMatchObject([{ ok: false, reason: 'trimmed' }, [11, 12, 13]]);
    expect(disk.reopen().base).toEqual({ epoch: 1, seq: 10 });
  });

  it('is empty after it was replaced', () => {
    const { queue, disk } = world();
    disk.write({ entries: entries(1, 5), hardState: STATE }, () => {});
    queue.runUntil(100);
    disk.wipe();
    expect(disk.reopen()).toMatchObject({ entries: [], hardState: INITIAL_HARD_STATE });
  });
});
