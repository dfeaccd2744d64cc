import type { FileVersion } from '../protocol/file-version.js';
import {
  type BucketSettings,
  DEFAULT_SETTINGS,
  readSettings,
  SETTINGS_LIMIT_BYTES,
  writeSettings,
} from './bucket-settings.js';
import type {
  Bucket,
  BucketOptions,
  Consistency,
  ReadFailure,
  WriteOptions,
  WriteOutcome,
} from './file-service.js';
import { type FileWrites, rejected } from './file-writes.js';
import { inlineContent } from './inline-content.js';
import { listBucket } from './listing.js';
import type { BucketState } from './object-service.js';
import type { BucketRetention } from './retention.js';
import { type ShardCalls, failure } from './shard-calls.js';
import {
  BUCKET_RECORD_PREFIX,
  SYSTEM_BUCKET,
  bucketRecord,
  checkBucketName,
} from './site-names.js';

/** How often a removal meets a bucket that is created and removed at the same time. */
const REMOVAL_ATTEMPTS = 3;

/** Settings that are kept as they were read. */
const KNOWN_LIMIT = 1000;

/** Buckets are files among others: a record of settings under a name that no client can write. */
export class Buckets {
  private readonly known = new Map<
    string,
    { readonly version: number; readonly epoch: number; readonly settings: BucketSettings | null }
  >();

  constructor(
    private readonly calls: ShardCalls,
    private readonly writes: FileWrites,
  ) {}

  /**
   * Null if there is such a bucket. One that this site knows needs no question to anybody, so a
   * removal elsewhere is noticed as late as its record arrives here; one it does not know is
   * looked for at the record's primary before it is denied.
   */
  async missing(bucket: string, isStrong = true): Promise<ReadFailure | null> {
    const known = this.calls.driveFor(bucketRecord(bucket)).releasedHead(bucketRecord(bucket));
    if (known !== undefined && !known.deleted) return null;
    if (!isStrong) return noBucket(bucket);
    const head = await this.head(bucket);
    if (head !== null && 'ok' in head) return head;
    return head === null || head.deleted ? noBucket(bucket) : null;
  }

  async list(): Promise<{ readonly ok: true; readonly buckets: readonly Bucket[] } | ReadFailure> {
    const listed = await this.recorded();
    if (!listed.ok) return listed;
    const buckets = listed.records.map(({ name, record }) => {
      return { name, createdMs: settingsOf(record)?.createdMs ?? record.modifiedMs };
    });
    return { ok: true, buckets };
  }

  /** How the history of each bucket is kept. */
  async retentions(): Promise<
    { readonly ok: true; readonly buckets: readonly BucketRetention[] } | ReadFailure
  > {
    const listed = await this.recorded();
    if (!listed.ok) return listed;
    const buckets = listed.records.map(({ name, record }) => {
      return { name, retention: settingsOf(record)?.retention ?? null };
    });
    return { ok: true, buckets };
  }

  private async recorded(): Promise<
    | {
        readonly ok: true;
        readonly records: readonly { readonly name: string; readonly record: FileVersion }[];
      }
    | ReadFailure
  > {
    const records: { readonly name: string; readonly record: FileVersion }[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page = await listBucket(this.calls, {
        bucket: SYSTEM_BUCKET,
        prefix: BUCKET_RECORD_PREFIX,
        ...(cursor !== '' && { cursor }),
      });
      if (!page.ok) return page;
      for (const record of page.files) {
        records.push({ name: record.name.slice(bucketRecord('').length), record });
      }
      cursor = page.next;
    }
    return { ok: true, records };
  }

  /** `local` and what a site holds under lease ask nobody. */
  async state(
    bucket: string,
    consistency: Consistency = 'strong',
  ): Promise<BucketState | ReadFailure> {
    const check = checkBucketName(bucket);
    if (!check.ok) return failure('invalid_name', check.message);
    const head = await this.head(bucket, consistency);
    if (head !== null && 'ok' in head) return head;
    if (head === null || head.deleted) return noBucket(bucket);
    const settings = this.settingsAt(head);
    if (settings === null) {
      return failure('storage_failed', `the settings of bucket ${bucket} cannot be read`);
    }
    const createdMs = settings.createdMs ?? head.modifiedMs;
    return { ok: true, name: bucket, createdMs, settings, version: head.version };
  }

  /** As last read, while the record has the same version: a site reads them for every request. */
  private settingsAt(record: FileVersion): BucketSettings | null {
    const { name, version, epoch } = record;
    const known = this.known.get(name);
    if (known?.version === version && known.epoch === epoch) return known.settings;
    const settings = settingsOf(record);
    if (this.known.size >= KNOWN_LIMIT) this.known.clear();
    this.known.set(name, { version, epoch, settings });
    return settings;
  }

  /** Replaces the settings if the record still has this version. */
  async set(bucket: string, settings: BucketSettings, version: number): Promise<WriteOutcome> {
    const bytes = writeSettings(settings);
    if (bytes.length > SETTINGS_LIMIT_BYTES) {
      return rejected(
        'too_large',
        `the settings of a bucket have up to ${SETTINGS_LIMIT_BYTES} bytes`,
      );
    }
    const outcome = await this.writes.put(
      { kind: 'put', name: bucketRecord(bucket), content: inlineContent(bytes), metadata: {} },
      { ifVersion: version },
    );
    return named(outcome, bucket);
  }

  async create(bucket: string, options: BucketOptions): Promise<WriteOutcome> {
    const check = checkBucketName(bucket);
    if (!check.ok) return rejected('invalid_name', check.message);
    const { owner = '' } = options;
    const outcome = await this.putRecord(bucket, { ...DEFAULT_SETTINGS, owner }, idOf(options));
    if (outcome.outcome === 'rejected' && outcome.reason === 'precondition_failed') {
      return rejected('bucket_exists', `bucket ${bucket} exists already`);
    }
    return named(outcome, bucket);
  }

  /**
   * Removes a bucket without live files. A file that is written while that happens makes the
   * bucket come back, unless its writer had looked for the bucket before the removal and its write
   * commits after the bucket was found empty for the second time, or at a site that has not heard
   * of the removal: such a file can be read by its name, and is listed when the bucket is created
   * again.
   */
  async remove(bucket: string, options: WriteOptions): Promise<WriteOutcome> {
    const check = checkBucketName(bucket);
    if (!check.ok) return rejected('invalid_name', check.message);
    for (let attempt = 0; attempt < REMOVAL_ATTEMPTS; attempt += 1) {
      const head = await this.head(bucket);
      if (head !== null && 'ok' in head) return refusedBy(head);
      if (head === null || head.deleted) {
        const earlier = await this.writes.earlier(bucketRecord(bucket), options.requestId);
        return earlier === null
          ? rejected('no_such_bucket', `there is no bucket ${bucket}`)
          : named(earlier, bucket);
      }
      const busy = await this.notEmpty(bucket);
      if (busy !== null) return busy;
      const outcome = await this.writes.put(
        { kind: 'delete', name: bucketRecord(bucket) },
        { ...idOf(options), ifVersion: head.version },
      );
      if (outcome.outcome === 'rejected' && outcome.reason === 'precondition_failed') continue;
      if (outcome.outcome !== 'committed') return named(outcome, bucket);
      const slippedIn = await this.notEmpty(bucket);
      if (slippedIn?.outcome !== 'rejected' || slippedIn.reason !== 'bucket_not_empty') {
        return named(outcome, bucket);
      }
      await this.putRecord(bucket, settingsOf(head) ?? DEFAULT_SETTINGS, {});
      return slippedIn;
    }
    return rejected('overloaded', `bucket ${bucket} is being created and removed; try again`);
  }

  private putRecord(
    bucket: string,
    settings: BucketSettings,
    options: WriteOptions,
  ): Promise<WriteOutcome> {
    const name = bucketRecord(bucket);
    const content = inlineContent(writeSettings(settings));
    return this.writes.put(
      { kind: 'put', name, content, metadata: {} },
      { ...options, ifAbsent: true },
    );
  }

  private async head(
    bucket: string,
    consistency: Consistency = 'strong',
  ): Promise<FileVersion | null | ReadFailure> {
    const name = bucketRecord(bucket);
    if (consistency === 'local') return this.calls.driveFor(name).releasedHead(name) ?? null;
    const read = await this.calls.read(name, consistency === 'strong');
    if (read === 'timeout') return this.calls.readFailure(read);
    return read.ok ? read.head : this.calls.readFailure(read.reason);
  }

  /** Null if no live file is in the bucket. */
  private async notEmpty(
    bucket: string,
  ): Promise<Extract<WriteOutcome, { outcome: 'rejected' }> | null> {
    const listing = await listBucket(this.calls, { bucket, limit: 1 });
    if (!listing.ok) return refusedBy(listing);
    const [file] = listing.files;
    if (file === undefined) return null;
    const message = `bucket ${bucket} still has files, ${file.name} for one`;
    return { outcome: 'rejected', reason: 'bucket_not_empty', message };
  }
}

/** Null for what no version of this program wrote. */
function settingsOf({ content }: FileVersion): BucketSettings | null {
  return content?.kind === 'inline' ? readSettings(content.bytes) : null;
}

/** A write that cannot go on because something could not be read. */
export function refusedBy(read: ReadFailure): Extract<WriteOutcome, { outcome: 'rejected' }> {
  const reason = read.reason === 'timeout' ? 'no_primary' : read.reason;
  return { outcome: 'rejected', reason, message: read.message };
}

function noBucket(bucket: string): ReadFailure {
  return failure('no_such_bucket', `there is no bucket ${bucket}`);
}

/** Only what makes a retry safe: conditions are about files. */
function idOf({ requestId, since }: WriteOptions): WriteOptions {
  return { ...(requestId !== undefined && { requestId }), ...(since !== undefined && { since }) };
}

/** The bucket's own name in the place of its record's. */
function named(outcome: WriteOutcome, bucket: string): WriteOutcome {
  return outcome.outcome === 'committed'
    ? { ...outcome, file: { ...outcome.file, name: bucket } }
    : outcome;
}
