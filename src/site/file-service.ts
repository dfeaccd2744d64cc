import type { ClusterStatus } from './status-types.js';
import type { SiteChangeDesk } from './site-change-desk.js';
import type { RequestTrace } from './telemetry/request-trace.js';
import type { Upkeep } from './upkeep.js';
import type { AuditNote } from './access/audit-log.js';
import type { Caller } from './access/caller.js';
import type { FileVersion, Metadata } from '../protocol/file-version.js';
import type { PrimaryTable, TableRule } from '../protocol/ports.js';

/*
 * What a site offers its gateways. Gateways speak to this and to nothing below it. Any site takes
 * any call; what has to happen at a file's primary is forwarded there by the site itself.
 */

/**
 * How fresh an answer has to be. `strong` and `validate` are equally fresh: `strong` lets the site
 * keep the file under lease, `validate` asks the primary each time and keeps nothing.
 */
export type Consistency = 'strong' | 'validate' | 'local';

/** How the freshness of an answer was established. */
export type Freshness =
  /** Served by the file's primary itself. */
  | 'primary'
  /** This site holds the file under lease: it is current, and nobody was asked. */
  | 'lease'
  /** The primary was asked for the version; the bytes are this site's own. */
  | 'validated'
  /** The primary was asked for the version; the bytes came from another site. */
  | 'fetched'
  /** Whatever this site has; may be old. */
  | 'local';

export interface Served {
  /** The site that answered. */
  readonly site: string;
  /** The site that was the file's primary when the answer was made; '' when unknown. */
  readonly primary: string;
  readonly freshness: Freshness;
  /** For `local`: how long ago this site last knew it was up to date; null when never. */
  readonly ageMs: number | null;
}

/** What must hold at the primary, in log order, for a write to take effect. All given must hold. */
export interface Conditions {
  /** The file's newest version is exactly this one and is not a delete. */
  readonly ifVersion?: number;
  /** The file's newest version is exactly this one, be it a delete; 0: there never was one. */
  readonly ifHead?: number;
  /** The file does not exist (never written, or deleted). */
  readonly ifAbsent?: boolean;
  /** The file exists, and its etag is among these ('*': any). */
  readonly ifMatch?: readonly string[];
  /** The file does not exist, or its etag is not among these ('*': must not exist). */
  readonly ifNoneMatch?: readonly string[];
}

export type RejectReason =
  /** Fewer than W sites are there to hold the write. Nothing was stored. */
  | 'quorum_unavailable'
  /** No site acts for the file's shard now; a failover is under way. Nothing was stored. */
  | 'no_primary'
  /** A condition of the request does not hold. */
  | 'precondition_failed'
  | 'no_such_bucket'
  | 'bucket_exists'
  | 'bucket_not_empty'
  | 'no_such_file'
  | 'no_such_version'
  | 'invalid_name'
  /** `since` is not a token that `position` gave. */
  | 'invalid_since'
  | 'too_large'
  /** The body ended before its announced length, or did not match its announced digest. */
  | 'body_incomplete'
  /** The site has as much in flight as it may. Try again later. */
  | 'overloaded'
  /** The name is on its way from one primary to another. Try again. */
  | 'moving'
  /** The site's disk refuses writes (full or failed). */
  | 'storage_failed'
  /** A rule change would move names that have files. */
  | 'names_have_files'
  | 'unknown_site'
  | 'site_stopping';

/** One of three, and the caller can always tell which. */
export type WriteOutcome =
  | {
      readonly outcome: 'committed';
      readonly file: FileVersion;
      readonly served: Served;
    }
  | {
      /** Certainly not applied. */
      readonly outcome: 'rejected';
      readonly reason: RejectReason;
      readonly message: string;
      /** The version the condition was judged against, where one was. */
      readonly current?: FileVersion;
    }
  | {
      /** May or may not have taken effect; safe to retry under the same request id. */
      readonly outcome: 'unknown';
      readonly reason: 'timeout' | 'primary_lost' | 'forgotten';
      readonly message: string;
    };

export interface WriteOptions extends Conditions {
  /** A retry under the same id takes effect at most once. Made up by the site when not given. */
  readonly requestId?: string;
  /**
   * A `position` token of this site or another from before the first attempt. An id whose token is
   * older than what the shard remembers is answered `unknown (forgotten)` and never executed.
   */
  readonly since?: string;
  /** Of a delete: marks it, and lets it be of a file that does not exist. */
  readonly metadata?: Metadata;
  /** Earlier versions of the file, at most 1,000, that leave its history with this write. */
  readonly erases?: readonly number[];
  /** What operators know the request by. */
  readonly trace?: RequestTrace;
}

export type ReadFailure = {
  readonly ok: false;
  readonly reason:
    | 'no_such_bucket'
    | 'no_such_file'
    | 'no_such_version'
    | 'invalid_name'
    | 'quorum_unavailable'
    | 'no_primary'
    | 'moving'
    | 'overloaded'
    | 'timeout'
    | 'storage_failed'
    | 'site_stopping';
  readonly message: string;
  /** For `no_such_file`: the tombstone, where there is one. */
  readonly tombstone?: FileVersion;
};

export interface ByteRange {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

export interface OpenedFile {
  readonly ok: true;
  readonly file: FileVersion;
  readonly served: Served;
  /**
   * The bytes, verified against their hash piece by piece; the whole content or a range within it.
   * Throws ContentLost where no site can provide a good copy of a piece. Call at most once.
   */
  body(range?: ByteRange): AsyncIterable<Uint8Array>;
}

export interface ListOptions {
  readonly bucket: string;
  readonly prefix?: string;
  /** Names that share what follows the prefix up to this string are rolled into one. */
  readonly delimiter?: string;
  /** The `next` of an earlier page. */
  readonly cursor?: string;
  /** Instead of a cursor: only paths after this one, and prefixes that do not begin it. */
  readonly after?: string;
  /** Deleted files too, by their tombstones. */
  readonly deleted?: boolean;
  /** 1 to 1,000; default 1,000. Files and rolled-up prefixes both count. */
  readonly limit?: number;
  readonly consistency?: Consistency;
}

export type Listing =
  | {
      readonly ok: true;
      readonly files: readonly FileVersion[];
      /** Full path prefixes (without bucket), ending in the delimiter. */
      readonly prefixes: readonly string[];
      /** Pass as `cursor` for the next page; null at the end. */
      readonly next: string | null;
      readonly served: Served;
    }
  | ReadFailure;

export type History =
  | {
      readonly ok: true;
      /** Newest first; tombstones included. */
      readonly versions: readonly FileVersion[];
      /** Pass as `before` for the next page; null at the end. */
      readonly next: number | null;
      readonly served: Served;
    }
  | ReadFailure;

export interface BucketOptions extends WriteOptions {
  /** The access key that makes it. */
  readonly owner?: string;
}

export interface Bucket {
  readonly name: string;
  readonly createdMs: number;
}

/** A client's session with a site: frames as they come on one ordered connection. */
export interface SiteSession {
  /** Takes a frame; returns why the connection has to end, or null. */
  receive(frame: string | Uint8Array): string | null;
  /** The connection is gone. Call once; nothing is sent any more. */
  closed(): void;
}

/** Told of every write of a session, and of what its key has no right to. */
export type SessionAudit = (done: Pick<AuditNote, 'act' | 'what' | 'outcome' | 'answer'>) => void;

export interface FileService {
  /** Changes of sites; null where there is only one. */
  readonly siteChanges: SiteChangeDesk | null;
  /** Looking after what the site keeps; null for services that keep nothing on a disk. */
  readonly upkeep: Upkeep | null;
  /**
   * A client has connected and speaks the session protocol (docs/protocol.md): reads, writes and
   * leases for a cache of its own, as far as the caller's rights go. Null when as many sessions are
   * open as may be.
   */
  openSession(
    send: (frame: string | Uint8Array) => void,
    caller: Caller,
    heard?: SessionAudit,
  ): SiteSession | null;
  /** Opens a file's newest version, or the given one, for reading. */
  open(
    name: string,
    options?: {
      readonly consistency?: Consistency;
      readonly version?: number;
      readonly trace?: RequestTrace;
    },
  ): Promise<OpenedFile | ReadFailure>;
  /**
   * Writes a new version. The body is read to its end before anything is proposed; a body that
   * throws rejects with `body_incomplete`. `size` is the announced length where there is one.
   */
  write(
    name: string,
    body: AsyncIterable<Uint8Array>,
    options?: WriteOptions & { readonly size?: number },
  ): Promise<WriteOutcome>;
  /** Deleting what does not exist is rejected with `no_such_file`. */
  remove(name: string, options?: WriteOptions): Promise<WriteOutcome>;
  /** A new version of `to` with the content of `from` (or of one of its versions). Moves no bytes. */
  copy(
    from: string,
    to: string,
    options?: WriteOptions & { readonly version?: number },
  ): Promise<WriteOutcome>;
  /**
   * Copies, then deletes `from` if it is still the version that was copied. Not atomic: when the
   * delete is not committed, its outcome is returned and both names exist.
   */
  move(from: string, to: string, options?: WriteOptions): Promise<WriteOutcome>;
  list(options: ListOptions): Promise<Listing>;
  history(
    name: string,
    options?: {
      readonly before?: number;
      readonly limit?: number;
      readonly consistency?: Consistency;
    },
  ): Promise<History>;

  listBuckets(): Promise<{ readonly ok: true; readonly buckets: readonly Bucket[] } | ReadFailure>;
  createBucket(name: string, options?: BucketOptions): Promise<WriteOutcome>;
  /** Only an empty bucket (no live files) is removed. */
  removeBucket(name: string, options?: WriteOptions): Promise<WriteOutcome>;

  primaryTable(): Promise<PrimaryTable | null>;
  /** Which rule and shard a name gets. */
  primaryOf(name: string): {
    readonly rule: TableRule;
    readonly shard: string;
    readonly primary: string;
  };
  /** Makes names of a pattern (exact `bucket/path`, or prefix ending in `*`) belong to a shard. */
  setPrimary(
    pattern: string,
    shard: string,
  ): Promise<
    | { readonly ok: true; readonly table: PrimaryTable }
    | { readonly ok: false; readonly reason: RejectReason; readonly message: string }
  >;

  cluster(): ClusterStatus;
  /** A token for `since`: what this site knows to be released, per shard. */
  position(): string;
}

/** No site could provide a copy of a piece of content that matches its hash. */
export class ContentLost extends Error {
  override readonly name = 'ContentLost';
}
