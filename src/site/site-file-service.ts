import type { ClusterStatus } from './status-types.js';
import type { SiteChangeDesk } from './site-change-desk.js';
import type { Upkeep } from './upkeep.js';
import type { Content, FileVersion, Metadata } from '../protocol/file-version.js';
import type { ClientSessions } from '../protocol/node/client-sessions.js';
import type { PrimaryTable } from '../protocol/ports.js';
import { ruleFor } from '../protocol/primary-table.js';
import { Admission } from './admission.js';
import { Buckets, refusedBy } from './buckets.js';
import { type AccessKeys, createAccessKeys } from './access-keys.js';
import {
  type BucketOptions,
  type Consistency,
  ContentLost,
  type FileService,
  type History,
  type Listing,
  type ListOptions,
  type OpenedFile,
  type ReadFailure,
  type SiteSession,
  type WriteOptions,
  type WriteOutcome,
} from './file-service.js';
import { FileReads, type ReadOptions } from './file-reads.js';
import { createClientSessions, openClientSession } from './client-session.js';
import { FileWrites, rejected } from './file-writes.js';
import { readHistory } from './history.js';
import { listBucket } from './listing.js';
import type { ObjectService, StoredContent } from './object-service.js';
import { type SiteRecords, StoredRecords } from './site-records.js';
import { writeToken } from './position-token.js';
import { finishChange, readTable, setPrimary } from './primary-rules.js';
import { ShardCalls, failure } from './shard-calls.js';
import type { SiteContext } from './site-context.js';
import { bucketOf, checkBucketName, checkFileName } from './site-names.js';
import { noteWait } from './telemetry/request-trace.js';

/**
 * The file service of a site: any request, at any site, brought to the primary where it has to be.
 * At most `requestLimit` requests are under way at once; one more is refused as `overloaded`.
 */
export function createFileService(context: SiteContext): SiteService {
  return new SiteFileService(context);
}

/** What gateways stand on, and what the node tells it of its clients' caches. */
export interface SiteService extends ObjectService {
  /** How the history of each bucket is kept; counts as no request of a client. */
  retentions(): ReturnType<Buckets['retentions']>;
  /** Clients' sessions open now. */
  readonly sessionCount: number;
  /** Requests that are being worked on, those on sessions not counted. */
  readonly requestsUnderWay: number;
  /** Takes no more; resolves once what is under way has ended, or the time is up. */
  close(limitMs: number): Promise<void>;
  /** These clients are to drop the file; null: all files of the shard. */
  invalidate(shard: string, sessions: readonly string[], name: string | null, serial: number): void;
}

class SiteFileService implements SiteService {
  private readonly calls: ShardCalls;
  readonly records: SiteRecords;
  readonly keys: AccessKeys;
  private readonly reads: FileReads;
  private readonly writes: FileWrites;
  private readonly buckets: Buckets;
  private readonly sessions: ClientSessions;
  private readonly admission: Admission;
  private finishing = false;
  readonly upkeep: Upkeep | null;
  readonly siteChanges: SiteChangeDesk | null;

  constructor(private readonly context: SiteContext) {
    this.upkeep = context.upkeep;
    this.siteChanges = context.siteChanges ?? null;
    this.calls = new ShardCalls(context);
    this.admission = new Admission(context.config.site, context.node.config.requestLimit);
    this.writes = new FileWrites(this.calls);
    this.buckets = new Buckets(this.calls, this.writes);
    this.reads = new FileReads(context, this.calls, this.buckets);
    this.records = new StoredRecords(this.calls, this.writes);
    this.keys = createAccessKeys(this.records, context.seal, Date.now);
    this.sessions = createClientSessions(this.calls, {
      refusal: (name, forWrite, done) => this.sessionRefusal(name, forWrite, done),
      bring: (lost, done) => void context.content.bring(lost).then(done, () => done(false)),
      position: () => this.position(),
    });
  }

  close(limitMs: number): Promise<void> {
    return this.admission.close(limitMs);
  }

  get requestsUnderWay(): number {
    return this.admission.underWay;
  }

  get sessionCount(): number {
    return this.sessions.count;
  }

  invalidate(...told: Parameters<SiteService['invalidate']>): void {
    this.sessions.invalidate(...told);
  }

  openSession(
    ...[send, caller, heard]: Parameters<FileService['openSession']>
  ): SiteSession | null {
    const isPublic = async (bucket: string): Promise<boolean> => {
      const state = await this.buckets.state(bucket);
      return state.ok && state.settings.anonymousRead;
    };
    return openClientSession(
      this.sessions,
      send,
      { caller, isPublic, ...(heard && { heard }) },
      this.context.sessions,
    );
  }

  open(name: string, options: ReadOptions = {}): Promise<OpenedFile | ReadFailure> {
    return this.admission.admitted(readRefused, () => this.reads.open(name, options));
  }

  write(
    name: string,
    body: AsyncIterable<Uint8Array>,
    options: WriteOptions & { readonly size?: number } = {},
  ): Promise<WriteOutcome> {
    return this.admission.admitted(refusedBy, async () => {
      const fault = await this.writeFault(name);
      if (fault !== null) return fault;
      const startMs = performance.now();
      const uploaded = await this.context.content.upload(body, options.size);
      noteWait(options.trace, 'uploadMs', performance.now() - startMs);
      if (!uploaded.ok) return rejected(uploaded.reason, uploaded.message);
      return this.putContent(name, uploaded.content, options.metadata ?? {}, options);
    });
  }

  store(
    body: AsyncIterable<Uint8Array>,
    options: Parameters<ObjectService['store']>[1] = {},
  ): Promise<StoredContent> {
    return this.admission.admitted(storeRefused, async () => {
      const fault = this.calls.quorumFault();
      if (fault !== null) return notStored('quorum_unavailable', `${fault}; nothing was stored`);
      const { size, digests, positionBytes } = options;
      return this.context.content.upload(body, size, digests, positionBytes);
    });
  }

  join(contents: readonly Content[]): Promise<StoredContent> {
    return this.admission.admitted(storeRefused, () => this.context.content.join(contents));
  }

  put(name: string, content: Content, options: WriteOptions = {}): Promise<WriteOutcome> {
    return this.admission.admitted(refusedBy, async () => {
      const fault = await this.writeFault(name);
      return fault ?? this.putContent(name, content, options.metadata ?? {}, options);
    });
  }

  bucket(name: string, consistency?: Consistency): ReturnType<ObjectService['bucket']> {
    return this.admission.admitted(readRefused, () => this.buckets.state(name, consistency));
  }

  setBucket(...change: Parameters<ObjectService['setBucket']>): Promise<WriteOutcome> {
    return this.admission.admitted(refusedBy, () => this.buckets.set(...change));
  }

  retentions(): ReturnType<Buckets['retentions']> {
    return this.buckets.retentions();
  }

  remove(name: string, options: WriteOptions = {}): Promise<WriteOutcome> {
    return this.admission.admitted(refusedBy, async () => {
      const fault = await this.writeFault(name);
      return fault ?? this.writes.put({ kind: 'delete', name, ...marked(options) }, options);
    });
  }

  copy(
    from: string,
    to: string,
    options: WriteOptions & { readonly version?: number } = {},
  ): Promise<WriteOutcome> {
    return this.admission.admitted(refusedBy, () => this.copyNow(from, to, options));
  }

  move(from: string, to: string, options: WriteOptions = {}): Promise<WriteOutcome> {
    return this.admission.admitted(refusedBy, () => this.moveNow(from, to, options));
  }

  list(options: ListOptions): Promise<Listing> {
    return this.admission.admitted(readRefused, async () => {
      const check = checkBucketName(options.bucket);
      if (!check.ok) return failure('invalid_name', check.message);
      const isStrong = options.consistency !== 'local';
      const missing = await this.buckets.missing(options.bucket, isStrong);
      return missing ?? listBucket(this.calls, options);
    });
  }

  history(
    name: string,
    options: {
      readonly before?: number;
      readonly limit?: number;
      readonly consistency?: Consistency;
    } = {},
  ): Promise<History> {
    return this.admission.admitted(readRefused, async () => {
      const check = checkFileName(name);
      if (!check.ok) return failure('invalid_name', check.message);
      const history = await readHistory(this.calls, name, options);
      return history.ok ? history : this.reads.explained(history, name, options.consistency);
    });
  }

  listBuckets(): ReturnType<FileService['listBuckets']> {
    return this.admission.admitted(readRefused, () => this.buckets.list());
  }

  createBucket(name: string, options: BucketOptions = {}): Promise<WriteOutcome> {
    return this.admission.admitted(refusedBy, () => this.buckets.create(name, options));
  }

  removeBucket(name: string, options: WriteOptions = {}): Promise<WriteOutcome> {
    return this.admission.admitted(refusedBy, () => this.buckets.remove(name, options));
  }

  primaryTable(): Promise<PrimaryTable | null> {
    return readTable(this.calls);
  }

  primaryOf(name: string): ReturnType<FileService['primaryOf']> {
    const { node } = this.context;
    const rules = node.table.value?.rules ?? node.config.initialRules;
    const shard = node.shardFor(name);
    return { rule: ruleFor(rules, name), shard, primary: node.primaryOf(shard) };
  }

  setPrimary(pattern: string, shard: string): ReturnType<FileService['setPrimary']> {
    type Change = Awaited<ReturnType<FileService['setPrimary']>>;
    const refuse = (fault: ReadFailure): Change => {
      const { reason, message } = refusedBy(fault);
      return { ok: false, reason, message };
    };
    return this.admission.admitted(refuse, () => setPrimary(this.calls, pattern, shard));
  }

  cluster(): ClusterStatus {
    return this.context.status();
  }

  position(): string {
    const seqs = this.calls.drives.map(
      (drive) => [drive.shard, drive.state.releasedSeq] as [string, number],
    );
    return writeToken(new Map(seqs));
  }

  private async writeFault(name: string): Promise<WriteOutcome | null> {
    const check = checkFileName(name);
    if (!check.ok) return rejected('invalid_name', check.message);
    const fault = this.calls.quorumFault();
    if (fault !== null) return rejected('quorum_unavailable', `${fault}; nothing was stored`);
    const missing = await this.buckets.missing(bucketOf(name));
    return missing === null ? null : refusedBy(missing);
  }

  /** What is wrong with a request of a client's session before anybody is asked; null: nothing. */
  private sessionRefusal(
    name: string,
    forWrite: boolean,
    done: (reason: string | null) => void,
  ): void {
    if (this.admission.refusal()?.reason === 'site_stopping') return done('site_stopping');
    if (!forWrite) return done(checkFileName(name).ok ? null : 'invalid_name');
    this.writeFault(name).then(
      (fault) => done(fault?.outcome === 'rejected' ? fault.reason : null),
      () => done('internal'),
    );
  }

  private async putContent(
    name: string,
    content: Content,
    metadata: Metadata,
    options: WriteOptions,
    restored?: number,
  ): Promise<WriteOutcome> {
    const { erases } = options;
    const erased = erases === undefined ? undefined : { erases };
    const whole = await this.context.content.whole(content).catch(lostOf);
    if (whole instanceof ContentLost) {
      return rejected('storage_failed', `${whole.message}; nothing was stored`);
    }
    const put = { kind: 'put', name, content: whole, metadata, ...erased } as const;
    const intent = restored === undefined ? put : { ...put, restored };
    const outcome = await this.writes.put(intent, options);
    if (outcome.outcome === 'rejected' && outcome.reason === 'moving') this.finishMove();
    return outcome;
  }

  /** A name that is still on its way when a request gives up may have been left there. */
  private finishMove(): void {
    if (this.finishing) return;
    this.finishing = true;
    finishChange(this.calls, () => {
      this.finishing = false;
    });
  }

  private async copyNow(
    from: string,
    to: string,
    options: WriteOptions & { readonly version?: number },
  ): Promise<WriteOutcome> {
    const fault = await this.writeFault(to);
    if (fault !== null) return fault;
    const { version } = options;
    const source = await this.reads.open(from, version === undefined ? {} : { version });
    if (!source.ok) {
      return (await this.writes.earlier(to, options.requestId)) ?? refusedBy(source);
    }
    return this.copyOf(source.file, to, options);
  }

  private async copyOf(
    source: FileVersion,
    to: string,
    options: WriteOptions,
  ): Promise<WriteOutcome> {
    if (source.content === null) throw new Error(`${source.name} was opened without content`);
    const metadata = options.metadata ?? source.metadata;
    const restored = source.name === to ? source.version : undefined;
    return this.putContent(to, source.content, metadata, options, restored);
  }

  private async moveNow(from: string, to: string, options: WriteOptions): Promise<WriteOutcome> {
    if (from === to) {
      return rejected('invalid_name', 'a file cannot be moved onto itself; nothing was changed');
    }
    const fault = await this.writeFault(to);
    if (fault !== null) return fault;
    const source = await this.reads.open(from, {});
    if (!source.ok) {
      return (await this.writes.earlier(to, options.requestId)) ?? refusedBy(source);
    }
    const copied = await this.copyOf(source.file, to, options);
    if (copied.outcome !== 'committed') return copied;
    const { requestId, since } = options;
    const removed = await this.writes.put(
      { kind: 'delete', name: from },
      {
        ifVersion: source.file.version,
        ...(requestId !== undefined && { requestId: `${requestId}/source` }),
        ...(since !== undefined && { since }),
      },
    );
    return removed.outcome === 'committed' ? copied : removed;
  }
}

/** What a delete says beside the name. */
function marked({ metadata, erases }: WriteOptions): Pick<WriteOptions, 'metadata' | 'erases'> {
  return { ...(metadata !== undefined && { metadata }), ...(erases !== undefined && { erases }) };
}

function notStored(
  reason: Extract<StoredContent, { ok: false }>['reason'],
  message: string,
): StoredContent {
  return { ok: false, reason, message };
}

/** Only what `admitted` may refuse with. */
function storeRefused({ reason, message }: ReadFailure): StoredContent {
  return notStored(reason === 'site_stopping' ? reason : 'overloaded', message);
}

function readRefused(fault: ReadFailure): ReadFailure {
  return fault;
}

function lostOf(error: unknown): ContentLost {
  if (error instanceof ContentLost) return error;
  throw error;
}
