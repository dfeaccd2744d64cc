import type { ChunkedContent, ChunkRef } from '../protocol/file-version.js';
import { CHUNK_COUNT_LIMIT } from '../protocol/file-version.js';
import { ChunkDispatch, type DispatchPorts } from './chunk-dispatch.js';
import { sizesAt } from './content-cutter.js';
import type { Cut } from './content-cutting.js';
import type { Answered, ContentThreads, CutBody } from './content-threads.js';
import type { DigestName, UploadResult } from './site-context.js';

/** Bytes that are put together before it is asked whether the chunk ends within them. */
const STEP_BYTES = 256 * 1024;

export interface StreamPorts extends DispatchPorts {
  readonly threads: ContentThreads;
}

export interface StreamOptions {
  readonly digests: readonly DigestName[];
  /** Where the body will lie in the content it becomes part of; chunks are larger further in. */
  readonly positionBytes: number;
}

/**
 * Content that is too large to be inline, as it comes: put together in memory that is shared with
 * the thread that cuts it, and sent on chunk by chunk. While one question is under way, the next
 * bytes are taken.
 */
export class ContentStream {
  private readonly dispatch: ChunkDispatch;
  private readonly body: CutBody;
  private chunk: Buffer | null = null;
  private filledBytes = 0;
  private askedBytes = 0;
  private answer: Promise<Answered<Cut>> | null = null;
  /** Where the chunk begins. */
  private positionBytes: number;
  private sizeBytes = 0;
  private broken: UploadResult | null = null;

  constructor(
    private readonly ports: StreamPorts,
    options: StreamOptions,
  ) {
    this.dispatch = new ChunkDispatch(ports);
    this.body = ports.threads.begin(options.digests);
    this.positionBytes = options.positionBytes;
  }

  get chunks(): readonly ChunkRef[] {
    return this.dispatch.chunks;
  }

  /** Why no more bytes are wanted; null while they are. */
  get failure(): UploadResult | null {
    const { failure } = this.dispatch;
    if (failure !== null) return { ok: false, reason: 'storage_failed', message: failure.message };
    if (this.dispatch.chunks.length > CHUNK_COUNT_LIMIT) return tooLarge();
    return this.broken;
  }

  /** Resolves when there is room for more. */
  async write(bytes: Uint8Array): Promise<void> {
    let rest = bytes;
    while (rest.length > 0 && this.failure === null) {
      this.chunk ??= await this.ports.memory.take(sizesAt(this.positionBytes).mostBytes);
      const part = rest.subarray(0, this.chunk.length - this.filledBytes);
      this.chunk.set(part, this.filledBytes);
      this.filledBytes += part.length;
      this.sizeBytes += part.length;
      rest = rest.subarray(part.length);
      const isFull = this.filledBytes === this.chunk.length;
      if (isFull || this.filledBytes - this.askedBytes >= STEP_BYTES) await this.ask(false);
      if (isFull) await this.settle();
    }
  }

  /** All bytes were written. */
  async end(): Promise<UploadResult> {
    while (this.filledBytes > 0 && this.failure === null) {
      await this.ask(true);
      await this.settle();
    }
    await this.dispatch.done();
    if (this.failure !== null) return this.abandon(this.failure);
    const hashes = await this.body.end();
    if (!hashes.ok) return this.abandon(notCut(hashes.message));
    const { etag, digests } = hashes.value;
    const { chunks } = this.dispatch;
    const content: ChunkedContent = { kind: 'chunked', size: this.sizeBytes, etag, chunks };
    return { ok: true, content, digests };
  }

  /** Gives back what it holds. What is on its way arrives, and is collected in time. */
  async abandon<T>(result: T): Promise<T> {
    // The other thread may be reading the chunk.
    await this.answer;
    if (this.chunk !== null) this.ports.memory.give(this.chunk);
    this.chunk = null;
    this.body.drop();
    return result;
  }

  private async ask(isEnd: boolean): Promise<void> {
    await this.settle();
    const { chunk, filledBytes, askedBytes: fromBytes, positionBytes } = this;
    if (chunk === null || (filledBytes === fromBytes && !isEnd)) return;
    const bytes = chunk.subarray(0, filledBytes);
    this.askedBytes = filledBytes;
    this.answer = this.body.advance({ bytes, fromBytes, positionBytes, isEnd });
  }

  /** Takes the answer to the question that is under way. */
  private async settle(): Promise<void> {
    const answer = await this.answer;
    this.answer = null;
    if (answer === null || this.broken !== null) return;
    if (!answer.ok) this.broken = notCut(answer.message);
    else if (answer.value.cutBytes > 0) await this.complete(answer.value);
  }

  private async complete({ cutBytes, hash }: Cut): Promise<void> {
    const { chunk } = this;
    if (chunk === null) return;
    const rest = chunk.subarray(cutBytes, this.filledBytes);
    this.positionBytes += cutBytes;
    this.filledBytes = rest.length;
    this.askedBytes = 0;
    const { memory } = this.ports;
    const mostBytes = sizesAt(this.positionBytes).mostBytes;
    this.chunk = rest.length === 0 ? null : memory.takeNow(mostBytes);
    this.chunk?.set(rest);
    // Whoever waits for memory must not hold any: others may be waiting for that.
    const kept = this.chunk === null && rest.length > 0 ? Buffer.from(rest) : null;
    await this.dispatch.send(hash, chunk.subarray(0, cutBytes));
    if (kept === null) return;
    this.chunk = await memory.take(mostBytes);
    this.chunk.set(kept);
  }
}

function notCut(message: string): UploadResult {
  return { ok: false, reason: 'storage_failed', message };
}

export function tooLarge(): UploadResult {
  const message = `a file may have up to ${CHUNK_COUNT_LIMIT} chunks`;
  return { ok: false, reason: 'too_large', message };
}
