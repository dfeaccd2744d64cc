import type { FileVersion } from '../file-version.js';
import { comparePositions, type Position } from '../log-entry.js';
import type { KeepTerms } from './messages.js';

/** A file as a client keeps it: its content stays of use for comparing, valid or not. */
export interface CacheEntry {
  /** Null: the file never was. */
  readonly head: FileVersion | null;
  readonly bytes: number;
  /** Null: suspect; it has to be validated before it is used. */
  keep: KeepTerms | null;
  /** Used since it was last spared. */
  used: boolean;
}

export interface CacheLimits {
  readonly entries: number;
  readonly bytes: number;
}

/** The files that a client keeps, within limits on both their count and their bytes. */
export interface Cache {
  readonly limits: CacheLimits;
  /** The one kept longest first. */
  readonly entries: Map<string, CacheEntry>;
  bytes: number;
}

const ENTRY_OVERHEAD_BYTES = 400;
const NOWHERE: Position = { epoch: 0, seq: 0 };

export function createCache(limits: CacheLimits): Cache {
  return { limits, entries: new Map(), bytes: 0 };
}

export function positionOfEntry(entry: CacheEntry): Position {
  return entry.head ?? NOWHERE;
}

/**
 * Keeps a version unless a later one is here already. Returns the names that had to go: those not
 * used for longest, never more than it takes.
 */
export function keepEntry(
  cache: Cache,
  name: string,
  head: FileVersion | null,
  keep: KeepTerms | null,
): Map<string, CacheEntry> {
  const gone = new Map<string, CacheEntry>();
  const known = cache.entries.get(name);
  if (known !== undefined) {
    const order = comparePositions(positionOfEntry(known), head ?? NOWHERE);
    // The same without terms says nothing against the terms it is kept under.
    if (order > 0 || (order === 0 && keep === null)) return gone;
  }
  removeEntry(cache, name);
  const bytes = contentBytes(head) + name.length + ENTRY_OVERHEAD_BYTES;
  if (bytes > cache.limits.bytes) return known === undefined ? gone : gone.set(name, known);
  cache.entries.set(name, { head, bytes, keep, used: false });
  cache.bytes += bytes;
  while (cache.entries.size > cache.limits.entries || cache.bytes > cache.limits.bytes) {
    evictOne(cache, gone);
  }
  return gone;
}

function contentBytes(head: FileVersion | null): number {
  return head?.content?.kind === 'inline' ? head.content.bytes.length : 0;
}

/** Second chance: one that was used since is put behind the others once. */
function evictOne(cache: Cache, gone: Map<string, CacheEntry>): void {
  for (const [name, entry] of cache.entries) {
    if (entry.used) {
      entry.used = false;
      cache.entries.delete(name);
      cache.entries.set(name, entry);
      continue;
    }
    removeEntry(cache, name);
    gone.set(name, entry);
    return;
  }
}

export function removeEntry(cache: Cache, name: string): void {
  const entry = cache.entries.get(name);
  if (entry === undefined) return;
  cache.entries.delete(name);
  cache.bytes -= entry.bytes;
}
