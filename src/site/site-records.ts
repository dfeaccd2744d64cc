import type { Content, FileVersion } from '../protocol/file-version.js';
import { ChangeFeed } from '../protocol/node/change-feed.js';
import type {
  Consistency,
  Listing,
  ReadFailure,
  Served,
  WriteOptions,
  WriteOutcome,
} from './file-service.js';
import type { FileWrites } from './file-writes.js';
import { listBucket, PAGE_LIMIT } from './listing.js';
import type { ShardCalls } from './shard-calls.js';
import { SYSTEM_BUCKET } from './site-names.js';

export type RecordRead =
  | { readonly ok: true; readonly record: FileVersion | null; readonly served: Served }
  | ReadFailure;

/**
 * Files that no client can name. A path is any text of up to 1,200 bytes of UTF-8; its first part
 * says whose records they are (`uploads/…`).
 */
export interface SiteRecords {
  /** The newest version, or null if there is none or it was deleted. */
  read(path: string, consistency?: Consistency): Promise<RecordRead>;
  put(path: string, content: Content, options?: WriteOptions): Promise<WriteOutcome>;
  remove(path: string, options?: WriteOptions): Promise<WriteOutcome>;
  /** In the order of paths; as fresh as a listing of files. `limit` 1 to 1,000. */
  list(options: {
    readonly prefix: string;
    /** Only paths after this one. */
    readonly after?: string;
    readonly limit?: number;
  }): Promise<Listing>;
  /**
   * Told of every change of a record whose path begins so, once this site shows it; null: changes
   * were missed, and there may have been any. Returns what ends it.
   */
  watch(prefix: string, changed: (path: string | null) => void): () => void;
}

/** The longest path of a record in bytes of UTF-8: a file's own longest path has room in it. */
export const RECORD_PATH_LIMIT_BYTES = 1200;

/** Records of the store's own, as files under a bucket that no client can name. */
export class StoredRecords implements SiteRecords {
  constructor(
    private readonly calls: ShardCalls,
    private readonly writes: FileWrites,
  ) {}

  async read(path: string, consistency: Consistency = 'strong'): Promise<RecordRead> {
    const name = nameOf(path);
    if (consistency === 'local') {
      const drive = this.calls.driveFor(name);
      const record = drive.releasedHead(name);
      const served = this.calls.servedLocally([drive]);
      return { ok: true, record: record?.deleted === false ? record : null, served };
    }
    const read = await this.calls.read(name, consistency === 'strong');
    if (read === 'timeout') return this.calls.readFailure(read);
    if (!read.ok) return this.calls.readFailure(read.reason);
    const { head, primary, freshness } = read;
    const { site } = this.calls.context.config;
    const served = { site, primary, freshness, ageMs: null };
    return { ok: true, record: head?.deleted === false ? head : null, served };
  }

  put(path: string, content: Content, options: WriteOptions = {}): Promise<WriteOutcome> {
    const { metadata = {} } = options;
    return this.writes.put({ kind: 'put', name: nameOf(path), content, metadata }, options);
  }

  remove(path: string, options: WriteOptions = {}): Promise<WriteOutcome> {
    return this.writes.put({ kind: 'delete', name: nameOf(path) }, options);
  }

  list({
    prefix,
    after = '',
    limit = PAGE_LIMIT,
  }: Parameters<SiteRecords['list']>[0]): Promise<Listing> {
    return listBucket(this.calls, {
      bucket: SYSTEM_BUCKET,
      prefix,
      limit,
      ...(after !== '' && { after }),
    });
  }

  watch(prefix: string, changed: (path: string | null) => void): () => void {
    const begin = (): ChangeFeed => {
      const feed = new ChangeFeed(this.calls.context.node, nameOf(prefix), null, {
        changes: (changes) => {
          for (const { name } of changes) changed(name.slice(SYSTEM_BUCKET.length + 1));
        },
        tooOld: () => {
          current = begin();
          changed(null);
        },
      });
      feed.start();
      return feed;
    };
    let current = begin();
    return () => current.cancel();
  }
}

function nameOf(path: string): string {
  if (path === '' || Buffer.byteLength(path) > RECORD_PATH_LIMIT_BYTES) {
    throw new Error(`a record's path has 1 to ${RECORD_PATH_LIMIT_BYTES} bytes`);
  }
  return `${SYSTEM_BUCKET}/${path}`;
}
