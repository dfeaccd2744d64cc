import type { FileVersion, Metadata } from '../file-version.js';
import type { Position } from '../log-entry.js';
import type { WriteAnswer, WriteConditions } from '../request.js';

/*
 * What a client and a site say to each other on a session: one ordered connection that ends as a
 * whole. Its number is the site's; a session that broke is never resumed.
 */

export const SESSION_PROTOCOL = 1;

/** How fresh a read has to be: `validate` asks the site each time; `local` takes what is there. */
export type ReadMode = 'strong' | 'validate' | 'local';

/** The client may keep the file while its lease on the shard, of this generation, runs. */
export interface KeepTerms {
  readonly shard: string;
  readonly generation: number;
  /** Grows with each revocation at the site: what was kept before one is older than it. */
  readonly serial: number;
}

/** A file that is to be dropped, or was: null stands for all files of the shard. */
export interface DroppedFile {
  readonly shard: string;
  readonly name: string | null;
  readonly serial: number;
}

export type SessionWrite =
  | {
      readonly kind: 'put';
      readonly name: string;
      readonly bytes: Uint8Array;
      readonly metadata: Metadata;
    }
  | { readonly kind: 'delete'; readonly name: string };

/** What is answered by leases says when it was sent, on the client's holder clock. */
export interface Timed {
  readonly sentMs: number;
}

export interface ShardLease {
  readonly shard: string;
  readonly generation: number;
  readonly durationMs: number;
}

/** Leases for the client, counted from `sentMs` of the request that this answers. */
export interface Leases extends Timed {
  readonly leases: readonly ShardLease[];
}

export type ClientMessage =
  | (Timed & { readonly kind: 'renew'; readonly shards: readonly string[] })
  | (Timed & {
      readonly kind: 'read';
      readonly id: number;
      readonly name: string;
      /** The version that the client has: its content need not travel. */
      readonly held: Position | null;
      readonly mode: ReadMode;
    })
  | (Timed & {
      readonly kind: 'write';
      readonly id: number;
      readonly requestId: string;
      /** What `position` said before the first attempt; null at the first. */
      readonly since: string | null;
      readonly write: SessionWrite;
      readonly conditions: WriteConditions;
    })
  /** After a reconnect, many at once: which of these are still the newest? */
  | (Timed & {
      readonly kind: 'revalidate';
      readonly id: number;
      readonly files: readonly (Position & { readonly name: string })[];
    })
  /** † The answer to `invalidate`, whatever the client had. */
  | { readonly kind: 'done'; readonly files: readonly DroppedFile[] }
  /** Not kept any more, to make room. */
  | { readonly kind: 'left'; readonly files: readonly DroppedFile[] }
  /** Tell what happens to files whose names begin so; `from`: a cursor, or null for from now on. */
  | {
      readonly kind: 'watch';
      readonly id: number;
      readonly prefix: string;
      readonly from: string | null;
    }
  | { readonly kind: 'unwatch'; readonly id: number }
  /** The client uses nothing from here on. */
  | { readonly kind: 'bye' };

export type ReadFailureReason =
  | 'no_primary'
  | 'quorum_unavailable'
  | 'moving'
  | 'overloaded'
  | 'invalid_name'
  | 'no_such_bucket'
  | 'storage_failed'
  | 'site_stopping'
  /** The client's key has no right to it. */
  | 'forbidden';

export type SessionWriteAnswer =
  | WriteAnswer
  /** Certainly not applied, for a reason that is not the primary's. */
  | { readonly outcome: 'refused'; readonly reason: string };

export interface ReadReply extends Leases {
  readonly kind: 'read';
  readonly id: number;
  readonly ok: true;
  /** Newest version, tombstones included; null if there never was one. */
  readonly head: FileVersion | null;
  /** The content is what the client said it holds, and did not travel. */
  readonly asHeld: boolean;
  readonly freshness: 'primary' | 'lease' | 'validated' | 'fetched' | 'local';
  readonly keep: KeepTerms | null;
}

export type SiteReply =
  /** The first thing said on a session. `position`: a token for `since`. */
  | {
      readonly kind: 'welcome';
      readonly session: string;
      readonly site: string;
      readonly position: string;
    }
  | (Leases & { readonly kind: 'renewed'; readonly position: string })
  | ReadReply
  | {
      readonly kind: 'read';
      readonly id: number;
      readonly ok: false;
      readonly reason: ReadFailureReason;
    }
  | (Leases & {
      readonly kind: 'written';
      readonly id: number;
      readonly answer: SessionWriteAnswer;
      /** The version that the write made, without its bytes; null unless it committed. */
      readonly head: FileVersion | null;
      readonly keep: KeepTerms | null;
    })
  | (Leases & {
      readonly kind: 'revalidated';
      readonly id: number;
      /** One for each file asked for; null where it is not the newest, or may not be kept. */
      readonly keeps: readonly (KeepTerms | null)[];
    })
  | { readonly kind: 'invalidate'; readonly files: readonly DroppedFile[] }
  /** `cursor`: where the feed stands after these; the first one says where it begins. */
  | {
      readonly kind: 'changes';
      readonly id: number;
      readonly changes: readonly Change[];
      readonly cursor: string;
    }
  | { readonly kind: 'watch-ended'; readonly id: number; readonly reason: WatchEnd };

/** A change of a file that has committed, as the log has it. */
export interface Change extends Position {
  /** `restore`: an old version was made the newest. */
  readonly kind: 'put' | 'delete' | 'restore';
  readonly name: string;
  readonly version: number;
  readonly size: number;
  readonly etag: string | null;
  readonly modifiedMs: number;
}

export type WatchEnd =
  /** The logs do not reach back to the cursor any more: changes may have been missed. */
  'too_old' | 'invalid_cursor' | 'overloaded' | 'forbidden';
