import type { FileVersion } from '../service-types.js';
import { CONTENT_TYPE_KEY, USER_METADATA_PREFIX } from '../file-metadata.js';

/** A file version as the API's JSON shows it. */
export interface FileJson {
  readonly bucket: string;
  readonly path: string;
  readonly version: number;
  readonly epoch: number;
  readonly seq: number;
  readonly deleted: boolean;
  readonly size: number;
  /** As in the ETag header without its quotes; null for a delete. */
  readonly etag: string | null;
  readonly modified: string;
  readonly contentType: string | null;
  readonly metadata: Readonly<Record<string, string>>;
}

export function fileJson(file: FileVersion): FileJson {
  const slash = file.name.indexOf('/');
  const metadata: Record<string, string> = {};
  for (const key in file.metadata) {
    if (!key.startsWith(USER_METADATA_PREFIX)) continue;
    metadata[key.slice(USER_METADATA_PREFIX.length)] = file.metadata[key]!;
  }
  return {
    bucket: slash < 0 ? file.name : file.name.slice(0, slash),
    path: slash < 0 ? '' : file.name.slice(slash + 1),
    version: file.version,
    epoch: file.epoch,
    seq: file.seq,
    deleted: file.deleted,
    size: file.content?.size ?? 0,
    etag: file.content && `b3-${file.content.etag}`,
    modified: new Date(file.modifiedMs).toISOString(),
    contentType: file.metadata[CONTENT_TYPE_KEY] ?? null,
    metadata,
  };
}
