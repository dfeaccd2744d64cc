import type { ClientFreshness } from '../../protocol/client/answers.js';

/*
 * What the client's calls come to. Every outcome is a value; a call rejects only for a mistake in
 * how it was called.
 */

/** How it is known that an answer is fresh; `memory`: the client's own copy, under a live lease. */
export type Freshness = ClientFreshness;

/** A version of a file. */
export interface FileInfo {
  /** `bucket/path` */
  readonly name: string;
  /** Counts the writes and deletes of this file, from 1; never used twice. */
  readonly version: number;
  /** In bytes. */
  readonly size: number;
  /** The same for the same content: `b3-` and its BLAKE3 hash. */
  readonly etag: string;
  /** When it was written, by the clock of its primary. Not for telling which of two came first. */
  readonly modified: Date;
  readonly contentType: string | null;
  /** What its writer gave; keys in lower case. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** A file with its content. Objects may be shared between reads: treat them as read-only. */
export interface QuorateFile extends FileInfo {
  /** Shared with the client's cache: copy it before you change it. */
  readonly bytes: Uint8Array;
  readonly freshness: Freshness;
  /** The content as UTF-8 text. */
  text(): string;
}

/** The reason is a code of the HTTP API, or one of the client: see docs/client.md. */
export interface Failed {
  readonly outcome: 'failed';
  readonly reason: string;
  /** A sentence for people. */
  readonly message: string;
}

export interface Absent {
  readonly outcome: 'absent';
  /** The version of its deletion; null if the file never was. */
  readonly version: number | null;
  readonly freshness: Freshness;
}

export type ReadResult =
  | { readonly outcome: 'found'; readonly file: QuorateFile }
  | Absent
  | Failed;

export type StatResult =
  | { readonly outcome: 'found'; readonly file: FileInfo & { readonly freshness: Freshness } }
  | Absent
  | Failed;

export type StreamResult =
  | {
      readonly outcome: 'found';
      readonly file: FileInfo & { readonly freshness: Freshness };
      /** Fails if it breaks off: nothing is left out silently. */
      readonly body: ReadableStream<Uint8Array>;
    }
  | Absent
  | Failed;

export type WriteResult =
  | {
      readonly outcome: 'committed';
      readonly name: string;
      /** The version that this very write made. */
      readonly version: number;
      readonly requestId: string;
    }
  /** Certainly not applied. */
  | {
      readonly outcome: 'rejected';
      readonly reason: string;
      readonly message: string;
      /** What a condition was judged against; null: the file does not exist, or it is not known. */
      readonly currentVersion: number | null;
      readonly requestId: string;
    }
  /** May have been applied, or may be yet. Safe to repeat under the same request id. */
  | {
      readonly outcome: 'unknown';
      readonly reason: string;
      readonly message: string;
      readonly requestId: string;
    };

export type UploadResult =
  | (WriteResult & {
      /** Give it as `resume` to go on; null: nothing was sent that could be gone on with. */
      readonly resume: string | null;
    })
  /** By its signal. Certainly not applied: what was sent is kept for a week. */
  | {
      readonly outcome: 'stopped';
      readonly resume: string | null;
      readonly requestId: string;
    };

export type DiscardResult =
  | { readonly outcome: 'discarded' }
  /** It is over: it has become a version, was discarded before, or has ended by its age. */
  | { readonly outcome: 'absent' }
  | Failed;

export type UpdateResult =
  | WriteResult
  /** The function gave null: nothing was written. */
  | { readonly outcome: 'unchanged'; readonly version: number | null };

export type ListResult =
  | {
      readonly outcome: 'listed';
      readonly files: readonly FileInfo[];
      /** What names share up to the delimiter; paths without their bucket. */
      readonly prefixes: readonly string[];
      /** Give it as `cursor` for the next page; null at the end. */
      readonly next: string | null;
    }
  | Failed;

export type HistoryResult =
  | {
      readonly outcome: 'listed';
      /** Newest first; deletions have no content and are marked. */
      readonly versions: readonly (FileInfo & { readonly deleted: boolean })[];
      /** Give it as `before` for the next page; null at the end. */
      readonly next: number | null;
    }
  | Failed;

export type ClusterResult =
  | { readonly outcome: 'found'; readonly cluster: Readonly<Record<string, unknown>> }
  | Failed;

const MESSAGES: Readonly<Record<string, string>> = {
  timeout: 'no answer came in time',
  unreachable: 'no site could be reached in time',
  closed: 'the client is closed',
  no_primary: 'no site acts for this file just now',
  quorum_unavailable: 'too few sites can be reached to do this safely',
  moving: 'the name is on its way to another primary',
  overloaded: 'as much is under way as may be',
  invalid_name: 'this is not a legal name: names are bucket/path',
  no_such_bucket: 'there is no such bucket',
  no_such_file: 'there is no such file',
  no_such_version: 'the file has no such version to read',
  precondition_failed: 'a condition of the request does not hold',
  storage_failed: 'the disk of the site refuses',
  site_stopping: 'the site is stopping',
  primary_lost: 'the primary was lost during the write',
  forgotten: 'the request id is too old to be known',
  no_such_upload: 'there is no such upload, or it is over',
  source_changed: 'what is sent is not what the upload was begun with',
  source_failed: 'what is to be sent cannot be read',
  invalid_resume: 'this is not what an upload of this name gave to be resumed',
  aborted: 'it was stopped by its signal',
  contention: 'others kept writing the file in between',
  behind: 'the site is behind what this client has seen, and no other answer could be had',
};

export function messageOf(reason: string): string {
  return MESSAGES[reason] ?? reason.replaceAll('_', ' ');
}

export function failed(reason: string, message = messageOf(reason)): Failed {
  return { outcome: 'failed', reason, message };
}
