/** Durations of the protocol, in milliseconds. */
export interface ShardTiming {
  /** A successor tries when a claim's record stood unchanged for this long. */
  readonly claimMs: number;
  /** How long each heartbeat says that the primary means to act. At most `claimMs`. */
  readonly actMs: number;
  readonly heartbeatMs: number;
  /** A replica not heard from for this long does not count as connected. */
  readonly quietMs: number;
  /** Each place in the succession waits this much longer. */
  readonly staggerMs: number;
  /** A hand-over that takes longer is given up: the claim lapses. */
  readonly handoverLimitMs: number;
  /** The home site asks for its shard back after it was caught up for this long. */
  readonly homecomingMs: number;
  /** The short lease of a site on a shard; at most what is left of the primary's own right. */
  readonly leaseMs: number;
  /** The lease of a client's session; at most what is left of its site's own right. */
  readonly clientLeaseMs: number;
  /** A site goes on renewing its short lease for this long after the last read. */
  readonly leaseKeepMs: number;
  /** A holder that owes an answer to a revocation for longer is not renewed. */
  readonly revocationPatienceMs: number;
  /** A bucket that was written this lately is not lent for listings: each write would ask for it. */
  readonly listingRestMs: number;
  /** Largest difference between the rates of two machines' clocks, as a fraction. */
  readonly driftRate: number;
  /** Taken off each duration by its holder, and added by its granter. */
  readonly driftMarginMs: number;
}

export const DEFAULT_TIMING: ShardTiming = {
  claimMs: 1500,
  actMs: 1500,
  heartbeatMs: 300,
  quietMs: 1000,
  staggerMs: 200,
  handoverLimitMs: 1000,
  homecomingMs: 2000,
  leaseMs: 1000,
  clientLeaseMs: 2000,
  leaseKeepMs: 10_000,
  revocationPatienceMs: 750,
  listingRestMs: 500,
  driftRate: 0.002,
  driftMarginMs: 2,
};

/** Bounds of one shard at one site; reaching one is refused by name or waits, never grows. */
export interface ShardLimits {
  /** Entries not yet released at the primary; one more write is refused as overloaded. */
  readonly pendingEntries: number;
  readonly pendingBytes: number;
  /** Entries sent to one replica and not yet acknowledged. */
  readonly windowEntries: number;
  readonly windowBytes: number;
  /** Entries in one message. */
  readonly batchEntries: number;
  readonly batchBytes: number;
  /** Entries kept in memory beyond those the view has not applied. */
  readonly memoryEntries: number;
  readonly memoryBytes: number;
  /** Entries kept on disk for a replica that is away; beyond it gets a snapshot. */
  readonly retainEntries: number;
  readonly retainBytes: number;
  /** Entries kept for change feeds that come back; a cursor from before them is too old. */
  readonly feedEntries: number;
  /** Request ids remembered, counted in log positions. */
  readonly requestEntries: number;
  /** Files of the shard that a site keeps under lease; the least used one leaves for a new one. */
  readonly leasedFiles: number;
  /** Files that one client may have registered; reads of more are served and not registered. */
  readonly clientFiles: number;
  /** Clients that may hold leases at a site; one more is served without. */
  readonly clients: number;
}

export const DEFAULT_LIMITS: ShardLimits = {
  pendingEntries: 8192,
  pendingBytes: 64 * 1024 * 1024,
  windowEntries: 8192,
  windowBytes: 16 * 1024 * 1024,
  batchEntries: 512,
  batchBytes: 1024 * 1024,
  memoryEntries: 4096,
  memoryBytes: 8 * 1024 * 1024,
  retainEntries: 200_000,
  retainBytes: 128 * 1024 * 1024,
  feedEntries: 10_000,
  requestEntries: 65_536,
  leasedFiles: 100_000,
  clientFiles: 20_000,
  clients: 20_000,
};

export interface ShardConfig {
  readonly shard: string;
  readonly site: string;
  /** Names this run of this process; no other ever has the same. */
  readonly run: string;
  readonly incarnation: number;
  /** How often a process of this site has started, on whichever disk; this one counted. */
  readonly starts: number;
  /** The sites that the cluster was made with, the home site first, then by nearness to it. */
  readonly succession: readonly string[];
  /** Of those sites. What holds now is what the log says. */
  readonly writeQuorum: number;
  /**
   * Incarnations up to this one were given up for another machine, this one: it has no say before
   * the log names it. Absent where no machine was replaced.
   */
  readonly retired?: number;
  readonly timing: ShardTiming;
  readonly limits: ShardLimits;
}
