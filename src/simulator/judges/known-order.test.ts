import { describe, expect, it } from 'vitest';
import type { CommittedEntry, History, Operation } from '../history.js';
import { Random } from '../random.js';
import { judgeKnownOrder } from './known-order.js';
import { type Flaw, type ModelOptions, generateHistory } from './register-model.js';
import { searchLinearization } from './wing-gong-lowe.js';

let ids = 0;
function call(
  kind: Operation['kind'],
  times: readonly [number, number | null],
  rest: Partial<Operation>,
): Operation {
  ids += 1;
  const outcome = kind === 'read' ? 'ok' : 'committed';
  const [startMs, endMs] = times;
  return { client: 'c', site: 'nyc', id: ids, kind, name: 'b/f', startMs, endMs, outcome, ...rest };
}
function write(times: readonly [number, number | null], version: number, rest = {}): Operation {
  return call('write', times, { version, value: `v${version}`, ...rest });
}
function read(times: readonly [number, number | null], version: number, rest = {}): Operation {
  return call('read', times, { version, value: version === 0 ? null : `v${version}`, ...rest });
}
function entry(version: number, rest: Partial<CommittedEntry> = {}): CommittedEntry {
  const value = `v${version}`;
  return { name: 'b/f', version, epoch: 1, seq: version, value, requestId: '', ...rest };
}
function judge(operations: Operation[], entries: History['entries'] = null): string[] {
  return judgeKnownOrder({ operations, entries }).map(({ invariant }) => invariant);
}
const conflict = { outcome: 'rejected', reason: 'precondition_failed' } as const;

describe('judging by the known order (I1, I2, I7, I14, I17, I18)', () => {
  it('accepts a good history', () => {
    const operations = [
      read([0, 1], 0),
      write([2, 5], 1),
      read([3, 4], 0),
      read([3, 6], 1),
      write([7, 9], 2, { condition: { ifVersion: 1 } }),
      write([10, 12], 2, { ...conflict, value: 'v2', condition: { ifVersion: 1 } }),
      call('delete', [13, 14], { version: 3 }),
      read([15, 16], 3, { value: null }),
      write([17, 18], 4, { condition: { ifAbsent: true } }),
    ];
    expect(judge(operations)).toEqual([]);
  });

  it('finds a read older than a finished write, and than a finished read', () => {
    expect(judge([write([0, 1], 1), read([2, 3], 0)])).toEqual(['I18']);
    const overlapped = [write([0, 9], 1), read([1, 2], 1), read([3, 4], 0)];
    expect(judge(overlapped)).toEqual(['I18']);
  });

  it('lets local reads be old, but not invented', () => {
    expect(judge([write([0, 1], 1), read([2, 3], 0, { mode: 'local' })])).toEqual([]);
    expect(judge([write([0, 1], 1), read([2, 3], 7, { mode: 'local' })])).toEqual(['I7']);
  });

  it('finds what nobody wrote, and what was not yet written', () => {
    expect(judge([read([0, 1], 3)])).toEqual(['I7']);
    expect(judge([read([0, 1], 1), write([2, 3], 1)])).toContain('I7');
  });

  it('finds two contents at one version', () => {
    expect(judge([write([0, 1], 1), read([2, 3], 1, { value: 'other' })])).toEqual(['I1']);
    expect(judge([write([0, 3], 1), write([1, 4], 1, { value: 'other' })])).toContain('I1');
  });

  it('finds commits whose order is not that of time', () => {
    expect(judge([write([0, 1], 2), write([2, 3], 1)])).toEqual(['I18']);
    const positions = [
      write([0, 9], 1, { epoch: 2, seq: 9 }),
      write([0, 9], 2, { epoch: 2, seq: 8 }),
    ];
    expect(judge(positions)).toEqual(['I17']);
  });

  it('finds conditions judged wrongly, either way', () => {
    const wrongly = [write([0, 1], 1), write([2, 3], 2, { condition: { ifAbsent: true } })];
    expect(judge(wrongly)).toEqual(['linearizable']);
    const refused = { ...conflict, value: 'v1', condition: { ifVersion: 1 } };
    expect(judge([write([0, 1], 1), write([2, 3], 1, refused)])).toEqual(['linearizable']);
    expect(judge([call('delete', [2, 3], { version: 1 })])).toEqual(['linearizable']);
  });

  it('judges a rejection as a read of what it names', () => {
    const stale = { ...conflict, value: 'v1', condition: { ifVersion: 2 } };
    const operations = [write([0, 1], 1), write([2, 3], 2), write([4, 5], 1, stale)];
    expect(judge(operations)).toEqual(['I18']);
  });

  it('finds a committed write that the chain lacks, and a rejected one that it has', () => {
    expect(judge([write([0, 1], 1)], [])).toEqual(['I2']);
    const refused = call('write', [0, 1], {
      outcome: 'rejected',
      reason: 'quorum_unavailable',
      requestId: 'r',
    });
    expect(judge([refused], [entry(1, { requestId: 'r' })])).toEqual(['I2']);
  });

  it('closes an unknown outcome by the chain, or by a read that saw it', () => {
    const unknown = call('write', [5, null], { outcome: 'unknown', value: 'v1', requestId: 'r' });
    const chain = [entry(1, { requestId: 'r' }), entry(2)];
    expect(judge([unknown, read([6, 7], 1)], chain)).toEqual([]);
    expect(judge([unknown, read([6, 7], 1)])).toEqual([]);
    expect(judge([read([1, 2], 1), unknown], chain)).toContain('I7');
    expect(judge([unknown, read([6, 7], 1)], [])).toEqual(['I7']);
    const late = call('write', [5, null], { outcome: 'unknown', value: 'v1', requestId: 'r' });
    expect(judge([write([1, 2], 2), late], chain)).toEqual(['I18']);
  });

  it('counts a retry from its first attempt', () => {
    const first = call('write', [0, 2], { outcome: 'unknown', value: 'v1', requestId: 'r' });
    const again = write([10, 11], 1, { requestId: 'r' });
    const between = [write([3, 4], 2), read([5, 6], 2)];
    expect(judge([first, again, ...between])).toEqual([]);
    const before = [write([-9, -5], 2)];
    expect(judge([first, again, ...before])).toEqual(['I18']);
  });

  it('finds a version given twice in the chain', () => {
    expect(judge([], [entry(1), entry(1, { seq: 2, value: 'other' })])).toEqual(['I1']);
  });

  it('judges versions with gaps between them, also enormous ones', () => {
    const far = 1e12;
    const chain = [entry(far), entry(3), entry(7), entry(far - 5)];
    const onCondition = (before: number): Operation[] => [
      write([6, 7], far, { condition: { ifVersion: before } }),
    ];
    const reads = [read([0, 1], 3), read([2, 3], 7), read([4, 5], far - 5)];
    expect(judge([...reads, ...onCondition(far - 5)], chain)).toEqual([]);
    expect(judge([...reads, ...onCondition(7)], chain)).toEqual(['linearizable']);
    expect(judge([...onCondition(far - 5), read([8, 9], far - 5)], chain)).toEqual(['I18']);
    expect(judge([read([0, 1], far - 4)], chain)).toEqual(['I7']);
    const positions = [entry(far, { seq: 1 }), entry(far - 5, { seq: 2 })];
    expect(judge([], positions)).toEqual(['I17']);
  });

  it('judges each file by itself, and leaves out what says nothing of one', () => {
    const other = { name: 'b/g' };
    const listing = call('list', [4, 5], { outcome: 'ok', files: [{ name: 'b/f', version: 9 }] });
    const failed = call('read', [4, 5], { outcome: 'failed', version: 9 });
    const writes = [write([0, 1], 1), write([0, 1], 2), write([0, 1], 1, other)];
    expect(judge([...writes, read([2, 3], 1, other), listing, failed])).toEqual([]);
    expect(judge([...writes, read([2, 3], 1, other), read([2, 3], 1)])).toEqual(['I18']);
    expect(judge([...writes, read([2, 3], 2, other)])).toEqual(['I7']);
  });
});

const SMALL: ModelOptions = {
  operations: 24,
  clients: 3,
  files: 2,
  readChance: 0.5,
  deleteChance: 0.15,
  conditionChance: 0.3,
  unknownChance: 0.15,
  flaw: 'none',
  flawChance: 0.15,
};

describe('the two opinions on linearizability', () => {
  it('agree that a correct register is correct', () => {
    for (let seed = 0; seed < 400; seed += 1) {
      const history = generateHistory(new Random(seed), SMALL);
      expect(judgeKnownOrder(history), `seed ${seed}`).toEqual([]);
      const withoutChain = { ...history, entries: null };
      expect(judgeKnownOrder(withoutChain), `seed ${seed}`).toEqual([]);
      const { verdict } = searchLinearization(history.operations);
      expect(verdict, `seed ${seed}`).toBe('linearizable');
    }
  });

  it.each<Flaw>(['stale_read', 'lost_update', 'double_apply'])('see %s', (flaw) => {
    let known = 0;
    let searched = 0;
    for (let seed = 0; seed < 400; seed += 1) {
      const options = { ...SMALL, flaw, unknownChance: flaw === 'double_apply' ? 0.4 : 0.1 };
      const history = generateHistory(new Random(seed), options);
      const findings = judgeKnownOrder(history);
      const { verdict } = searchLinearization(history.operations);
      if (findings.length > 0) known += 1;
      if (verdict === 'not_linearizable') {
        searched += 1;
        expect(findings.length, `seed ${seed}`).toBeGreaterThan(0);
      }
    }
    expect(known).toBeGreaterThan(50);
    expect(searched).toBeGreaterThan(flaw === 'double_apply' ? 3 : 20);
  });
});

it('judges hundreds of thousands of operations in seconds', () => {
  const options = { ...SMALL, operations: 250_000, clients: 50, files: 1_000 };
  const history = generateHistory(new Random(1), options);
  const before = process.cpuUsage();
  expect(judgeKnownOrder(history)).toEqual([]);
  const { user, system } = process.cpuUsage(before);
  console.log(`250,000 operations judged in ${Math.round((user + system) / 1_000)} ms of CPU`);
  expect((user + system) / 1e6).toBeLessThan(5);
});
