import { judgeAcknowledgement } from './acknowledgement.js';
import { describe, expect, it } from 'vitest';
import type { Position } from '../../protocol/log-entry.js';
import type { CommittedEntry, Operation } from '../history.js';
import { Random } from '../random.js';
import { judgeConvergence } from './convergence.js';
import { judgeDurability } from './durability.js';
import { judgeExactlyOnce } from './exactly-once.js';
import type { Finding, SiteCopy } from './finding.js';
import { judgeLeaseExclusion } from './lease-exclusion.js';
import { judgeListings } from './listings.js';
import { judgeMonotonicReads } from './monotonic-reads.js';
import { judgeOneHistory } from './one-history.js';
import { generateHistory } from './register-model.js';
import { judgeVisibility } from './visibility.js';

let ids = 0;
function call(
  kind: Operation['kind'],
  times: readonly [number, number | null],
  rest: Partial<Operation> = {},
): Operation {
  ids += 1;
  const outcome = kind === 'read' || kind === 'list' ? 'ok' : 'committed';
  const [startMs, endMs] = times;
  return { client: 'c', site: 'nyc', id: ids, kind, name: 'b/f', startMs, endMs, outcome, ...rest };
}
const write = (times: readonly [number, number], version: number, rest = {}): Operation =>
  call('write', times, { version, value: `v${version}`, ...rest });
const read = (times: readonly [number, number], version: number, rest = {}): Operation =>
  call('read', times, { version, value: `v${version}`, ...rest });
function entry(version: number, rest: Partial<CommittedEntry> = {}): CommittedEntry {
  const value = `v${version}`;
  return { name: 'b/f', version, epoch: 1, seq: version, value, requestId: '', ...rest };
}
const copy = (site: string, ...versions: CommittedEntry[]): SiteCopy => ({ site, versions });
const invariantsOf = (findings: readonly Finding[]): string[] =>
  findings.map(({ invariant }) => invariant);

describe('durability (I2)', () => {
  const operations = [write([0, 1], 1), call('delete', [2, 3], { version: 2 })];
  const deleted = entry(2, { value: null });

  it('accepts what W sites hold', () => {
    const copies = [copy('a', entry(1), deleted), copy('b', entry(1), deleted), copy('c')];
    expect(judgeDurability(operations, copies, 2)).toEqual([]);
  });

  it('finds what is lost, on too few sites, or other than it was', () => {
    const few = [copy('a', entry(1), deleted), copy('b', deleted), copy('c')];
    expect(invariantsOf(judgeDurability(operations, few, 2))).toEqual(['I2']);
    expect(judgeDurability(operations, [copy('a'), copy('b')], 2)).toHaveLength(2);
    const other = [copy('a', entry(1, { value: 'x' }), deleted), copy('b', entry(1), deleted)];
    expect(judgeDurability(operations, other, 2)).toHaveLength(1);
  });
});

describe('one history (I1)', () => {
  it('accepts equal copies and answers', () => {
    const copies = [copy('a', entry(1), entry(2)), copy('b', entry(1))];
    expect(judgeOneHistory([read([0, 1], 1), read([0, 1], 2)], copies)).toEqual([]);
  });

  it('finds two contents at a version, between sites and in answers', () => {
    const differs = [copy('a', entry(1)), copy('b', entry(1, { value: 'x' }))];
    expect(invariantsOf(judgeOneHistory([], differs))).toEqual(['I1']);
    const moved = [copy('a', entry(1)), copy('b', entry(1, { epoch: 2 }))];
    expect(invariantsOf(judgeOneHistory([], moved))).toEqual(['I1']);
    const answer = read([0, 1], 1, { value: 'x', mode: 'local' });
    expect(invariantsOf(judgeOneHistory([answer], [copy('a', entry(1))]))).toEqual(['I1']);
  });
});

describe('convergence', () => {
  it('accepts equal replicas', () => {
    expect(judgeConvergence([copy('a', entry(1)), copy('b', entry(1))])).toEqual([]);
    expect(judgeConvergence([])).toEqual([]);
  });

  it('finds what is missing on either side, and what differs', () => {
    expect(judgeConvergence([copy('a', entry(1)), copy('b')])).toHaveLength(1);
    expect(judgeConvergence([copy('a'), copy('b', entry(1))])).toHaveLength(1);
    const differs = [copy('a', entry(1)), copy('b', entry(1, { seq: 9 }))];
    expect(judgeConvergence(differs)).toHaveLength(1);
  });
});

describe('exactly once (I14)', () => {
  const first = write([0, 1], 1, { requestId: 'r' });

  it('accepts retries that get the original outcome', () => {
    const again = write([2, 3], 1, { requestId: 'r' });
    expect(judgeExactlyOnce([first, again], [entry(1, { requestId: 'r' })])).toEqual([]);
  });

  it('finds a request that took effect twice, by answers and by the chain', () => {
    expect(
      invariantsOf(judgeExactlyOnce([first, write([2, 3], 2, { requestId: 'r' })], null)),
    ).toEqual(['I14']);
    const chain = [entry(1, { requestId: 'r' }), entry(2, { requestId: 'r' })];
    expect(invariantsOf(judgeExactlyOnce([first], chain))).toEqual(['I14']);
  });

  it('finds a committed request that is later refused', () => {
    const refused = { outcome: 'rejected', reason: 'precondition_failed', requestId: 'r' } as const;
    expect(invariantsOf(judgeExactlyOnce([first, write([2, 3], 1, refused)], null))).toEqual([
      'I14',
    ]);
    expect(judgeExactlyOnce([first, write([0.5, 3], 1, refused)], null)).toEqual([]);
  });
});

describe('monotonic reads (I18)', () => {
  it('accepts reads that overlap, and local ones', () => {
    const reads = [read([0, 5], 2), read([3, 6], 1), read([9, 10], 1, { mode: 'local' })];
    expect(judgeMonotonicReads(reads)).toEqual([]);
  });

  it('finds a read older than an earlier read, or than a commit', () => {
    expect(invariantsOf(judgeMonotonicReads([read([0, 1], 2), read([2, 3], 1)]))).toEqual(['I18']);
    const other = read([2, 3], 1, { client: 'd' });
    expect(judgeMonotonicReads([write([0, 1], 2), other])[0]?.message).toContain('somebody');
  });
});

describe('visibility (I7)', () => {
  it('accepts what was committed and released', () => {
    const chain = [entry(1, { releasedMs: 3 })];
    expect(judgeVisibility([read([0, 4], 1)], chain)).toEqual([]);
    expect(judgeVisibility([read([0, 2], 1, { mode: 'local' })], chain)).toEqual([]);
  });

  it('finds what was never committed, other than committed, or not yet released', () => {
    expect(invariantsOf(judgeVisibility([read([0, 1], 1, { mode: 'local' })], []))).toEqual(['I7']);
    expect(judgeVisibility([read([0, 1], 1, { value: 'x' })], [entry(1)])).toHaveLength(1);
    expect(judgeVisibility([read([0, 2], 1)], [entry(1, { releasedMs: 3 })])).toHaveLength(1);
    const listing = call('list', [0, 1], { name: 'b/', files: [{ name: 'b/f', version: 4 }] });
    expect(judgeVisibility([listing], [entry(1)])).toHaveLength(1);
  });
});

describe('lease exclusion (I9)', () => {
  const write = { shard: 'nyc', primary: 'nyc', name: 'b/f', epoch: 2, seq: 7 };
  const held = (epoch: number, seq: number): { holder: string; at: Position; right: string } => ({
    holder: 'tor',
    at: { epoch, seq },
    right: 'under a lease',
  });

  it('accepts holders of the released version or a later one', () => {
    expect(judgeLeaseExclusion(write, [held(2, 7), held(2, 9), held(3, 1)])).toBeNull();
  });

  it('finds a holder of an older version, and a primary of an earlier epoch', () => {
    expect(judgeLeaseExclusion(write, [held(2, 7), held(2, 6)])?.invariant).toBe('I9');
    expect(judgeLeaseExclusion(write, [held(1, Infinity)])?.invariant).toBe('I9');
  });
});

describe('listings', () => {
  const chain = [
    entry(1, { name: 'b/a', requestId: 'ra' }),
    entry(1, { name: 'b/c', requestId: 'rc' }),
    entry(2, { name: 'b/c', value: null, requestId: 'rd' }),
  ];
  const operations = [
    write([0, 1], 1, { name: 'b/a', requestId: 'ra' }),
    write([2, 3], 1, { name: 'b/c', requestId: 'rc' }),
    call('delete', [10, 11], { name: 'b/c', version: 2, requestId: 'rd' }),
  ];
  const a = { name: 'b/a', version: 1 };
  const c = { name: 'b/c', version: 1 };
  const judge = (times: readonly [number, number], files: Operation['files'], rest = {}) =>
    invariantsOf(
      judgeListings([...operations, call('list', times, { name: 'b/', files, ...rest })], chain),
    );

  it('accepts what reads at that time could have seen', () => {
    expect(judge([4, 5], [a, c])).toEqual([]);
    expect(judge([4, 10.5], [a])).toEqual([]);
    expect(judge([10.5, 12], [a, c])).toEqual([]);
    expect(judge([12, 13], [a])).toEqual([]);
    expect(judge([4, 5], [a], { limit: 1 })).toEqual([]);
    expect(judge([4, 5], [c], { after: 'b/a' })).toEqual([]);
  });

  it('finds files that are missing, deleted, unknown or of the future', () => {
    expect(judge([4, 5], [a])).toEqual(['linearizable']);
    expect(judge([12, 13], [a, c])).toEqual(['linearizable']);
    expect(judge([12, 13], [a, { name: 'b/c', version: 2 }])).toEqual(['linearizable']);
    expect(judge([12, 13], [a, { name: 'b/z', version: 1 }])).toEqual(['linearizable']);
    expect(judge([0, 1.5], [a, c])).toEqual(['linearizable']);
  });

  it('finds what is out of order, outside the prefix or over the limit', () => {
    expect(judge([4, 5], [c, a])).toEqual(['linearizable']);
    expect(judge([4, 5], [a, c], { name: 'b/c' })).toContain('linearizable');
    expect(judge([4, 5], [a, c], { limit: 1 })).toContain('linearizable');
  });
});

it('no judge finds fault with a correct register', () => {
  for (let seed = 0; seed < 100; seed += 1) {
    const { operations, entries } = generateHistory(new Random(`judges ${seed}`), {
      operations: 60,
      clients: 4,
      files: 3,
      readChance: 0.5,
      deleteChance: 0.1,
      conditionChance: 0.3,
      unknownChance: 0.2,
      flaw: 'none',
      flawChance: 0,
    });
    const copies = [copy('a', ...(entries ?? [])), copy('b', ...(entries ?? []))];
    const findings = [
      ...judgeDurability(operations, copies, 2),
      ...judgeOneHistory(operations, copies),
      ...judgeConvergence(copies),
      ...judgeExactlyOnce(operations, entries),
      ...judgeMonotonicReads(operations),
      ...judgeVisibility(operations, entries ?? []),
    ];
    expect(findings, `seed ${seed}`).toEqual([]);
  }
});

describe('acknowledgements (I3, I15)', () => {
  const reign = { epoch: 4, run: 'nyc.1.1' };
  const appended = {
    kind: 'appended',
    ...reign,
    incarnation: 1,
    durableSeq: 7,
    joining: false,
    beatSentMs: null,
  } as const;
  const disk = (upTo: number, promisedEpoch: number) => ({
    durableUpTo: () => upTo,
    durableState: () => ({
      promisedEpoch,
      promisedRun: reign.run,
      joined: true,
      installing: false,
    }),
  });

  it('are of what is on disk, under a promise that is on disk', () => {
    const judge = (upTo: number, promised: number) =>
      judgeAcknowledgement('tor', 'nyc', appended, disk(upTo, promised))?.invariant;
    expect(judge(7, 4)).toBeUndefined();
    expect(judge(6, 4)).toBe('I15');
    expect(judge(7, 3)).toBe('I3');
  });
});
