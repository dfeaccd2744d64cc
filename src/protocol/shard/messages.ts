import type { FileVersion } from '../file-version.js';
import type { Configuration, LogEntry, Position } from '../log-entry.js';

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
  | LeaseRequest
  | LeaseReply
  | Grant
  | Revoke
  | Revoked
  | Recall
  | Recalled
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
  /** The newest configuration in the candidate's log; absent in the first version of the program. */
  readonly configured?: number;
  /** A primary that told the candidate that it does not act any more; absent: none did. */
  readonly withdrawn?: Reign;
}

/** A durable promise, with the end of what this replica may have acknowledged. */
export interface Promised extends Reign {
  readonly kind: 'promised';
  readonly incarnation: number;
  readonly end: Position;
  readonly commitSeq: number;
  /** How much longer an earlier primary may act, as far as this replica noted. */
  readonly remainderMs: number;
  /**
   * The configurations that hold as far as this log says, the one that has committed first; absent
   * in the first version of the program, whose logs know of none but the first.
   */
  readonly active?: readonly Configuration[];
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

/** To the primary: this site has readers, and asks for its short lease or for a longer one. */
export interface LeaseRequest extends Reign {
  readonly kind: 'lease-request';
  /** The run of the asking process. */
  readonly holder: string;
  /** On the asking site's holder clock; echoed. */
  readonly sentMs: number;
  /** Files that the site does not keep any more, with the position they were granted at. */
  readonly left: readonly { readonly name: string; readonly position: number }[];
}

/** The short lease: for so long from `sentMs`, files granted in this generation may be served. */
export interface LeaseReply extends Reign {
  readonly kind: 'lease';
  readonly holder: string;
  readonly sentMs: number;
  readonly durationMs: number;
  readonly generation: number;
}

/** The version that a grant speaks of; null where the file never was. */
export type GrantedVersion = Pick<FileVersion, 'version' | 'epoch' | 'seq'> | null;

/** A site may serve this version of a file, while its short lease of the same generation runs. */
export interface GrantTerms extends Reign {
  readonly generation: number;
  /** The end of the primary's log when it was given. */
  readonly position: number;
}

/** The file was written and is released: the site, which had readers of it, has it again. */
export interface Grant extends GrantTerms {
  readonly kind: 'grant';
  readonly name: string;
  readonly version: GrantedVersion;
}

/** A file written by entry `seq`; null for all files of the shard. */
export interface RevokedFile {
  readonly name: string | null;
  readonly seq: number;
}

/** Beside the append, to a site that has the files: say when no cache there serves them any more. */
export interface Revoke extends Reign {
  readonly kind: 'revoke';
  readonly files: readonly RevokedFile[];
}

/** † Always said, also to a stale or repeated revocation. Needs no disk, content or matching log. */
export interface Revoked extends Reign {
  readonly kind: 'revoked';
  /** `wanted`: there are readers here who will ask again. */
  readonly files: readonly (RevokedFile & { readonly wanted: boolean })[];
}

/** The primary is going to withdraw: every lease of this epoch ends, and none is accepted again. */
export interface Recall extends Reign {
  readonly kind: 'recall';
}

export interface Recalled extends Reign {
  readonly kind: 'recalled';
  /**
   * Said unasked by a site that ends, with the run of its process: that one takes no lease any more,
   * of whichever epoch. Primaries of the first version take it for an answer.
   */
  readonly holder?: string;
}

/** From a primary that gives up early: nothing it said about how long it acts holds any more. */
export interface Withdraw extends Reign {
  readonly kind: 'withdraw';
  /** The site that is to come next, which need not wait for the release; '' or absent for any. */
  readonly successor?: string;
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
