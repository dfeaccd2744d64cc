import type { LogEntry, Position } from '../log-entry.js';

/** What the replicas of one shard say to each other. Any of them may be lost, late or repeated. */
export type ShardMessage =
  | Append
  | Appended
  | Mismatch
  | Refused
  | Prepare
  | Promised
  | Fetch
  | Fetched
  | Withdraw
  | Withdrawn
  | HandoverRequest
  | SnapshotOffer
  | SnapshotWanted
  | Standing;

/** Names an epoch and the run of the process that it belongs to. */
export interface Reign {
  readonly epoch: number;
  readonly run: string;
}

/** From the primary: entries, positions, and, at each heartbeat, how long it means to act. */
export interface Append extends Reign {
  readonly kind: 'append';
  /** The entry before the first one sent. */
  readonly previous: Position;
  readonly entries: readonly LogEntry[];
  readonly commitSeq: number;
  readonly releasedSeq: number;
  /** No replica needs entries up to here any more. */
  readonly trimSeq: number;
  readonly beat: { readonly sentMs: number; readonly actMs: number } | null;
  /** For a replica that lost its disk: what it has to hold before it counts again. */
  readonly target: { readonly incarnation: number; readonly seq: number } | null;
}

/** To the primary: everything up to `durableSeq`, content included, is fsynced and equal. */
export interface Appended extends Reign {
  readonly kind: 'appended';
  readonly incarnation: number;
  readonly durableSeq: number;
  /** Not yet filled up after the loss of its disk: this acknowledges nothing. */
  readonly joining: boolean;
  /** The heartbeat that this acknowledges. */
  readonly beatSentMs: number | null;
}

/** To the primary: my log does not match at `previousSeq`; this is where it stands. */
export interface Mismatch extends Reign {
  readonly kind: 'mismatch';
  readonly incarnation: number;
  readonly joining: boolean;
  readonly previousSeq: number;
  readonly commitSeq: number;
  /** The last entry at or before `previousSeq`. */
  readonly at: Position;
}

/** A larger epoch, or another run of the same one, was promised here. */
export interface Refused extends Reign {
  readonly kind: 'refused';
  readonly promised: Reign;
}

export interface Prepare extends Reign {
  readonly kind: 'prepare';
}

/** A durable promise, with the end of what this replica may have acknowledged. */
export interface Promised extends Reign {
  readonly kind: 'promised';
  readonly incarnation: number;
  readonly end: Position;
  readonly commitSeq: number;
  /** How much longer an earlier primary may act, as far as this replica noted. */
  readonly remainderMs: number;
}

/** From a new primary: send what follows `after`. */
export interface Fetch extends Reign {
  readonly kind: 'fetch';
  readonly after: number;
  readonly upTo: number;
}

export interface Fetched extends Reign {
  readonly kind: 'fetched';
  readonly incarnation: number;
  readonly previous: Position;
  readonly entries: readonly LogEntry[];
  /** The log no longer reaches back that far. */
  readonly trimmed: boolean;
}

/** From a primary that gives up early: nothing it said about how long it acts holds any more. */
export interface Withdraw extends Reign {
  readonly kind: 'withdraw';
}

export interface Withdrawn extends Reign {
  readonly kind: 'withdrawn';
}

/** From the home site, back and caught up. */
export interface HandoverRequest {
  readonly kind: 'handover-request';
  readonly epoch: number;
}

/** From the primary: its log no longer reaches back to what this replica needs. */
export interface SnapshotOffer extends Reign {
  readonly kind: 'snapshot-offer';
  /** The first entry that could not be sent. */
  readonly missingSeq: number;
}

/** To the primary: a snapshot was begun here and never finished. */
export interface SnapshotWanted extends Reign {
  readonly kind: 'snapshot-wanted';
}

/** To everybody, now and then: how far this replica is, for the order of succession. */
export interface Standing {
  readonly kind: 'standing';
  readonly end: Position;
  readonly eligible: boolean;
}
