import { type Content, ETAG_KEY, type FileVersion, type Metadata } from './file-version.js';
import type { Configuration, Operation, Position } from './log-entry.js';
import type { GrantTerms } from './shard/messages.js';

/** What must hold at the primary, in log order, for a write to take effect. */
export interface WriteConditions {
  readonly ifVersion?: number;
  /** The newest version is this one, be it a delete; 0: there never was one. */
  readonly ifHead?: number;
  readonly ifAbsent?: boolean;
  readonly ifMatch?: readonly string[];
  readonly ifNoneMatch?: readonly string[];
}

export type WriteIntent =
  | {
      readonly kind: 'put';
      readonly name: string;
      readonly content: Content;
      readonly metadata: Metadata;
      readonly restored?: number;
      readonly erases?: readonly number[];
    }
  | {
      readonly kind: 'delete';
      readonly name: string;
      readonly metadata?: Metadata;
      readonly erases?: readonly number[];
    }
  | Extract<Operation, { kind: 'retain' | 'move-out' | 'move-in' | 'move-back' }>
  | {
      readonly kind: 'configure';
      readonly configuration: Configuration;
      /** Only asks whether it could be done now: `ready` is a rejection that says yes. */
      readonly probe: boolean;
    }
  | { readonly kind: 'configured'; readonly version: number };

export interface WriteRequest {
  /** '' for a request that nobody retries. */
  readonly requestId: string;
  /** A released seq of the shard from before the first attempt; null when not known. */
  readonly since: number | null;
  readonly intent: WriteIntent;
  readonly conditions: WriteConditions;
  /** What operators know the request by, at every site; means nothing here. */
  readonly trace?: string | undefined;
}

export type WriteRejection =
  /** This site does not act for the shard (any more, or yet): ask again, elsewhere. */
  | 'no_primary'
  | 'quorum_unavailable'
  | 'precondition_failed'
  | 'no_such_file'
  | 'overloaded'
  /** The name is not, or not yet, this shard's. */
  | 'moving'
  | 'names_have_files'
  /** Of a change of sites: it could be done now. */
  | 'ready'
  /** Of a change of sites: not yet, be it that a site is behind or has to hand over first. */
  | 'not_ready'
  /** Of a change of sites: another one has come before it, or it would break the arithmetic. */
  | 'wrong_change'
  | 'storage_failed';

export type WriteAnswer =
  | {
      readonly outcome: 'committed';
      readonly name: string;
      readonly version: number;
      readonly epoch: number;
      readonly seq: number;
      readonly atMs: number;
    }
  | {
      readonly outcome: 'rejected';
      readonly reason: WriteRejection;
      /** What a condition was judged against. */
      readonly current: FileVersion | null;
    }
  | { readonly outcome: 'unknown'; readonly reason: 'primary_lost' | 'forgotten' | 'timeout' };

export type ReadAnswer =
  | {
      readonly outcome: 'head';
      /** The newest released version, tombstones included; null if there never was one. */
      readonly head: FileVersion | null;
      readonly epoch: number;
      /** The asking site may keep it under these terms; null if not. */
      readonly terms: GrantTerms | null;
    }
  | { readonly outcome: 'retry'; readonly reason: 'no_primary' | 'moving' };

export type EndAnswer =
  | {
      readonly outcome: 'end';
      /** Everything that had committed when the question came is released, and at or below it. */
      readonly end: Position;
      /** The asking site may list the bucket without asking, under these terms; absent if not. */
      readonly terms?: GrantTerms;
    }
  | { readonly outcome: 'retry'; readonly reason: 'no_primary' };

export type Answer = WriteAnswer | ReadAnswer | EndAnswer;

function exists(head: FileVersion | null): head is FileVersion {
  return head !== null && !head.deleted;
}

/** What the file's newest version may be called in a condition. */
function etagsOf({ content, metadata }: FileVersion): readonly string[] {
  const given = metadata[ETAG_KEY];
  const own = content === null ? [] : [content.etag];
  return given === undefined ? own : [...own, given];
}

/** Whether every condition holds against the file's newest version. */
export function conditionsHold(conditions: WriteConditions, head: FileVersion | null): boolean {
  const etags = exists(head) ? etagsOf(head) : null;
  const { ifVersion, ifHead, ifAbsent, ifMatch, ifNoneMatch } = conditions;
  if (ifHead !== undefined && (head?.version ?? 0) !== ifHead) return false;
  if (ifVersion !== undefined && !(exists(head) && head.version === ifVersion)) return false;
  if (ifAbsent === true && exists(head)) return false;
  if (ifMatch !== undefined) {
    if (etags === null) return false;
    if (!ifMatch.includes('*') && !ifMatch.some((etag) => etags.includes(etag))) return false;
  }
  if (ifNoneMatch !== undefined && etags !== null) {
    if (ifNoneMatch.includes('*') || ifNoneMatch.some((etag) => etags.includes(etag))) return false;
  }
  return true;
}
