import { compareUtf8 } from '../../../src/protocol/utf8-order.js';
import type { FileInfo } from '../api/sdk.ts';

/** What a folder shows of a file. A change that is pushed says nothing of the content's type. */
export interface FileRow {
  readonly kind: 'file';
  /** Without the bucket. */
  readonly path: string;
  readonly name: string;
  readonly version: number;
  readonly size: number;
  readonly modified: Date;
}

export interface FolderRow {
  readonly kind: 'folder';
  /** Without the bucket, with the slash at its end. */
  readonly path: string;
  readonly name: string;
}

export type Row = FileRow | FolderRow;

export type SortKey = 'name' | 'size' | 'modified';

export function fileRow(file: Omit<FileInfo, 'etag' | 'contentType' | 'metadata'>): FileRow {
  const path = file.name.slice(file.name.indexOf('/') + 1);
  const { version, size, modified } = file;
  return {
    kind: 'file',
    path,
    name: path.slice(path.lastIndexOf('/') + 1),
    version,
    size,
    modified,
  };
}

export function folderRow(path: string): FolderRow {
  return { kind: 'folder', path, name: path.slice(path.lastIndexOf('/', path.length - 2) + 1, -1) };
}

/** The order of the store's own listings. */
export function byPath(a: Row, b: Row): number {
  return compareUtf8(a.path, b.path);
}

/** Folders first, then by the column; what is equal there by name. */
export function comparison(key: SortKey, descending: boolean): (a: Row, b: Row) => number {
  const sign = descending ? -1 : 1;
  return (a, b) => {
    if (a.kind !== b.kind) return a.kind === 'folder' ? -1 : 1;
    const byKey = a.kind === 'file' && b.kind === 'file' ? compareKey(key, a, b) : 0;
    if (byKey !== 0) return sign * byKey;
    const byName = a.name.localeCompare(b.name, undefined, { numeric: true }) || byPath(a, b);
    return key === 'name' ? sign * byName : byName;
  };
}

function compareKey(key: SortKey, a: FileRow, b: FileRow): number {
  if (key === 'name') return 0;
  return key === 'size' ? a.size - b.size : a.modified.getTime() - b.modified.getTime();
}

/** The first index in rows sorted by path whose path is not below this one. */
export function lowerBound(rows: readonly Row[], path: string): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareUtf8(rows[middle]?.path ?? '', path) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
