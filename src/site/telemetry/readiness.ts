import type { ShardStatus } from '../status-types.js';

export interface Readiness {
  readonly ready: boolean;
  /** Why not, a sentence each; empty when it is. */
  readonly reasons: readonly string[];
}

export interface ReadinessSources {
  readonly stopping: boolean;
  readonly storageFailure: string | null;
  readonly reachedSites: number;
  readonly writeQuorum: number;
  readonly shards: readonly Pick<ShardStatus, 'shard' | 'primary'>[];
  reaches(site: string): boolean;
}

/** Whether a client that asks here gets strong reads and writes of every file, and if not, why. */
export function readinessOf(sources: ReadinessSources): Readiness {
  const { stopping, storageFailure, reachedSites, writeQuorum, shards } = sources;
  const reasons: string[] = [];
  if (stopping) reasons.push('this site is stopping');
  if (storageFailure !== null) reasons.push(`its disk takes no writes: ${storageFailure}`);
  if (reachedSites < writeQuorum) {
    reasons.push(`it reaches ${reachedSites} sites, itself included; a write needs ${writeQuorum}`);
  }
  for (const { shard, primary } of shards) {
    if (primary === '') reasons.push(`no site is known to act for the files of ${shard}`);
    else if (!sources.reaches(primary)) {
      reasons.push(`${primary}, the primary of the files of ${shard}, cannot be reached`);
    }
  }
  return { ready: reasons.length === 0, reasons };
}
