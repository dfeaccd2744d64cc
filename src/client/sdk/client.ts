import type { FileVersion } from '../../protocol/file-version.js';
import { ChangeFeed, type WatchResult } from './change-feed.js';
import type { ClientParts } from './client-parts.js';
import type { ClientEvents, Listener } from './events.js';
import { hasAddress } from './http-files.js';
import {
  type AnsweredRead,
  type Content,
  DEFAULT_UPDATE_ATTEMPTS,
  isSendableName,
  type ListOptions,
  type Mode,
  type PutOptions,
  type ReadOptions,
  type UpdateOptions,
  type UploadOptions,
  type WriteOptions,
} from './options.js';
import {
  type ClusterResult,
  type DiscardResult,
  failed,
  type HistoryResult,
  type ListResult,
  type QuorateFile,
  type ReadResult,
  type StatResult,
  type StreamResult,
  type UpdateResult,
  type UploadResult,
  type WriteResult,
} from './results.js';
import { fileWith, infoOf, resultOf } from './shown-file.js';
import { updateFile } from './update.js';
import type { UploadSource } from './upload-source.js';

const REREADS = 3;

/**
 * A client of a cluster of sites, with a cache that may be trusted: what it serves from memory is as
 * new as what the file's primary would say.
 *
 * Every call resolves to a value that says what came of it; a call rejects only for a mistake in how
 * it was made (TypeError). Names are `bucket/path`.
 */
export class QuorateClient {
  readonly #parts: ClientParts;
  readonly #servesMemory: boolean;
  readonly #feeds = new Set<ChangeFeed>();

  /** Use `connect`. */
  constructor(parts: ClientParts) {
    this.#parts = parts;
    this.#servesMemory = parts.mode === 'strong';
  }

  /** The site that this client speaks with now; null while it looks for one. */
  get site(): string | null {
    return this.#parts.link.site?.name ?? null;
  }

  /**
   * The newest version of a file, or the one that is good enough in the given mode. Content beyond
   * 32 KiB is fetched into memory as a whole: see `readStream`.
   */
  read(name: string, options?: ReadOptions): Promise<ReadResult> {
    const { onRead } = this.#parts;
    return onRead === undefined ? this.#read(name, options) : this.#told(name, options, onRead);
  }

  #read(name: string, options: ReadOptions | undefined): Promise<ReadResult> {
    const isStrong = options?.mode === undefined ? this.#servesMemory : options.mode === 'strong';
    return (isStrong ? this.#parts.kept.read(name) : undefined) ?? this.#ask(name, options ?? {});
  }

  /**
   * What a strong `read` would give without asking anybody, at once; undefined if the site has to be
   * asked, and for content beyond 32 KiB. A loop of nothing else lets no message in, and its lease
   * run out: `await` something in between.
   */
  peek(name: string): ReadResult | undefined {
    return this.#parts.kept.peek(name);
  }

  /** The same as `read`, with the content as a stream: for what is large. */
  async readStream(name: string, options: ReadOptions = {}): Promise<StreamResult> {
    const untilMs = this.#untilMs(options);
    const mode = options.mode ?? this.#parts.mode;
    for (let reads = 1; ; reads += 1) {
      const newest = await this.#newest(name, mode, untilMs);
      if ('outcome' in newest) return newest;
      const { head, freshness } = newest;
      const shown = resultOf(head, freshness);
      if (shown?.outcome === 'found') {
        const { bytes, text: _, ...file } = shown.file;
        return { outcome: 'found', file, body: streamOf(bytes) };
      }
      if (shown !== undefined || head === null) return shown ?? failed('no_such_file');
      const body = await this.#parts.files.stream(head, mode, untilMs);
      if (body.ok) {
        return { outcome: 'found', file: { ...infoOf(head), freshness }, body: body.value };
      }
      if (body.reason !== 'no_such_version' || reads === REREADS) {
        return failed(body.reason, body.message);
      }
    }
  }

  /** All about a file but its content; from memory where that may be. */
  async stat(name: string, options: ReadOptions = {}): Promise<StatResult> {
    const mode = options.mode ?? this.#parts.mode;
    const newest = await this.#newest(name, mode, this.#untilMs(options));
    if ('outcome' in newest) return newest;
    const { head, freshness } = newest;
    if (head === null || head.deleted) {
      return { outcome: 'absent', version: head?.version ?? null, freshness };
    }
    return { outcome: 'found', file: { ...infoOf(head), freshness } };
  }

  /** Writes the file's next version. Content beyond 32 KiB must not change until this resolves. */
  write(name: string, content: Content, options: PutOptions = {}): Promise<WriteResult> {
    return this.#parts.writes.put(name, content, options);
  }

  /**
   * Writes the file's next version with content of any size: up to `partBytes` at once, beyond in
   * parts, several under way, each repeated until the call's `timeoutMs` beyond what its bytes take.
   * Nothing of the file changes before all of them have arrived; conditions are judged then. What was
   * sent is kept for a week: `resume` goes on with it, asks which parts are there, and sends the rest.
   * A completion whose answer was lost is found again by it, and makes no second version.
   * `signal` stops it, but not its completion. Rejected with `source_changed` when it is not resumed
   * with what it was begun with, or the source notices that it has changed.
   */
  upload(
    name: string,
    source: Uint8Array | UploadSource,
    options: UploadOptions = {},
  ): Promise<UploadResult> {
    return this.#parts.uploads.upload(name, source, options);
  }

  /** Gives up what was sent of an upload, by its `resume`. */
  discardUpload(
    resume: string,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<DiscardResult> {
    return this.#parts.uploads.discard(resume, options.timeoutMs);
  }

  /** Deletes the file; its history stays. Rejected with `no_such_file` if there is none. */
  remove(name: string, options: WriteOptions = {}): Promise<WriteResult> {
    return this.#parts.writes.remove(name, options);
  }

  /** A new version with the content of an old one. */
  restore(name: string, version: number, options: WriteOptions = {}): Promise<WriteResult> {
    return this.#parts.writes.derive(name, `restore=${version}`, options);
  }

  /** A new version of `to` with the content of `from`, or of one of its versions. */
  copy(
    from: string,
    to: string,
    options: WriteOptions & { readonly version?: number } = {},
  ): Promise<WriteResult> {
    const version = options.version === undefined ? '' : `&version=${options.version}`;
    const { writes } = this.#parts;
    if (!isSendableName(from)) return writes.derive(to, '', options, from);
    return writes.derive(to, `copy-from=${encodeURIComponent(from)}${version}`, options, from);
  }

  /** Copies, then deletes `from` if it is still what was copied. Not atomic: both may be left. */
  move(from: string, to: string, options: WriteOptions = {}): Promise<WriteResult> {
    const { writes } = this.#parts;
    if (!isSendableName(from)) return writes.derive(to, '', options, from);
    return writes.derive(to, `move-from=${encodeURIComponent(from)}`, options, from);
  }

  /**
   * Reads the file (null: there is none), gives it to the function, and writes what that returns if
   * nobody else has written in between; else again, with jittered pauses. The function may be called
   * several times and must do nothing else; null from it leaves the file as it is.
   */
  update(
    name: string,
    change: (file: QuorateFile | null) => Content | null | Promise<Content | null>,
    options: UpdateOptions = {},
  ): Promise<UpdateResult> {
    const { attempts = DEFAULT_UPDATE_ATTEMPTS, ...put } = options;
    const { pauses } = this.#parts;
    const untilMs = this.#untilMs(options);
    return updateFile(this, pauses, { name, change, put, attempts, untilMs });
  }

  /** A page of a bucket's files, in the order of the bytes of their paths. */
  async list(bucket: string, options: ListOptions = {}): Promise<ListResult> {
    const mode = options.mode ?? this.#parts.mode;
    return this.#parts.files.list(bucket, options, mode, this.#untilMs(options));
  }

  /** A page of a file's versions, newest first, deletions included. */
  async history(
    name: string,
    options: ReadOptions & { readonly before?: number; readonly limit?: number } = {},
  ): Promise<HistoryResult> {
    if (!isSendableName(name) || !hasAddress(name)) return failed('invalid_name');
    const { before, limit, mode = this.#parts.mode } = options;
    return this.#parts.files.history(name, before, limit, mode, this.#untilMs(options));
  }

  /** Buckets have 3 to 63 characters of `a-z 0-9 . -`. */
  createBucket(
    bucket: string,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<WriteResult> {
    return this.#parts.files.bucket('PUT', bucket, this.#parts.identify(options, 0));
  }

  /** Only a bucket without files can be removed. */
  removeBucket(
    bucket: string,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<WriteResult> {
    return this.#parts.files.bucket('DELETE', bucket, this.#parts.identify(options, 0));
  }

  /** What a site says of the cluster: sites, shards, replicas, as `GET /v1/cluster` has it. */
  cluster(options: { readonly timeoutMs?: number } = {}): Promise<ClusterResult> {
    return this.#parts.files.cluster(this.#untilMs(options));
  }

  /**
   * The changes of all files whose names begin with the prefix: committed, in the order of each
   * file's versions, without gaps, over lost connections and changes of site. `from`: the cursor of
   * an earlier result; default: from now on. Ends when its loop is left.
   */
  watch(prefix: string, from?: string): AsyncGenerator<WatchResult, void, void> {
    const { machine, pauses } = this.#parts;
    const feed = new ChangeFeed(machine, prefix, from ?? null, (left) => this.#feeds.delete(left));
    this.#feeds.add(feed);
    if (pauses.ended) feed.end('closed');
    return feed.results();
  }

  /** Returns what ends the listening. */
  on<K extends keyof ClientEvents>(event: K, listener: Listener<K>): () => void {
    return this.#parts.listeners.add(event, listener);
  }

  /** Ends the session and whatever is under way: reads fail, writes that were sent are `unknown`. */
  close(): void {
    for (const feed of this.#feeds) feed.end('closed');
    this.#parts.close();
  }

  async #told(
    name: string,
    options: ReadOptions | undefined,
    onRead: (read: AnsweredRead) => void,
  ): Promise<ReadResult> {
    const startMs = performance.now();
    const result = await this.#read(name, options);
    if (result.outcome === 'failed') return result;
    const { freshness } = result.outcome === 'found' ? result.file : result;
    onRead({ name, freshness, tookMs: performance.now() - startMs });
    return result;
  }

  async #ask(name: string, options: ReadOptions): Promise<ReadResult> {
    const untilMs = this.#untilMs(options);
    const mode = options.mode ?? this.#parts.mode;
    for (let reads = 1; ; reads += 1) {
      const newest = await this.#newest(name, mode, untilMs);
      if ('outcome' in newest) return newest;
      const { head, freshness } = newest;
      const shown = resultOf(head, freshness);
      if (shown !== undefined || head === null) return shown ?? failed('no_such_file');
      const content = await this.#content(head, mode, untilMs);
      if (content.ok) {
        return { outcome: 'found', file: fileWith(infoOf(head), content.value, freshness) };
      }
      // Its history was cut in between: there is a newer one.
      if (content.reason !== 'no_such_version' || reads === REREADS) {
        return failed(content.reason, content.message);
      }
    }
  }

  async #newest(
    name: string,
    mode: Mode,
    untilMs: number,
  ): Promise<
    ReturnType<typeof failed> | { head: FileVersion | null; freshness: QuorateFile['freshness'] }
  > {
    const { newest, pauses } = this.#parts;
    if (!isSendableName(name)) return failed('invalid_name');
    if (pauses.ended) return failed('closed');
    const answer = await newest.read(name, mode, untilMs);
    if (answer.ok) return answer;
    return failed(pauses.ended ? 'closed' : answer.reason);
  }

  #content(
    head: FileVersion,
    mode: Mode,
    untilMs: number,
  ): ReturnType<ClientParts['files']['content']> {
    const { files, transferMs } = this.#parts;
    return files.content(head, mode, untilMs + transferMs(head.content?.size ?? 0));
  }

  #untilMs({ timeoutMs }: { readonly timeoutMs?: number }): number {
    return this.#parts.untilMs(timeoutMs);
  }
}

function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    start: (controller) => {
      if (bytes.length > 0) controller.enqueue(bytes.slice());
      controller.close();
    },
  });
}
