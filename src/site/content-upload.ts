import { ContentHasher, contentHash } from '../storage/content-hash.js';
import {
  CHUNK_COUNT_LIMIT,
  type ChunkRef,
  type Content,
  INLINE_LIMIT_BYTES,
} from '../protocol/file-version.js';
import type { StorageFailure } from '../protocol/ports.js';
import type { ChunkStore } from '../storage/chunks/chunk-store.js';
import type { BufferPool } from '../transport/buffer-pool.js';
import { ByteBudget } from './byte-budget.js';
import type { ChunkCalls } from './chunk-calls.js';
import { ChunkPush } from './chunk-push.js';
import { type ContentCutter, FIXED_CUT_LIMIT_BYTES, FixedCutter } from './content-cutter.js';
import { ContentDigests } from './content-digests.js';
import type { DigestName, UploadResult } from './site-context.js';

const MEBIBYTE = 1024 * 1024;
/** Chunks of one upload that are on their way to disks. */
const WINDOW_BYTES = 32 * MEBIBYTE;
/** The same of all uploads of a site. */
export const UPLOADS_LIMIT_BYTES = 96 * MEBIBYTE;

export interface UploadPorts {
  readonly store: ChunkStore;
  readonly calls: ChunkCalls;
  /** Shared by all uploads of the site. */
  readonly budget: ByteBudget;
  /** Memory of chunks, shared likewise. */
  readonly pool: BufferPool;
  /** Sites with a session, nearest first. */
  connectedSites(): readonly string[];
  /** How many of them should hold a chunk before the upload goes on: W − 1. */
  readonly neededPushes: number;
  failed(failure: StorageFailure): void;
}

/** Reads one body to its end and brings its content to the disks. */
export class ContentUpload {
  /** Of all chunks so far. */
  private hasher: ContentHasher | null = null;
  private readonly cutter: ContentCutter;
  private readonly window = new ByteBudget(WINDOW_BYTES);
  private readonly chunks: ChunkRef[] = [];
  private readonly durable: Promise<void>[] = [];
  private pushes: readonly ChunkPush[] | null = null;
  private failure: StorageFailure | null = null;
  private size = 0;

  private readonly digests: ContentDigests;

  constructor(
    private readonly ports: UploadPorts,
    digests: readonly DigestName[],
  ) {
    this.digests = new ContentDigests(digests);
    this.cutter = new FixedCutter((bytes) => ports.pool.take(bytes));
  }

  async run(body: AsyncIterable<Uint8Array>, announcedSize?: number): Promise<UploadResult> {
    if ((announcedSize ?? 0) > FIXED_CUT_LIMIT_BYTES) return tooLarge();
    const iterator = body[Symbol.asyncIterator]();
    const refuse = async (result: UploadResult): Promise<UploadResult> => {
      await Promise.resolve(iterator.return?.()).catch(() => undefined);
      return result;
    };
    for (;;) {
      let next: IteratorResult<Uint8Array>;
      try {
        next = await iterator.next();
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        return incomplete(`the body broke off after ${this.size} bytes: ${reason}`);
      }
      if (next.done === true) break;
      this.size += next.value.length;
      if (announcedSize !== undefined && this.size > announcedSize) {
        return refuse(incomplete(`the body is longer than the ${announcedSize} bytes announced`));
      }
      this.digests.update(next.value);
      for (const chunk of this.cutter.push(next.value)) await this.take(chunk);
      if (this.failure !== null) return refuse(notStored(this.failure));
      if (this.chunks.length > CHUNK_COUNT_LIMIT) return refuse(tooLarge());
    }
    if (announcedSize !== undefined && this.size < announcedSize) {
      return incomplete(`the body has ${this.size} of the ${announcedSize} bytes announced`);
    }
    return this.finish();
  }

  private async finish(): Promise<UploadResult> {
    const { size } = this;
    const rest = this.cutter.end();
    if (this.chunks.length === 0 && size <= INLINE_LIMIT_BYTES) {
      const bytes = rest ?? new Uint8Array(0);
      const etag = contentHash(bytes);
      return this.stored({ kind: 'inline', size, etag, bytes });
    }
    if (rest !== null) await this.take(rest);
    await Promise.all(this.durable);
    if (this.failure !== null) return notStored(this.failure);
    if (this.chunks.length > CHUNK_COUNT_LIMIT) return tooLarge();
    const etag = (this.hasher ?? new ContentHasher()).digest();
    return this.stored({ kind: 'chunked', size, etag, chunks: this.chunks });
  }

  private stored(content: Content): UploadResult {
    return { ok: true, content, digests: this.digests.results() };
  }

  /** Resolves as soon as there is room for the chunk; `durable` tells what became of it. */
  private async take(bytes: Uint8Array): Promise<void> {
    await this.window.take(bytes.length);
    await this.ports.budget.take(bytes.length);
    const hash = contentHash(bytes);
    this.hasher ??= new ContentHasher();
    this.hasher.update(bytes);
    this.chunks.push({ hash, size: bytes.length });
    const { store, calls } = this.ports;
    this.pushes ??= this.ports.connectedSites().map((site) => new ChunkPush(site, calls));
    const pushed = this.pushes.map((push) => push.offer(hash, bytes));
    const stored = store.write(hash, bytes).then((written) => {
      if (written.ok || this.failure !== null) return;
      this.failure = written.failure;
      this.ports.failed(written.failure);
    });
    void Promise.all([Promise.all(pushed), stored]).then(([free]) => {
      if (free.every((isFree) => isFree)) this.ports.pool.give(bytes);
      this.window.give(bytes.length);
      this.ports.budget.give(bytes.length);
    });
    this.durable.push(Promise.all([stored, firstOf(pushed, this.ports.neededPushes)]).then(ignore));
  }
}

/** Resolves once so many of the promises have, or all of them. */
function firstOf(promises: readonly Promise<unknown>[], count: number): Promise<void> {
  let open = Math.min(count, promises.length);
  if (open === 0) return Promise.resolve();
  return new Promise((resolve) => {
    for (const promise of promises) {
      void promise.then(() => {
        open -= 1;
        if (open === 0) resolve();
      });
    }
  });
}

function ignore(): void {}

function incomplete(message: string): UploadResult {
  return { ok: false, reason: 'body_incomplete', message };
}

function tooLarge(): UploadResult {
  const message = `a file may have up to ${FIXED_CUT_LIMIT_BYTES} bytes`;
  return { ok: false, reason: 'too_large', message };
}

function notStored(failure: StorageFailure): UploadResult {
  return { ok: false, reason: 'storage_failed', message: failure.message };
}
