import type { Content } from '../protocol/file-version.js';
import type { AccessKeys } from './access-keys.js';
import type { BucketSettings } from './bucket-settings.js';
import type { SiteRecords } from './site-records.js';
import type { DigestName, Digests } from './site-context.js';
import type {
  Consistency,
  FileService,
  ReadFailure,
  WriteOptions,
  WriteOutcome,
} from './file-service.js';

/*
 * What gateways for objects need beyond files: content that is stored before it has a name, settings
 * of buckets, access keys, and records of their own, all replicated like any file.
 */

export type StoredContent =
  | {
      readonly ok: true;
      readonly content: Content;
      /** Of the whole body, those that were asked for, in lower-case hex. */
      readonly digests: Digests;
    }
  | {
      readonly ok: false;
      readonly reason:
        | 'body_incomplete'
        | 'too_large'
        | 'storage_failed'
        | 'quorum_unavailable'
        | 'overloaded'
        | 'site_stopping';
      readonly message: string;
    };

/** A bucket as its record says. */
export interface BucketState {
  readonly ok: true;
  readonly name: string;
  readonly createdMs: number;
  readonly settings: BucketSettings;
  /** Of its record: for a change that must not undo another. */
  readonly version: number;
}

export interface ObjectService extends FileService {
  readonly records: SiteRecords;
  readonly keys: AccessKeys;
  /**
   * Reads a body to its end and makes its content durable, without a name. It stays for two hours;
   * what has no name by then may be collected. `positionBytes`: about where in a larger content it
   * will lie; chunks are larger further in, so that their number stays within its limit.
   */
  store(
    body: AsyncIterable<Uint8Array>,
    options?: {
      readonly size?: number;
      readonly digests?: readonly DigestName[];
      readonly positionBytes?: number;
    },
  ): Promise<StoredContent>;
  /** The contents in a row as one, without moving what is in chunks already. */
  join(contents: readonly Content[]): Promise<StoredContent>;
  /** Gives stored content a name: a new version of the file. Moves no bytes. */
  put(name: string, content: Content, options?: WriteOptions): Promise<WriteOutcome>;
  /** Strong unless asked otherwise; local at a site that keeps the bucket's record under lease. */
  bucket(name: string, consistency?: Consistency): Promise<BucketState | ReadFailure>;
  /** Replaces a bucket's settings, if its record still has this version. */
  setBucket(name: string, settings: BucketSettings, version: number): Promise<WriteOutcome>;
}
