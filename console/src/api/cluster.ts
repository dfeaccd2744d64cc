import { isFields } from './http.ts';

/* What `GET /v1/cluster` says, as far as this console shows it; README.md has the rest. */

export interface SiteStatus {
  readonly site: string;
  readonly displayName: string;
  readonly url: string;
  /** Whether the site that answers has a live session with it. */
  readonly alive: boolean;
  readonly roundTripMs: number | null;
}

export interface ReplicaStatus {
  readonly site: string;
  readonly connected: boolean;
  readonly behindEntries: number;
  readonly state: 'current' | 'catching_up' | 'joining' | 'snapshot' | 'away';
}

export interface ShardStatus {
  readonly shard: string;
  readonly home: string;
  /** '' when no site is known to act. */
  readonly primary: string;
  readonly epoch: number;
  readonly role: 'primary' | 'candidate' | 'replica';
  readonly endSeq: number;
  readonly commitSeq: number;
  readonly appliedSeq: number;
  /** Only the primary knows; empty elsewhere. */
  readonly replicas: readonly ReplicaStatus[];
  readonly leases: {
    readonly held: number;
    readonly registered: number;
    readonly waitingWrites: number;
  };
}

export interface ClusterStatus {
  readonly site: string;
  readonly version: string;
  readonly clusterId: string;
  readonly replicas: number;
  readonly writeQuorum: number;
  readonly sites: readonly SiteStatus[];
  readonly shards: readonly ShardStatus[];
  readonly leases: {
    readonly sessions: number;
    readonly reads: Readonly<Record<'primary' | 'lease' | 'validated' | 'fetched', number>>;
    readonly waitedWrites: number;
    readonly waitedMs: number;
  };
  readonly repairs: number;
  readonly storageFailure: string | null;
}

/** Only the outline is looked at: it comes from this page's own site. */
export function readCluster(value: unknown): ClusterStatus | null {
  if (!isFields(value) || typeof value.site !== 'string') return null;
  const hasLists = Array.isArray(value.sites) && Array.isArray(value.shards);
  return hasLists && isFields(value.leases) ? (value as unknown as ClusterStatus) : null;
}
