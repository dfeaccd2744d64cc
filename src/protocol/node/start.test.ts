import { describe, expect, it } from 'vitest';
import type { LogEntry } from '../log-entry.js';
import type { ClaimRecord, HardState, OpenedLog, SiteRecord } from '../ports.js';
import { decideStart, planShardStart } from './start.js';

function record(incarnation: number, starts: number): SiteRecord {
  return { site: 'nyc', incarnation, starts };
}

describe('what a site that starts decides of its disk', () => {
  it.each<[string, SiteRecord | null, SiteRecord | null, boolean, SiteRecord, boolean]>([
    ['is new', null, null, false, record(1, 1), false],
    ['is as it was left', record(1, 4), record(1, 4), false, record(1, 5), false],
    [
      'is ahead: it did not get to register',
      record(1, 5),
      record(1, 4),
      false,
      record(1, 6),
      false,
    ],
    ['is empty, and the site is known', null, record(1, 4), false, record(2, 5), true],
    ['is an old image', record(1, 3), record(1, 4), false, record(2, 5), true],
    ['is of an earlier incarnation', record(1, 9), record(2, 4), false, record(3, 10), true],
    [
      'is of a later one, not yet registered',
      record(2, 5),
      record(1, 4),
      false,
      record(2, 6),
      false,
    ],
    ['is damaged', record(1, 4), record(1, 4), true, record(2, 5), true],
    ['is damaged, and nobody knows the site', record(1, 4), null, true, record(2, 5), true],
    ['is of a site that nobody knows', record(2, 4), null, false, record(2, 5), false],
  ])('%s', (_name, onDisk, atCoordinator, damaged, expected, lost) => {
    const decision = decideStart('nyc', onDisk, atCoordinator, damaged);
    expect(decision).toEqual({ record: expected, lost });
  });

  it('never gives the same incarnation and start twice, whatever the disk says', () => {
    let atCoordinator: SiteRecord | null = null;
    const given = new Set<string>();
    for (const disk of ['kept', 'empty', 'kept', 'old', 'kept', 'empty', 'empty']) {
      const onDisk: SiteRecord | null =
        disk === 'empty' ? null : disk === 'old' ? record(1, 1) : atCoordinator;
      const decision = decideStart('nyc', onDisk, atCoordinator, false);
      const { incarnation, starts } = decision.record;
      expect(given.has(`${incarnation}/${starts}`)).toBe(false);
      given.add(`${incarnation}/${starts}`);
      atCoordinator = decision.record;
    }
  });
});

describe('how a shard begins', () => {
  const hard: HardState = {
    promisedEpoch: 3,
    promisedRun: 'tor-1',
    joined: true,
    installing: false,
  };
  const entry = (seq: number): LogEntry => ({
    epoch: 1,
    seq,
    atMs: 0,
    requestId: '',
    operation: { kind: 'noop' },
  });
  const opened = (baseSeq: number, ...seqs: number[]): OpenedLog => ({
    base: { epoch: baseSeq === 0 ? 0 : 1, seq: baseSeq },
    entries: seqs.map(entry),
    hardState: hard,
    tornBytes: 0,
  });
  const claim = (epoch: number): ClaimRecord => ({
    shard: 'nyc',
    epoch,
    site: 'lon',
    run: 'lon-1',
    claimMs: 1500,
    renewal: 1,
    released: false,
    successor: '',
  });
  const at = (seq: number): { epoch: number; seq: number } => ({ epoch: 1, seq });

  it('as it was left, and writes nothing', () => {
    expect(planShardStart(opened(0, 1, 2), at(1), claim(5), false)).toEqual({
      hardState: hard,
      resetTo: null,
      mustWrite: false,
    });
  });

  it('promises the epoch that the coordinator names if it forgot, and has no say', () => {
    const { hardState, mustWrite } = planShardStart(opened(0, 1), at(1), claim(5), true);
    expect(hardState).toEqual({ ...hard, promisedEpoch: 5, promisedRun: 'lon-1', joined: false });
    expect(mustWrite).toBe(true);
  });

  it('never promises less than it did', () => {
    for (const at5 of [claim(2), claim(3), null]) {
      const { hardState } = planShardStart(opened(0, 1), at(1), at5, true);
      expect(hardState).toEqual({ ...hard, joined: false });
    }
  });

  it('needs a snapshot if the view does not reach up to the log', () => {
    const plan = planShardStart(opened(5, 6, 7), at(3), null, false);
    expect(plan).toEqual({
      hardState: { ...hard, installing: true },
      resetTo: null,
      mustWrite: true,
    });
  });

  it('goes on needing one that was begun', () => {
    const begun = { ...opened(0, 1), hardState: { ...hard, installing: true } };
    const plan = planShardStart(begun, at(1), null, false);
    expect(plan.hardState.installing).toBe(true);
    expect(plan.mustWrite).toBe(false);
  });

  it('starts the log behind the view where the log ends before it', () => {
    expect(planShardStart(opened(0, 1), at(4), null, true).resetTo).toEqual(at(4));
    expect(planShardStart(opened(0), at(4), null, true).resetTo).toEqual(at(4));
    expect(planShardStart(opened(4), at(4), null, false).resetTo).toBeNull();
  });
});
