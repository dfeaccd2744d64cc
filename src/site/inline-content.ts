import { INLINE_LIMIT_BYTES, type InlineContent } from '../protocol/file-version.js';
import { contentHash } from '../storage/content-hash.js';

/** Content of the store's own records. Throws for more than fits into a log entry. */
export function inlineContent(bytes: Uint8Array): InlineContent {
  if (bytes.length > INLINE_LIMIT_BYTES) {
    throw new Error(`${bytes.length} bytes do not fit into a log entry`);
  }
  return { kind: 'inline', size: bytes.length, etag: contentHash(bytes), bytes };
}

export const EMPTY_CONTENT: InlineContent = inlineContent(new Uint8Array(0));
