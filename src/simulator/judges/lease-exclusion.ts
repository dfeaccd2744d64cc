import { comparePositions, type Position } from '../../protocol/log-entry.js';
import type { Finding } from './finding.js';

/** A write that its primary has just let go. */
export interface ReleasedWrite extends Position {
  readonly shard: string;
  readonly primary: string;
  readonly name: string;
}

/** What a site or a client would serve of a file at this moment, were it asked. */
export interface Holding {
  readonly holder: string;
  /** The version that it would serve; of a primary, the epoch that it acts in. */
  readonly at: Position;
  readonly right: string;
}

/**
 * I9, in true time: at the moment a write is released nobody would serve the file from before it,
 * were it asked now; neither under a lease nor as an earlier primary that still acts.
 */
export function judgeLeaseExclusion(
  write: ReleasedWrite,
  holdings: readonly Holding[],
): Finding | null {
  const older = holdings.find(({ at }) => comparePositions(at, write) < 0);
  if (older === undefined) return null;
  const { holder, at, right } = older;
  return {
    invariant: 'I9',
    message:
      `${write.primary} released ${write.name} ${write.epoch}/${write.seq} of ${write.shard} ` +
      `while ${holder} could serve ${at.epoch}/${at.seq} ${right}`,
    operations: [],
  };
}
