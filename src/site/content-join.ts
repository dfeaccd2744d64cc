import {
  CHUNK_COUNT_LIMIT,
  type ChunkRef,
  type Content,
  INLINE_LIMIT_BYTES,
  type InlineContent,
} from '../protocol/file-version.js';
import { ContentHasher, contentHash } from '../storage/content-hash.js';
import { inlineContent } from './inline-content.js';
import type { UploadResult } from './site-context.js';

/** Makes a chunk durable here and as far as possible elsewhere; or says why it cannot be. */
export type StoreChunk = (hash: string, bytes: Uint8Array) => Promise<string | null>;

/**
 * The contents in a row as one. Chunks stay as they are, so nothing of them is read; content that
 * was inline becomes a chunk of its own, unless all of it together is small enough to be inline.
 */
export async function joinContents(
  contents: readonly Content[],
  storeChunk: StoreChunk,
): Promise<UploadResult> {
  const [only] = contents;
  if (contents.length === 1 && only !== undefined) return { ok: true, content: only, digests: {} };
  const size = contents.reduce((sum, content) => sum + content.size, 0);
  const inline = contents.filter((content) => content.kind === 'inline');
  if (inline.length === contents.length && size <= INLINE_LIMIT_BYTES) {
    const bytes = Buffer.concat(inline.map((content) => content.bytes));
    return { ok: true, content: inlineContent(bytes), digests: {} };
  }
  const chunks: ChunkRef[] = [];
  const etags = new ContentHasher();
  for (const content of contents) {
    etags.update(Buffer.from(content.etag, 'hex'));
    const stored = content.kind === 'inline' ? await asChunk(content, storeChunk) : content.chunks;
    if (typeof stored === 'string') {
      return { ok: false, reason: 'storage_failed', message: stored };
    }
    for (const chunk of stored) chunks.push(chunk);
  }
  if (chunks.length > CHUNK_COUNT_LIMIT) {
    const message = `${chunks.length} chunks in one file; it may have up to ${CHUNK_COUNT_LIMIT}`;
    return { ok: false, reason: 'too_large', message };
  }
  return {
    ok: true,
    content: { kind: 'chunked', size, etag: etags.digest(), chunks },
    digests: {},
  };
}

async function asChunk(
  { bytes, size }: InlineContent,
  storeChunk: StoreChunk,
): Promise<readonly ChunkRef[] | string> {
  if (size === 0) return [];
  const hash = contentHash(bytes);
  return (await storeChunk(hash, bytes)) ?? [{ hash, size }];
}
