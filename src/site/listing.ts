import { compareUtf8 } from '../protocol/utf8-order.js';
import { type FileVersion, PATH_LIMIT_BYTES } from '../protocol/file-version.js';
import type { ListQuery, ShardView } from '../protocol/ports.js';
import type { ListOptions, Listing, Served } from './file-service.js';
import { type ShardCalls, failure, installing } from './shard-calls.js';
import { SYSTEM_BUCKET, checkPathText } from './site-names.js';

export const PAGE_LIMIT = 1000;

/** Names read from each view at the beginning of a page; most pages' names come from one or from all. */
const FIRST_OF_EACH = 32;
/** What is read beyond the expected, since names are not spread evenly. */
const SPREAD = 1.05;
const SPARE = 8;
/** The first piece where names are rolled up into prefixes, and the first after a prefix. */
const FIRST_ROLLED = 16;
const AFTER_ROLLED = 2;

export interface Page {
  readonly files: readonly FileVersion[];
  readonly prefixes: readonly string[];
  readonly next: string | null;
}

export interface PageQuery {
  readonly bucket: string;
  readonly prefix: string;
  /** '' for none. */
  readonly delimiter: string;
  readonly limit: number;
  /** Only what comes after this. */
  readonly after: Cursor | null;
  /** Tombstones too. */
  readonly deleted?: boolean;
}

/** The last thing on a page: a file's path, or a prefix that stands for all that begins with it. */
export interface Cursor {
  readonly kind: 'file' | 'prefix';
  readonly path: string;
}

/**
 * One page of a bucket's live files. `strong`: shows everything that had committed in any shard
 * when it was asked for; the pages of one listing are each fresh, not one moment.
 */
export async function listBucket(calls: ShardCalls, options: ListOptions): Promise<Listing> {
  const { bucket, prefix = '', delimiter = '', limit = PAGE_LIMIT } = options;
  const after =
    options.cursor === undefined ? startAfter(options) : readCursor(options.cursor, prefix);
  if (after === undefined) return failure('invalid_name', 'the cursor is not one of this listing');
  if (!Number.isInteger(limit) || limit < 1 || limit > PAGE_LIMIT) {
    return failure('invalid_name', `the limit of a page is 1 to ${PAGE_LIMIT}`);
  }
  const texts = bucket === SYSTEM_BUCKET ? [] : [prefix, delimiter, options.after ?? ''];
  const fault = texts.map(checkPathText).find((check) => !check.ok);
  if (fault?.ok === false) return failure('invalid_name', fault.message);
  const { drives } = calls;
  const { consistency = 'strong' } = options;
  let fresh: Served | null = null;
  if (consistency !== 'local') {
    const leased = consistency === 'strong' ? bucket : null;
    const shards = drives.map((drive) => drive.shard);
    const shown = await calls.catchUp(shards, leased);
    if (!shown.ok) return calls.readFailure(shown.reason);
    const { site } = calls.context.config;
    fresh = { site, primary: '', freshness: shown.freshness, ageMs: null };
  }
  for (const drive of drives) {
    const unreadable = installing(drive);
    if (unreadable !== null) return unreadable;
  }
  const views = drives.map((drive) => drive.view);
  const { deleted = false } = options;
  const page = listPage(views, { bucket, prefix, delimiter, limit, after, deleted });
  return { ok: true, ...page, served: fresh ?? calls.servedLocally(drives) };
}

/** Where a page begins that was asked for by a path rather than by a cursor. */
function startAfter({ after = '', prefix = '', delimiter = '' }: ListOptions): Cursor | null {
  if (after === '') return null;
  const end =
    delimiter === '' || !after.startsWith(prefix) ? -1 : after.indexOf(delimiter, prefix.length);
  const isPrefix = end >= 0 && end + delimiter.length === after.length;
  return { kind: isPrefix ? 'prefix' : 'file', path: after };
}

/** Merges the shards' views in the order of UTF-8 bytes. */
export function listPage(views: readonly ShardView[], query: PageQuery): Page {
  const { bucket, prefix, delimiter, limit, after } = query;
  const start = after === null ? '' : `${bucket}/${after.path}`;
  const first = after?.kind === 'prefix' ? endOfPrefix(start) : start;
  const within = `${bucket}/${prefix}`;
  const files: FileVersion[] = [];
  const prefixes: string[] = [];
  const growing = (read: number): number =>
    read === 0 ? FIRST_ROLLED : Math.min(read, PAGE_LIMIT);
  const shared = (read: number): number => shareOf(read, files.length, limit);
  const wanted = delimiter === '' ? shared : growing;
  const streams = views.map(
    (view) => new NameStream(view, within, first, wanted, query.deleted === true),
  );
  let last: Cursor | null = null;
  for (;;) {
    const stream = lowest(streams);
    const file = stream?.head();
    if (stream === undefined || file === undefined) return { files, prefixes, next: null };
    if (files.length + prefixes.length === limit) {
      return { files, prefixes, next: last === null ? null : writeCursor(last) };
    }
    const path = file.name.slice(bucket.length + 1);
    const end = delimiter === '' ? -1 : path.indexOf(delimiter, prefix.length);
    if (end < 0) {
      files.push(file);
      last = { kind: 'file', path };
      stream.advance();
    } else {
      const rolled = path.slice(0, end + delimiter.length);
      prefixes.push(rolled);
      last = { kind: 'prefix', path: rolled };
      for (const each of streams) each.skip(`${bucket}/${rolled}`);
    }
  }
}

function lowest(streams: readonly NameStream[]): NameStream | undefined {
  let best: NameStream | undefined;
  let bestName = '';
  for (const stream of streams) {
    const name = stream.head()?.name;
    if (name === undefined) continue;
    if (best === undefined || compareUtf8(name, bestName) < 0) {
      best = stream;
      bestName = name;
    }
  }
  return best;
}

/**
 * How many names to read on from a view of which `read` are on a page that has `filled` of `limit`:
 * as many as it will add if it goes on as before, and one to see whether there are more. All names
 * of a folder may be in one view, or a share in each.
 */
function shareOf(read: number, filled: number, limit: number): number {
  const left = limit - filled + 1;
  if (read === 0) return Math.min(FIRST_OF_EACH, left);
  const expected = Math.ceil((left * read * SPREAD) / Math.max(read, filled)) + SPARE;
  return Math.min(expected, left);
}

/** The live files of one view in order, read in pieces. */
class NameStream {
  private buffer: FileVersion[] = [];
  private next = 0;
  private read = 0;
  private ended = false;

  constructor(
    private readonly view: ShardView,
    private readonly prefix: string,
    private after: string,
    /** How long the next piece is, when this many names have been read. */
    private readonly wanted: (read: number) => number,
    private readonly deleted: boolean,
  ) {}

  head(): FileVersion | undefined {
    if (this.next >= this.buffer.length && !this.ended) this.fill(this.wanted(this.read));
    return this.buffer[this.next];
  }

  advance(): void {
    this.next += 1;
  }

  /** Goes past every name that begins with this, without reading them. */
  skip(prefix: string): void {
    if (this.buffer[this.next]?.name.startsWith(prefix) !== true) return;
    while (this.buffer[this.next]?.name.startsWith(prefix) === true) this.next += 1;
    if (this.next < this.buffer.length || this.ended) return;
    this.after = endOfPrefix(prefix);
    this.read = 0;
    this.fill(AFTER_ROLLED);
  }

  private fill(size: number): void {
    const { prefix, after } = this;
    const query = { prefix, after, limit: size };
    this.buffer = this.deleted ? this.heads(query) : this.view.list(query);
    this.next = 0;
    this.ended = this.buffer.length < size;
    this.after = this.buffer.at(-1)?.name ?? after;
    this.read += this.buffer.length;
  }

  private heads(query: ListQuery): FileVersion[] {
    const heads = this.view.names(query).map((name) => this.view.head(name));
    return heads.filter((head) => head !== undefined);
  }
}

/** Not below any legal name that begins with this, and below every other name that follows. */
function endOfPrefix(prefix: string): string {
  const bytes = Buffer.byteLength(prefix) - prefix.indexOf('/') - 1;
  const count = Math.max(0, Math.ceil((PATH_LIMIT_BYTES - bytes) / 4)) + 1;
  return prefix + '\u{10ffff}'.repeat(count);
}

export function writeCursor({ kind, path }: Cursor): string {
  return Buffer.from(`${kind === 'file' ? 'f' : 'p'}${path}`).toString('base64url');
}

/** Undefined for anything that no listing of this prefix gave out. */
export function readCursor(text: string, prefix: string): Cursor | undefined {
  if (text.length > 2 * PATH_LIMIT_BYTES) return undefined;
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.toString('base64url') !== text) return undefined;
  const plain = bytes.toString();
  if (!Buffer.from(plain).equals(bytes)) return undefined;
  const path = plain.slice(1);
  if (!path.startsWith(prefix) || path === '' || !checkPathText(path).ok) return undefined;
  if (plain.startsWith('f')) return { kind: 'file', path };
  return plain.startsWith('p') ? { kind: 'prefix', path } : undefined;
}
