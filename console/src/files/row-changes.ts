import type { FileChange } from '../api/sdk.ts';
import { byPath, fileRow, folderRow, lowerBound, type Row } from './row.ts';

export interface ChangedRows {
  readonly rows: Row[];
  /** Folders in which something was deleted: they may be gone. */
  readonly doubtful: readonly string[];
}

/**
 * The rows of a folder, sorted by path, after changes of files below its prefix. What lies beyond
 * `end`, the last path that was loaded, comes with its page; null: everything was loaded.
 */
export function changeRows(
  rows: readonly Row[],
  prefix: string,
  end: string | null,
  changes: readonly FileChange[],
): ChangedRows {
  const newest = new Map<string, Row | null>();
  const doubtful = new Set<string>();
  for (const change of changes) {
    const path = change.name.slice(change.name.indexOf('/') + 1);
    if (!path.startsWith(prefix)) continue;
    const slash = path.indexOf('/', prefix.length);
    if (slash >= 0) {
      const folder = path.slice(0, slash + 1);
      if (change.kind === 'delete') doubtful.add(folder);
      else newest.set(folder, folderRow(folder));
    } else {
      newest.set(path, change.kind === 'delete' ? null : fileRow(change));
    }
  }
  return { rows: merged(rows, newest, end), doubtful: [...doubtful] };
}

function merged(
  rows: readonly Row[],
  newest: ReadonlyMap<string, Row | null>,
  end: string | null,
): Row[] {
  const changed = rows.slice();
  const added: Row[] = [];
  let removed = false;
  for (const [path, row] of newest) {
    const index = lowerBound(rows, path);
    const found = rows[index];
    const isThere = found?.path === path;
    if (row === null) {
      if (isThere) {
        delete changed[index];
        removed = true;
      }
    } else if (isThere) {
      if (!isOlder(row, found)) changed[index] = row;
    } else if (end === null || lowerBound([row], end) === 1 || row.path === end) {
      added.push(row);
    }
  }
  const kept = removed ? changed.filter(() => true) : changed;
  if (added.length === 0) return kept;
  return kept.concat(added).sort(byPath);
}

/** A page that was read and a change that was pushed may come in either order. */
function isOlder(row: Row, than: Row): boolean {
  return row.kind === 'file' && than.kind === 'file' && row.version < than.version;
}
