import type { Finding } from './finding.js';

/** One site's disk at this moment of true time. */
export interface HeldAt {
  readonly site: string;
  /** The last entry of the shard's log that a power cut now would leave. */
  readonly durableSeq: number;
  readonly hasContent: boolean;
  /** It lost bytes at some time: whether it held them once cannot be told any more. */
  readonly isExcused: boolean;
}

/**
 * I15 for a whole cluster, at the moment at which a client is told `committed`: entry and content
 * are on the disks of W sites by then, the primary's among them or not. Null where they are.
 */
export function judgeDurableAnswer(
  what: { readonly name: string; readonly shard: string; readonly seq: number },
  disks: readonly HeldAt[],
  writeQuorum: number,
): Finding | null {
  const holds = ({ durableSeq, hasContent, isExcused }: HeldAt): boolean =>
    isExcused || (durableSeq >= what.seq && hasContent);
  const holding = disks.filter(holds).map(({ site }) => site);
  if (holding.length >= writeQuorum) return null;
  const where = holding.length === 0 ? 'no disk' : `the disk of ${holding.join(', ')} alone`;
  return {
    invariant: 'I15',
    message:
      `a client is told that its write of ${what.name} has committed, and ${what.shard}/${what.seq} ` +
      `is on ${where}, where ${writeQuorum} have to hold it`,
    operations: [],
  };
}
