import type { FileVersion } from '../file-version.js';

const NO_BYTES = new Uint8Array(0);

/** The version without its inline bytes, for somebody who has them. */
export function withoutBytes(head: FileVersion): FileVersion {
  if (head.content?.kind !== 'inline') return head;
  const { kind, size, etag } = head.content; // bytes may be read only when asked for
  return { ...head, content: { kind, size, etag, bytes: NO_BYTES } };
}

/** True if it came without the bytes that it speaks of. */
export function isLight(head: FileVersion | null): boolean {
  return head?.content?.kind === 'inline' && head.content.bytes.length !== head.content.size;
}
