import { describe, expect, it } from 'vitest';
import type { Operation } from '../../../simulator/history.js';
import { chainOf } from './commit-chain.js';

let id = 0;
function call(told: Partial<Operation>): Operation {
  id += 1;
  return {
    ...{ client: 'c', site: 'nyc', id, kind: 'write', name: 'b/f', startMs: id, endMs: id + 0.5 },
    ...{ outcome: 'committed', requestId: `r${id}` },
    ...told,
  };
}

const version = (number: number, value: string | null) => {
  return { name: 'b/f', version: number, epoch: 1, seq: number, value };
};

describe('the commit chain', () => {
  it('says which request made a version, also where its outcome stayed unknown', () => {
    const operations = [
      call({ value: 'x', version: 1, requestId: 'w1' }),
      call({ value: 'y', outcome: 'unknown', requestId: 'w2' }),
      call({ kind: 'delete', version: 3, requestId: 'd3' }),
      call({ kind: 'delete', outcome: 'unknown', requestId: 'd5' }),
    ];
    const versions = [version(1, 'x'), version(2, 'y'), version(3, null), version(5, null)];
    const { entries, findings } = chainOf({ site: 'nyc', versions }, operations);
    expect(findings).toEqual([]);
    expect(entries.map(({ requestId }) => requestId)).toEqual(['w1', 'w2', 'd3', 'd5']);
  });

  it('finds content that nobody wrote, or that was refused', () => {
    const refused = call({ value: 'z', outcome: 'rejected', reason: 'no_primary' });
    const { findings } = chainOf({ site: 'nyc', versions: [version(1, 'z')] }, [refused]);
    expect(findings.map(({ message }) => message)).toEqual([
      'version 1 of b/f at (1, 1) has content that nobody wrote',
    ]);
  });

  it('finds more deletes than anybody asked for', () => {
    const operations = [
      call({ kind: 'delete', outcome: 'unknown', requestId: 'd' }),
      call({ kind: 'delete', outcome: 'unknown', requestId: 'd' }),
    ];
    const versions = [version(2, null), version(4, null)];
    const { entries, findings } = chainOf({ site: 'nyc', versions }, operations);
    expect(entries.map(({ requestId }) => requestId)).toEqual(['d', 'd']);
    expect(findings).toHaveLength(1);
  });
});
