import { describe, expect, it } from 'vitest';
import type { Operation } from '../history.js';
import { searchLinearization } from './wing-gong-lowe.js';

let ids = 0;
function call(
  kind: 'write' | 'delete' | 'read',
  times: readonly [number, number | null],
  value: string | null,
  rest: Partial<Operation> = {},
): Operation {
  ids += 1;
  const outcome = kind === 'read' ? 'ok' : 'committed';
  const [startMs, endMs] = times;
  const common = { client: 'c', site: 'nyc', id: ids, kind, name: 'b/f', startMs, endMs };
  return { ...common, outcome, value, version: 1, ...rest };
}
const verdictOf = (...operations: Operation[]): string => searchLinearization(operations).verdict;

describe('searching for an order without versions', () => {
  it('accepts overlapping calls in any order that fits', () => {
    const overlapping = [
      call('write', [0, 10], 'a'),
      call('write', [0, 10], 'b'),
      call('read', [2, 3], 'b'),
      call('read', [4, 5], 'a'),
    ];
    expect(verdictOf(...overlapping)).toBe('linearizable');
  });

  it('refuses a stale read and reads that go back', () => {
    expect(verdictOf(call('write', [0, 1], 'a'), call('read', [2, 3], null))).toBe(
      'not_linearizable',
    );
    const back = [
      call('write', [0, 20], 'a'),
      call('read', [2, 3], 'a'),
      call('read', [4, 5], null),
    ];
    expect(verdictOf(...back)).toBe('not_linearizable');
  });

  it('lets an unknown write happen late or never, but not early', () => {
    const unknown = call('write', [5, 6], 'a', { outcome: 'unknown' });
    expect(verdictOf(unknown, call('read', [7, 8], null), call('read', [9, 10], 'a'))).toBe(
      'linearizable',
    );
    expect(verdictOf(unknown, call('read', [7, 8], null))).toBe('linearizable');
    expect(verdictOf(unknown, call('read', [1, 2], 'a'))).toBe('not_linearizable');
  });

  it('judges conditions by content', () => {
    const wrong = { condition: { ifVersion: 1, ifValue: 'x' } };
    expect(verdictOf(call('write', [0, 1], 'a'), call('write', [2, 3], 'b', wrong))).toBe(
      'not_linearizable',
    );
    const right = { condition: { ifVersion: 1, ifValue: 'a' } };
    expect(verdictOf(call('write', [0, 1], 'a'), call('write', [2, 3], 'b', right))).toBe(
      'linearizable',
    );
    const absent = { condition: { ifAbsent: true } };
    const both = [call('write', [0, 9], 'a', absent), call('write', [0, 9], 'b', absent)];
    expect(verdictOf(...both)).toBe('not_linearizable');
    expect(verdictOf(call('delete', [0, 1], null))).toBe('not_linearizable');
  });

  it('is not led astray by many writes whose end and content nobody knows', () => {
    const lost = Array.from({ length: 60 }, (_, index) =>
      call('write', [index, index + 1], `lost ${index}`, { outcome: 'unknown' }),
    );
    const later = [call('write', [100, 200], 'a'), call('read', [300, 301], 'a')];
    const found = searchLinearization([...lost, ...later]);
    expect(found.verdict).toBe('linearizable');
    expect(found.steps).toBeLessThan(200);
    const never = call('read', [302, 303], 'never written');
    const refused = searchLinearization([...lost, ...later, never]);
    expect(refused.verdict).toBe('not_linearizable');
    expect(refused.steps).toBeLessThan(10_000);
  });

  it('says when its bound ended the search', () => {
    const many = Array.from({ length: 14 }, (_, index) => call('write', [0, 100], `w${index}`));
    const found = searchLinearization([...many, call('read', [200, 201], 'nothing')], 500);
    expect(found).toMatchObject({ verdict: 'undecided', name: 'b/f' });
  });

  it('copes with a long history of one file', () => {
    const long: Operation[] = [];
    for (let index = 0; index < 3_000; index += 1) {
      long.push(call('write', [index * 10, index * 10 + 5], `w${index}`));
      long.push(call('read', [index * 10 + 6, index * 10 + 7], `w${index}`));
    }
    expect(verdictOf(...long)).toBe('linearizable');
  });
});
