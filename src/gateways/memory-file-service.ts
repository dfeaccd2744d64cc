import type { ClusterStatus } from '../site/status-types.js';
import type { Upkeep } from '../site/upkeep.js';
import { createHash } from 'node:crypto';
import type { ChunkRef, Content, FileVersion, PrimaryTable } from './service-types.js';
import type * as site from '../site/file-service.js';
import { checkBucketName, checkFileName } from '../site/site-names.js';
import { listPage } from './memory-listing.js';
import { INITIAL_MEMORY_RULES, ruleFor, withRule } from './memory-primary-table.js';

export interface MemoryServiceOptions {
  readonly site?: string;
  readonly sites?: readonly string[];
  /** Wall clock of modification times. */
  readonly now?: () => number;
  /** Request ids that are remembered; the oldest are forgotten. */
  readonly requestIdLimit?: number;
}

const INLINE_LIMIT_BYTES = 32 * 1024;
const CHUNK_BYTES = 1024 * 1024;

/**
 * A file service that keeps everything in this process: the gateways' tests stand on it. One site,
 * always its own primary, every operation atomic; outcomes and reasons are those of a real site.
 */
export class MemoryFileService implements site.FileService {
  upkeep: Upkeep | null = null;
  siteChanges: site.FileService['siteChanges'] = null;
  readonly #site: string;
  readonly #sites: readonly string[];
  readonly #now: () => number;
  readonly #requestIdLimit: number;
  readonly #buckets = new Map<string, number>();
  /** Every version of a name, oldest first. */
  readonly #files = new Map<string, FileVersion[]>();
  readonly #chunks = new Map<string, Uint8Array>();
  readonly #requests = new Map<string, site.WriteOutcome>();
  #table: PrimaryTable = { version: 1, rules: INITIAL_MEMORY_RULES, pending: null };
  #seq = 0;

  constructor(options: MemoryServiceOptions = {}) {
    this.#site = options.site ?? 'nyc';
    this.#sites = options.sites ?? ['nyc', 'tor', 'lon'];
    this.#now = options.now ?? Date.now;
    this.#requestIdLimit = options.requestIdLimit ?? 100_000;
  }

  /** It has no sessions: what stands on them is tested on real sites. */
  openSession(_send: (frame: string | Uint8Array) => void): site.SiteSession | null {
    return null;
  }

  async open(
    name: string,
    options?: { readonly consistency?: site.Consistency; readonly version?: number },
  ): Promise<site.OpenedFile | site.ReadFailure> {
    const fault = this.#readFault(name);
    if (fault) return fault;
    const versions = this.#files.get(name);
    const head = versions?.at(-1);
    const wanted = options?.version;
    const file =
      wanted === undefined ? head : versions?.find((version) => version.version === wanted);
    if (wanted !== undefined && (!file || file.deleted)) {
      return failure('no_such_version', `${name} has no version ${wanted} that can be read`);
    }
    if (!file) return failure('no_such_file', `${name} does not exist`);
    if (file.deleted || !file.content) {
      return { ...failure('no_such_file', `${name} was deleted`), tombstone: file };
    }
    const { content } = file;
    return {
      ok: true,
      file,
      served: this.#served(options?.consistency),
      body: (range) => this.#read(content, range),
    };
  }

  async write(
    name: string,
    body: AsyncIterable<Uint8Array>,
    options: site.WriteOptions & { readonly size?: number } = {},
  ): Promise<site.WriteOutcome> {
    const known = this.#knownOutcome(options.requestId) ?? this.#writeFault(name);
    if (known) return known;
    const content = await this.#store(body, options.size);
    if (typeof content === 'string') return rejected('body_incomplete', content);
    return this.#commit(name, content, options);
  }

  async remove(name: string, options: site.WriteOptions = {}): Promise<site.WriteOutcome> {
    return this.#commit(name, null, options);
  }

  async copy(
    from: string,
    to: string,
    options: site.WriteOptions & { readonly version?: number } = {},
  ): Promise<site.WriteOutcome> {
    const known = this.#knownOutcome(options.requestId);
    if (known) return known;
    const { version } = options;
    const source = await this.open(from, version === undefined ? {} : { version });
    if (!source.ok) return rejected(reasonOfRead(source.reason), source.message);
    return this.#commit(to, source.file.content, {
      ...options,
      metadata: options.metadata ?? source.file.metadata,
    });
  }

  async move(
    from: string,
    to: string,
    options: site.WriteOptions = {},
  ): Promise<site.WriteOutcome> {
    const source = await this.open(from);
    if (!source.ok) {
      const known = this.#knownOutcome(options.requestId);
      return known ?? rejected(reasonOfRead(source.reason), source.message);
    }
    const copied = await this.copy(from, to, options);
    if (copied.outcome !== 'committed') return copied;
    const removed = await this.remove(from, { ifVersion: source.file.version });
    return removed.outcome === 'committed' ? copied : removed;
  }

  async list(options: site.ListOptions): Promise<site.Listing> {
    if (!this.#buckets.has(options.bucket)) return noBucket(options.bucket);
    const heads = this.#heads(options.bucket).map((file) => ({
      file,
      path: file.name.slice(options.bucket.length + 1),
    }));
    return { ok: true, ...listPage(heads, options), served: this.#served(options.consistency) };
  }

  async history(
    name: string,
    options: {
      readonly before?: number;
      readonly limit?: number;
      readonly consistency?: site.Consistency;
    } = {},
  ): Promise<site.History> {
    const fault = this.#readFault(name);
    if (fault) return fault;
    const all = this.#files.get(name);
    if (!all) return failure('no_such_file', `${name} never existed`);
    const { before = Number.POSITIVE_INFINITY, limit = 1000 } = options;
    const below = all.filter((version) => version.version < before).reverse();
    const versions = below.slice(0, limit);
    const next = below.length > limit ? (versions.at(-1)?.version ?? null) : null;
    return { ok: true, versions, next, served: this.#served(options.consistency) };
  }

  async listBuckets(): Promise<{ readonly ok: true; readonly buckets: readonly site.Bucket[] }> {
    const buckets = [...this.#buckets].map(([name, createdMs]) => ({ name, createdMs }));
    return { ok: true, buckets: buckets.sort((a, b) => (a.name < b.name ? -1 : 1)) };
  }

  async createBucket(name: string, options: site.WriteOptions = {}): Promise<site.WriteOutcome> {
    const known = this.#knownOutcome(options.requestId);
    if (known) return known;
    const check = checkBucketName(name);
    if (!check.ok) return rejected('invalid_name', check.message);
    if (this.#buckets.has(name)) return rejected('bucket_exists', `bucket ${name} exists already`);
    this.#buckets.set(name, this.#now());
    return this.#committed(this.#bucketVersion(name, 1, false), options.requestId);
  }

  async removeBucket(name: string, options: site.WriteOptions = {}): Promise<site.WriteOutcome> {
    const known = this.#knownOutcome(options.requestId);
    if (known) return known;
    if (!this.#buckets.has(name)) {
      return rejected('no_such_bucket', `there is no bucket ${name}`);
    }
    if (this.#heads(name).length > 0) {
      return rejected('bucket_not_empty', `bucket ${name} still has files`);
    }
    this.#buckets.delete(name);
    return this.#committed(this.#bucketVersion(name, 2, true), options.requestId);
  }

  async primaryTable(): Promise<PrimaryTable> {
    return this.#table;
  }

  primaryOf(name: string): ReturnType<site.FileService['primaryOf']> {
    const { rule, shard } = ruleFor(this.#table, name);
    return { rule, shard, primary: shard };
  }

  async setPrimary(pattern: string, shard: string): ReturnType<site.FileService['setPrimary']> {
    if (!this.#sites.includes(shard)) {
      return { ok: false, reason: 'unknown_site', message: `there is no site ${shard}` };
    }
    const table = withRule(this.#table, pattern, shard);
    for (const name of this.#files.keys()) {
      if (ruleFor(table, name).shard === ruleFor(this.#table, name).shard) continue;
      return { ok: false, reason: 'names_have_files', message: `${name} exists already` };
    }
    this.#table = table;
    return { ok: true, table };
  }

  cluster(): ClusterStatus {
    return {
      site: this.#site,
      version: '0.0.0-memory',
      clusterId: 'memory',
      replicas: 3,
      writeQuorum: 2,
      sites: this.#sites.map((name) => ({
        site: name,
        displayName: name,
        url: '',
        alive: true,
        roundTripMs: name === this.#site ? 0 : 1,
      })),
      shards: this.#sites.map((name) => ({
        shard: name,
        home: name,
        primary: name,
        epoch: 1,
        role: name === this.#site ? 'primary' : 'replica',
        endSeq: this.#seq,
        commitSeq: this.#seq,
        appliedSeq: this.#seq,
        replicas: [],
        leases: { held: 0, heldForMs: 0, registered: 0, lent: [], waitingWrites: 0 },
      })),
      leases: {
        sessions: 0,
        reads: { primary: 0, lease: 0, validated: 0, fetched: 0 },
        waitedWrites: 0,
        waitedMs: 0,
        lapsedHolders: 0,
        evicted: 0,
      },
      repairs: 0,
      storageFailure: null,
    };
  }

  position(): string {
    return `memory-${this.#seq}`;
  }

  #commit(name: string, content: Content | null, options: site.WriteOptions): site.WriteOutcome {
    const early = this.#knownOutcome(options.requestId) ?? this.#writeFault(name);
    if (early) return early;
    const versions = this.#files.get(name) ?? [];
    const newest = versions.at(-1);
    const current = newest && !newest.deleted ? newest : undefined;
    const broken = brokenCondition(options, current);
    if (broken) {
      return { ...rejected('precondition_failed', broken), ...(newest && { current: newest }) };
    }
    if (content === null && !current) return rejected('no_such_file', `${name} does not exist`);
    this.#seq += 1;
    const file: FileVersion = {
      name,
      version: (newest?.version ?? 0) + 1,
      epoch: 1,
      seq: this.#seq,
      deleted: content === null,
      content,
      metadata: content === null ? {} : (options.metadata ?? {}),
      modifiedMs: this.#now(),
    };
    this.#files.set(name, [...versions, file]);
    return this.#committed(file, options.requestId);
  }

  #committed(file: FileVersion, requestId: string | undefined): site.WriteOutcome {
    const outcome: site.WriteOutcome = { outcome: 'committed', file, served: this.#served() };
    if (requestId !== undefined) {
      this.#requests.set(requestId, outcome);
      for (const oldest of this.#requests.keys()) {
        if (this.#requests.size <= this.#requestIdLimit) break;
        this.#requests.delete(oldest);
      }
    }
    return outcome;
  }

  #knownOutcome(requestId: string | undefined): site.WriteOutcome | undefined {
    return requestId === undefined ? undefined : this.#requests.get(requestId);
  }

  /** The content, or the sentence that says why the body is not whole. */
  async #store(
    body: AsyncIterable<Uint8Array>,
    announced: number | undefined,
  ): Promise<Content | string> {
    const pieces: Uint8Array[] = [];
    let size = 0;
    try {
      for await (const piece of body) {
        pieces.push(piece);
        size += piece.byteLength;
      }
    } catch (error) {
      return error instanceof Error ? error.message : 'the body could not be read';
    }
    if (announced !== undefined && announced !== size) {
      return `the body has ${size} bytes where ${announced} were announced`;
    }
    const bytes = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
    if (size <= INLINE_LIMIT_BYTES) {
      return { kind: 'inline', size, etag: hashOf(bytes), bytes };
    }
    const chunks: ChunkRef[] = [];
    const whole = createHash('sha256');
    for (let at = 0; at < size; at += CHUNK_BYTES) {
      const chunk = bytes.subarray(at, at + CHUNK_BYTES);
      whole.update(chunk);
      const hash = hashOf(chunk);
      this.#chunks.set(hash, chunk);
      chunks.push({ hash, size: chunk.byteLength });
    }
    return { kind: 'chunked', size, etag: whole.digest('hex'), chunks };
  }

  async *#read(content: Content, range?: site.ByteRange): AsyncIterable<Uint8Array> {
    const { start, end } = range ?? { start: 0, end: content.size };
    if (content.kind === 'inline') {
      if (end > start) yield content.bytes.subarray(start, end);
      return;
    }
    let at = 0;
    for (const { hash, size } of content.chunks) {
      if (at < end && at + size > start) {
        const chunk = this.#chunks.get(hash)!;
        yield chunk.subarray(Math.max(0, start - at), Math.min(size, end - at));
      }
      at += size;
    }
  }

  #heads(bucket: string): FileVersion[] {
    const heads: FileVersion[] = [];
    for (const [name, versions] of this.#files) {
      const head = versions.at(-1);
      if (head && !head.deleted && name.startsWith(`${bucket}/`)) heads.push(head);
    }
    return heads;
  }

  #bucketVersion(name: string, version: number, deleted: boolean): FileVersion {
    return {
      name,
      version,
      epoch: 1,
      seq: ++this.#seq,
      deleted,
      content: deleted
        ? null
        : { kind: 'inline', size: 0, etag: hashOf(new Uint8Array(0)), bytes: Buffer.alloc(0) },
      metadata: {},
      modifiedMs: this.#now(),
    };
  }

  #served(consistency?: site.Consistency): site.Served {
    const local = consistency === 'local';
    return {
      site: this.#site,
      primary: this.#site,
      freshness: local ? 'local' : 'primary',
      ageMs: local ? 0 : null,
    };
  }

  #readFault(name: string): site.ReadFailure | undefined {
    const check = checkFileName(name);
    if (!check.ok) return failure('invalid_name', check.message);
    const bucket = name.slice(0, name.indexOf('/'));
    return this.#buckets.has(bucket) ? undefined : noBucket(bucket);
  }

  #writeFault(name: string): site.WriteOutcome | undefined {
    const fault = this.#readFault(name);
    return fault && rejected(reasonOfRead(fault.reason), fault.message);
  }
}

function failure(reason: site.ReadFailure['reason'], message: string): site.ReadFailure {
  return { ok: false, reason, message };
}

function noBucket(bucket: string): site.ReadFailure {
  return failure('no_such_bucket', `there is no bucket ${bucket}`);
}

function rejected(reason: site.RejectReason, message: string): site.WriteOutcome {
  return { outcome: 'rejected', reason, message };
}

function reasonOfRead(reason: site.ReadFailure['reason']): site.RejectReason {
  return reason === 'timeout' ? 'overloaded' : reason;
}

/** The sentence for the first condition that does not hold. */
function brokenCondition(
  conditions: site.Conditions,
  current: FileVersion | undefined,
): string | undefined {
  const { ifVersion, ifAbsent, ifMatch, ifNoneMatch } = conditions;
  const etag = current?.content?.etag;
  if (ifVersion !== undefined && current?.version !== ifVersion) {
    return `the file is at version ${current?.version ?? 'none'}, not ${ifVersion}`;
  }
  if (ifAbsent === true && current) return `the file exists (version ${current.version})`;
  if (ifMatch && (etag === undefined || !(ifMatch.includes('*') || ifMatch.includes(etag)))) {
    return 'the file does not have an etag of If-Match';
  }
  if (ifNoneMatch && etag !== undefined) {
    if (ifNoneMatch.includes('*') || ifNoneMatch.includes(etag)) {
      return 'the file exists with an etag of If-None-Match';
    }
  }
  return undefined;
}

/** Any hash of this length will do for what never leaves memory. */
function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
