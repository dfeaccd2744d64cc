/** A path below the target: words of letters, digits, `.`, `_` and `-`, joined by `/`. */
export type TargetPath = string;

/**
 * Where backups are kept: a folder, or a bucket of any S3 store. Objects are small (16 MiB at most)
 * and whole: one that is there is there with all its bytes. Every call may reject with TargetFailed.
 */
export interface BackupTarget {
  /** What messages call it. */
  readonly name: string;
  /** Durable when it resolves. */
  put(path: TargetPath, bytes: Uint8Array): Promise<void>;
  /** Null if nothing is there. */
  get(path: TargetPath): Promise<Uint8Array | null>;
  /** All paths that begin with this, in no particular order. */
  list(prefix: string): AsyncIterable<TargetPath>;
  /** Removing what is not there does nothing. */
  remove(path: TargetPath): Promise<void>;
}

/** The target cannot be used; the message is a sentence for people. */
export class TargetFailed extends Error {
  override readonly name = 'TargetFailed';
}
