import { describe, expect, it } from 'vitest';
import { checkQuorumSizes, reachedByQuorum, recoveryQuorum } from '../../protocol/quorum.js';
import {
  alwaysIntersect,
  isWriteQuorumAllowed,
  naiveCommitSeq,
  smallestRecoveryQuorum,
} from './naive-quorum.js';

const SITES = [1, 2, 3, 4, 5, 6, 7];

function* positions(count: number, most: number): Generator<number[]> {
  if (count === 0) {
    yield [];
    return;
  }
  for (const rest of positions(count - 1, most)) {
    for (let seq = 0; seq <= most; seq += 1) yield [seq, ...rest];
  }
}

describe('the quorum arithmetic and its twin', () => {
  it('allow the same sizes, up to seven sites', () => {
    for (const replicas of SITES) {
      for (let writeQuorum = -1; writeQuorum <= replicas + 1; writeQuorum += 1) {
        const check = checkQuorumSizes({ replicas, writeQuorum, readQuorum: 1 });
        expect(check.ok, `W = ${writeQuorum} of N = ${replicas}`).toBe(
          isWriteQuorumAllowed(replicas, writeQuorum),
        );
        if (!check.ok) expect(check.message).toContain(`W = ${writeQuorum}`);
      }
    }
  });

  it('refuse sizes that are not whole numbers or out of range, and say which', () => {
    const sizes = { replicas: 3, writeQuorum: 2, readQuorum: 1 };
    for (const bad of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(checkQuorumSizes({ ...sizes, replicas: bad })).toMatchObject({ ok: false });
      expect(checkQuorumSizes({ ...sizes, writeQuorum: bad })).toMatchObject({ ok: false });
      expect(checkQuorumSizes({ ...sizes, readQuorum: bad })).toMatchObject({ ok: false });
    }
    expect(checkQuorumSizes({ ...sizes, readQuorum: 4 })).toMatchObject({ ok: false });
    expect(checkQuorumSizes({ ...sizes, readQuorum: 3 })).toEqual({ ok: true });
  });

  it('need the same number of promises: the least that meets every write quorum (I5)', () => {
    for (const replicas of SITES) {
      for (let writeQuorum = 1; writeQuorum <= replicas; writeQuorum += 1) {
        const needed = recoveryQuorum(replicas, writeQuorum);
        expect(needed).toBe(smallestRecoveryQuorum(replicas, writeQuorum));
        expect(alwaysIntersect(replicas, writeQuorum, needed)).toBe(true);
      }
    }
  });

  it('commit up to the same seq, whatever up to five sites hold', () => {
    for (const replicas of [1, 2, 3, 4, 5]) {
      for (const durable of positions(replicas, 3)) {
        for (let quorum = 1; quorum <= replicas; quorum += 1) {
          expect(reachedByQuorum(durable, quorum)).toBe(naiveCommitSeq(durable, quorum));
        }
      }
    }
  });

  it('commit nothing with too few', () => {
    expect(reachedByQuorum([9], 2)).toBe(Number.NEGATIVE_INFINITY);
  });
});
