import {
  CHUNK_COUNT_LIMIT,
  CHUNK_LIMIT_BYTES,
  type ChunkRef,
  INLINE_LIMIT_BYTES,
} from '../protocol/file-version.js';
import { contentHash } from '../storage/content-hash.js';
import { ContentDigests } from './content-digests.js';
import { ContentStream, type StreamOptions, type StreamPorts, tooLarge } from './content-stream.js';
import type { UploadResult } from './site-context.js';

/** No content can be longer. */
const CONTENT_LIMIT_BYTES = CHUNK_COUNT_LIMIT * CHUNK_LIMIT_BYTES;

/** Reads one body to its end and brings its content to the disks. */
export class ContentUpload {
  /** All of the body, as long as it may be inline. */
  private parts: Uint8Array[] = [];
  private stream: ContentStream | null = null;
  private size = 0;

  constructor(
    private readonly ports: StreamPorts,
    private readonly options: StreamOptions,
  ) {}

  /** Chunks that it has cut so far. */
  get chunks(): readonly ChunkRef[] {
    return this.stream?.chunks ?? [];
  }

  async run(body: AsyncIterable<Uint8Array>, announcedSize?: number): Promise<UploadResult> {
    if ((announcedSize ?? 0) > CONTENT_LIMIT_BYTES) return tooLarge();
    const failure = await this.read(body, announcedSize);
    if (failure !== null) return this.stream === null ? failure : this.stream.abandon(failure);
    return this.stream === null ? this.inline() : this.stream.end();
  }

  /** Null once all of it was read. */
  private async read(
    body: AsyncIterable<Uint8Array>,
    announcedSize?: number,
  ): Promise<UploadResult | null> {
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
      await this.take(next.value);
      const failure = this.stream?.failure ?? null;
      if (failure !== null) return refuse(failure);
    }
    if (announcedSize === undefined || this.size === announcedSize) return null;
    return incomplete(`the body has ${this.size} of the ${announcedSize} bytes announced`);
  }

  private async take(bytes: Uint8Array): Promise<void> {
    if (this.stream === null) {
      this.parts.push(bytes);
      if (this.size <= INLINE_LIMIT_BYTES) return;
      this.stream = new ContentStream(this.ports, this.options);
      const { parts } = this;
      this.parts = [];
      for (const part of parts) await this.stream.write(part);
    } else {
      await this.stream.write(bytes);
    }
  }

  private inline(): UploadResult {
    const { size } = this;
    const bytes = joined(this.parts, size);
    const running = new ContentDigests(this.options.digests);
    running.update(bytes);
    const content = { kind: 'inline', size, etag: contentHash(bytes), bytes } as const;
    return { ok: true, content, digests: running.results() };
  }
}

/** One part is used as it is where it is most of the memory that it lies in. */
function joined(parts: readonly Uint8Array[], bytes: number): Uint8Array {
  const [only] = parts;
  const isWhole = parts.length === 1 && only !== undefined;
  return isWhole && 2 * bytes >= only.buffer.byteLength ? only : Buffer.concat(parts, bytes);
}

function incomplete(message: string): UploadResult {
  return { ok: false, reason: 'body_incomplete', message };
}
