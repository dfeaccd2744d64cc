import type { FileVersion } from '../../protocol/file-version.js';
import type { FileInfo, Freshness, QuorateFile, ReadResult } from './results.js';

const CONTENT_TYPE_KEY = 'content-type';
const USER_METADATA_PREFIX = 'meta:';

const decoder = new TextDecoder();

/** A version of the protocol as the client's users see it. */
export function infoOf(head: FileVersion): FileInfo {
  const metadata: Record<string, string> = {};
  for (const [key, value] of Object.entries(head.metadata)) {
    if (!key.startsWith(USER_METADATA_PREFIX)) continue;
    metadata[key.slice(USER_METADATA_PREFIX.length)] = value;
  }
  return {
    name: head.name,
    version: head.version,
    size: head.content?.size ?? 0,
    etag: head.content === null ? '' : `b3-${head.content.etag}`,
    modified: new Date(head.modifiedMs),
    contentType: head.metadata[CONTENT_TYPE_KEY] ?? null,
    metadata,
  };
}

/** Content type and metadata as the protocol carries them. */
export function metadataOf(
  contentType: string | undefined,
  metadata: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const carried: Record<string, string> = {};
  if (contentType !== undefined) carried[CONTENT_TYPE_KEY] = contentType;
  for (const [key, value] of Object.entries(metadata)) {
    carried[`${USER_METADATA_PREFIX}${key}`] = value;
  }
  return carried;
}

export function fileWith(info: FileInfo, bytes: Uint8Array, freshness: Freshness): QuorateFile {
  return { ...info, bytes, freshness, text: () => decoder.decode(bytes) };
}

/** What a version says by itself; undefined if its content has to be fetched. */
export function resultOf(head: FileVersion | null, freshness: Freshness): ReadResult | undefined {
  if (head === null || head.deleted) {
    return { outcome: 'absent', version: head?.version ?? null, freshness };
  }
  if (head.content?.kind !== 'inline') return undefined;
  return { outcome: 'found', file: fileWith(infoOf(head), head.content.bytes, freshness) };
}
