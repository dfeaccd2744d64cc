import { describe, expect, it } from 'vitest';
import { allLogs, naiveAppend, naiveBestLog, naiveMatchPoint } from './naive-log.js';
import {
  alwaysIntersect,
  isReadQuorumAlone,
  isWriteQuorumAllowed,
  naiveCommitSeq,
  smallestRecoveryQuorum,
} from './naive-quorum.js';

describe('naive quorums', () => {
  it('say what the arithmetic says', () => {
    for (let sites = 1; sites <= 7; sites += 1) {
      for (let first = 1; first <= sites; first += 1) {
        for (let second = 1; second <= sites; second += 1) {
          expect(alwaysIntersect(sites, first, second)).toBe(first + second > sites);
        }
        expect(smallestRecoveryQuorum(sites, first)).toBe(sites - first + 1);
        const isAllowed = first * 2 > sites && (sites === 1 || first <= sites - 1);
        expect(isWriteQuorumAllowed(sites, first)).toBe(isAllowed);
      }
    }
    expect(isReadQuorumAlone(3, 2, 1)).toBe(false);
  });

  it('commit what a quorum holds', () => {
    expect(naiveCommitSeq([5, 3, 1], 2)).toBe(3);
    expect(naiveCommitSeq([5, 3, 1, 4, 2], 3)).toBe(3);
  });
});

describe('the naive log', () => {
  it('cuts only where an epoch differs, and never below the commit', () => {
    const append = { previousEpoch: 1, previousSeq: 1, epochs: [1, 2] };
    expect(naiveAppend([1, 1, 1, 1], 1, append)).toMatchObject({ log: [1, 1, 2], provenSeq: 3 });
    expect(naiveAppend([1, 1, 2, 2], 1, append)).toMatchObject({ log: [1, 1, 2, 2], provenSeq: 3 });
    expect(naiveAppend([1, 1, 1, 1], 3, append).matched).toBe('conflict');
    expect(naiveAppend([2, 2], 0, append).matched).toBe(false);
    expect(naiveAppend([], 0, append).matched).toBe(false);
  });

  it('always ends with the sent entries, and keeps every entry that agreed', () => {
    for (const leader of allLogs(4, 3)) {
      for (const replica of allLogs(4, 3)) {
        for (let from = 0; from <= leader.length; from += 1) {
          const previousEpoch = from === 0 ? 0 : leader[from - 1]!;
          const epochs = leader.slice(from);
          const append = { previousEpoch, previousSeq: from, epochs };
          const result = naiveAppend(replica, 0, append);
          if (result.matched !== true) continue;
          expect(result.log.slice(from, leader.length)).toEqual(epochs);
          const agreed = naiveMatchPoint(leader, replica);
          if (agreed === leader.length) expect(result.log).toEqual(replica);
        }
      }
    }
  });

  it('adopts the largest epoch, then the longest', () => {
    expect(naiveBestLog([[1, 1, 1], [1, 2], [1, 2, 2], []])).toBe(2);
    expect(allLogs(2, 2)).toEqual([[], [1], [2], [1, 1], [1, 2], [2, 2]]);
  });
});
