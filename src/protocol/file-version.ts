/** A piece of a large file, named by the BLAKE3 hash of its bytes (64 lower-case hex digits). */
export interface ChunkRef {
  readonly hash: string;
  readonly size: number;
}

/** Content that travels inside the log entry itself: one message, one fsync. */
export interface InlineContent {
  readonly kind: 'inline';
  readonly size: number;
  /** BLAKE3 of the whole content, 64 lower-case hex digits. */
  readonly etag: string;
  readonly bytes: Uint8Array;
}

/** Content that moved ahead of the log entry, which only names it. */
export interface ChunkedContent {
  readonly kind: 'chunked';
  readonly size: number;
  /** BLAKE3 of the whole content, 64 lower-case hex digits. */
  readonly etag: string;
  readonly chunks: readonly ChunkRef[];
}

export type Content = InlineContent | ChunkedContent;

export type Metadata = Readonly<Record<string, string>>;

/** Metadata: an etag that a gateway gave the version; conditions take it like that of the content. */
export const ETAG_KEY = 'etag';

/**
 * One committed version of one file. `version` counts this file's writes and deletes, assigned by
 * the primary, strictly growing, never reused; `epoch` and `seq` are its position in its shard's log.
 */
export interface FileVersion {
  /** `bucket/path`; never normalised. */
  readonly name: string;
  readonly version: number;
  readonly epoch: number;
  readonly seq: number;
  readonly deleted: boolean;
  /** `null` exactly when `deleted`. */
  readonly content: Content | null;
  readonly metadata: Metadata;
  /** The primary's wall clock at the write. For people and retention; never for order. */
  readonly modifiedMs: number;
}

/** Content up to this size is inline. */
export const INLINE_LIMIT_BYTES = 32 * 1024;
/** Longest legal `path` part of a name, in UTF-8 bytes. */
export const PATH_LIMIT_BYTES = 1024;
/** As many as fit into one message between sites (84 bytes each of 4 MiB), with room for the rest. */
export const CHUNK_COUNT_LIMIT = 40_960;
/** The largest chunk that may travel between sites. */
export const CHUNK_LIMIT_BYTES = 8 * 1024 * 1024;
