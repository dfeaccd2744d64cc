/*
 * How a site tells of itself and of the cluster as it sees it: `GET /v1/cluster`. Types alone: the
 * console has them from here.
 */

export interface ScrubStatus {
  readonly running: boolean;
  /** Passes that came to their end since the start. */
  readonly passes: number;
  /** Of the pass that is under way, else of the last one. */
  readonly chunks: number;
  readonly bytes: number;
  /** Versions and log entries that were read. */
  readonly records: number;
  readonly startedMs: number | null;
  readonly endedMs: number | null;
  /** Since the start: chunks that failed their hash or could not be read. */
  readonly damaged: number;
  /** Chunks that a version or entry refers to and that were not here. */
  readonly missing: number;
  /** Of both, those for which a good copy was fetched. */
  readonly repaired: number;
  /** What could not be repaired, and what else is wrong: sentences, the latest ones. */
  readonly findings: readonly string[];
}

export interface UpkeepStatus {
  /** Chunks that nothing referred to and that were removed, since the start. */
  readonly collected: { readonly rounds: number; readonly chunks: number; readonly bytes: number };
  readonly scrub: ScrubStatus;
}

export interface ReplicaStatus {
  readonly site: string;
  /** The primary has heard from it within the heartbeat bound. */
  readonly connected: boolean;
  /** Entries of the primary's log that this replica has not yet made durable. */
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
  readonly leases: ShardLeases;
}

/** Who may serve files of a shard without asking, as this site knows it. */
export interface ShardLeases {
  /** Files that this site holds from the primary, and for how long its short lease runs yet. */
  readonly held: number;
  readonly heldForMs: number;
  /** Files that clients of this site have registered, each client's counted. */
  readonly registered: number;
  /** At the primary: files that other sites hold, and committed writes that wait for caches now. */
  readonly lent: readonly { readonly site: string; readonly files: number }[];
  readonly waitingWrites: number;
}

/** What leases did at this site since it started. */
export interface LeaseCounts {
  /** Clients' sessions open now. */
  readonly sessions: number;
  /** Strong reads by what they rested on; those from clients' own memory never come here. */
  readonly reads: {
    readonly primary: number;
    readonly lease: number;
    readonly validated: number;
    readonly fetched: number;
  };
  /** Committed writes that waited for caches, how long in all, and for holders that had vanished. */
  readonly waitedWrites: number;
  readonly waitedMs: number;
  readonly lapsedHolders: number;
  /** Files let go because as many were held as may be. */
  readonly evicted: number;
}

/**
 * Whose a certificate is: the site's towards others, the one shown to clients, the authority of
 * both, the one shown to the coordinator where that is another, and its authority.
 */
export type CertificateName =
  | 'site'
  | 'client'
  | 'authority'
  | 'coordinator'
  | 'coordinator-authority';

/** A certificate of the site that answers, and when it ends, since 1970. */
export interface CertificateStatus {
  readonly what: CertificateName;
  readonly expiresMs: number;
}

export interface ClusterStatus {
  readonly site: string;
  readonly version: string;
  /** Where the site that answers serves S3, as a URL; null where it does not. */
  readonly s3Url?: string | null;
  readonly clusterId: string;
  readonly replicas: number;
  readonly writeQuorum: number;
  readonly sites: readonly {
    readonly site: string;
    readonly displayName: string;
    /** Where its HTTP API is, as a URL. */
    readonly url: string;
    /** Whether this site has a live session with it (true for itself). */
    readonly alive: boolean;
    /** False: it is being added, and no write rests on it yet. Absent: true. */
    readonly counts?: boolean;
    /** Measured round trip in milliseconds; null before the first measurement. */
    readonly roundTripMs: number | null;
    /** Bytes on the sessions with it since this site started; 0 for itself. */
    readonly sentBytes?: number;
    readonly receivedBytes?: number;
    /** Messages sent to it since the start, by kind. */
    readonly sentMessages?: Readonly<Record<string, number>>;
  }[];
  readonly shards: readonly ShardStatus[];
  /** The change of sites that is under way; null or absent where there is none. */
  readonly change?: { readonly kind: string; readonly site: string; readonly state: string } | null;
  readonly leases: LeaseCounts;
  /** Chunks and records that failed their checksum and were repaired, since the start. */
  readonly repairs: number;
  /** What was collected and scrubbed; not said by services that keep nothing on a disk. */
  readonly upkeep?: UpkeepStatus;
  /** null, or why the disk no longer takes writes. */
  readonly storageFailure: string | null;
  /** Absent where all is in the clear. */
  readonly certificates?: readonly CertificateStatus[];
}
