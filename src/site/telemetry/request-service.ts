import type { ObjectService } from '../object-service.js';
import type {
  BucketOptions,
  FileService,
  History,
  Listing,
  ListOptions,
  OpenedFile,
  ReadFailure,
  WriteOptions,
  WriteOutcome,
} from '../file-service.js';
import type { RequestTrace } from './request-trace.js';
import type { RequestMetrics } from './request-metrics.js';

/** A read, write or listing that has ended. */
export interface EndedRequest {
  readonly what: string;
  readonly name: string;
  readonly tookMs: number;
  readonly outcome: string;
  readonly trace: RequestTrace;
  /** Of a write that committed. */
  readonly written: Extract<WriteOutcome, { outcome: 'committed' }> | null;
}

/** Told of what took long. */
export type SlowRequest = (request: EndedRequest) => void;

/** Told of what became of recorded requests. */
export interface RequestSpans {
  /** One thing that the site did for it. */
  ended(request: EndedRequest): void;
  /** Its answer. `status` null: the client left before it. */
  answered(trace: RequestTrace, method: string, status: number | null, tookMs: number): void;
}

/** What all requests of one interface share. */
export interface RequestPorts {
  readonly metrics: RequestMetrics;
  nowMs(): number;
  /** Requests that take at least this long are told of. */
  readonly slowMs: number;
  readonly slow: SlowRequest;
  /** Null where no spans are recorded. */
  readonly spans: RequestSpans | null;
}

type Put = ObjectService['put'];
type Store = ObjectService['store'];

/** The service of a site for one request: the request's name goes along, and its time is taken. */
export class RequestService implements ObjectService {
  constructor(
    /** What answers without measuring. */
    readonly service: ObjectService,
    private readonly ports: RequestPorts,
    readonly trace: RequestTrace,
  ) {}

  get siteChanges(): FileService['siteChanges'] {
    return this.service.siteChanges;
  }

  get upkeep(): FileService['upkeep'] {
    return this.service.upkeep;
  }

  get records(): ObjectService['records'] {
    return this.service.records;
  }

  get keys(): ObjectService['keys'] {
    return this.service.keys;
  }

  async open(
    name: string,
    options?: Parameters<FileService['open']>[1],
  ): Promise<OpenedFile | ReadFailure> {
    const startMs = this.ports.nowMs();
    const opened = await this.service.open(name, { ...options, trace: this.trace });
    this.opened(name, opened, startMs);
    return opened;
  }

  /** A file was opened with this request's trace, but not by way of this object. */
  opened(name: string, opened: OpenedFile | ReadFailure, startMs: number): void {
    const { metrics, nowMs } = this.ports;
    const tookMs = nowMs() - startMs;
    if (opened.ok) metrics.read(opened.served.freshness, tookMs);
    else metrics.readFailed(opened.reason);
    if (!this.isTold(tookMs)) return;
    this.tell('read', name, tookMs, opened.ok ? opened.served.freshness : opened.reason);
  }

  list(options: ListOptions): Promise<Listing> {
    return this.listed('list', options.bucket, this.service.list(options));
  }

  history(name: string, options?: Parameters<FileService['history']>[1]): Promise<History> {
    return this.listed('history', name, this.service.history(name, options));
  }

  write(
    name: string,
    body: AsyncIterable<Uint8Array>,
    options?: WriteOptions & { readonly size?: number },
  ): Promise<WriteOutcome> {
    const { trace } = this;
    return this.written('write', name, () => this.service.write(name, body, { ...options, trace }));
  }

  remove(name: string, options?: WriteOptions): Promise<WriteOutcome> {
    const { trace } = this;
    return this.written('delete', name, () => this.service.remove(name, { ...options, trace }));
  }

  put(...[name, content, options]: Parameters<Put>): Promise<WriteOutcome> {
    const { trace } = this;
    return this.written('write', name, () =>
      this.service.put(name, content, { ...options, trace }),
    );
  }

  copy(
    from: string,
    to: string,
    options?: WriteOptions & { readonly version?: number },
  ): Promise<WriteOutcome> {
    const { trace } = this;
    return this.written('copy', to, () => this.service.copy(from, to, { ...options, trace }));
  }

  move(from: string, to: string, options?: WriteOptions): Promise<WriteOutcome> {
    const { trace } = this;
    return this.written('move', to, () => this.service.move(from, to, { ...options, trace }));
  }

  store(...[body, options]: Parameters<Store>): ReturnType<Store> {
    return this.service.store(body, options);
  }

  join(...contents: Parameters<ObjectService['join']>): ReturnType<ObjectService['join']> {
    return this.service.join(...contents);
  }

  createBucket(name: string, options?: BucketOptions): Promise<WriteOutcome> {
    return this.service.createBucket(name, options);
  }

  removeBucket(name: string, options?: WriteOptions): Promise<WriteOutcome> {
    return this.service.removeBucket(name, options);
  }

  bucket(...asked: Parameters<ObjectService['bucket']>): ReturnType<ObjectService['bucket']> {
    return this.service.bucket(...asked);
  }

  setBucket(...change: Parameters<ObjectService['setBucket']>): Promise<WriteOutcome> {
    return this.service.setBucket(...change);
  }

  listBuckets(): ReturnType<FileService['listBuckets']> {
    return this.service.listBuckets();
  }

  openSession(
    ...wanted: Parameters<FileService['openSession']>
  ): ReturnType<FileService['openSession']> {
    return this.service.openSession(...wanted);
  }

  primaryTable(): ReturnType<FileService['primaryTable']> {
    return this.service.primaryTable();
  }

  primaryOf(name: string): ReturnType<FileService['primaryOf']> {
    return this.service.primaryOf(name);
  }

  setPrimary(pattern: string, shard: string): ReturnType<FileService['setPrimary']> {
    return this.service.setPrimary(pattern, shard);
  }

  cluster(): ReturnType<FileService['cluster']> {
    return this.service.cluster();
  }

  position(): string {
    return this.service.position();
  }

  private async listed<T extends { readonly ok: true } | ReadFailure>(
    what: string,
    name: string,
    listing: Promise<T>,
  ): Promise<T> {
    const startMs = this.ports.nowMs();
    const listed = await listing;
    const tookMs = this.ports.nowMs() - startMs;
    if (listed.ok) this.ports.metrics.listed(tookMs);
    else this.ports.metrics.readFailed(listed.reason);
    if (this.isTold(tookMs)) this.tell(what, name, tookMs, listed.ok ? 'ok' : listed.reason);
    return listed;
  }

  private async written(
    what: string,
    name: string,
    write: () => Promise<WriteOutcome>,
  ): Promise<WriteOutcome> {
    const { metrics, nowMs } = this.ports;
    const startMs = nowMs();
    const result = await write();
    const tookMs = nowMs() - startMs;
    metrics.written(result.outcome, tookMs);
    const isCommitted = result.outcome === 'committed';
    if (!isCommitted) metrics.writeFailed(result.reason);
    if (this.isTold(tookMs)) {
      this.tell(what, name, tookMs, isCommitted ? 'committed' : result.reason, result);
    }
    return result;
  }

  /** See RequestSpans. */
  answered(method: string, status: number | null, tookMs: number): void {
    this.ports.spans?.answered(this.trace, method, status, tookMs);
  }

  private isTold(tookMs: number): boolean {
    return this.trace.span !== null || tookMs >= this.ports.slowMs;
  }

  private tell(
    what: string,
    name: string,
    tookMs: number,
    outcome: string,
    result?: WriteOutcome,
  ): void {
    const { slow, slowMs, metrics, spans } = this.ports;
    const { trace } = this;
    const written = result?.outcome === 'committed' ? result : null;
    const ended = { what, name, tookMs, outcome, trace, written };
    if (trace.span !== null) spans?.ended(ended);
    if (tookMs < slowMs) return;
    metrics.slowOne();
    slow(ended);
  }
}
