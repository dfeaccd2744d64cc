import type { Position } from '../protocol/log-entry.js';

/** Where the record of an entry lies: offset and length in bytes, in the file of a log segment. */
export interface ContentPlace {
  readonly segment: number;
  readonly offset: number;
  readonly bytes: number;
}

/**
 * The content of a shard's entries where the log has it, for a view that names the place instead of
 * keeping a second copy. A file that a place is in outlives the log's use of it.
 */
export interface PlacedContent {
  /**
   * Where the entry is on disk, durably, if it has content worth leaving there. Forgets the places of
   * this entry and of all before it: a view asks once, in the order of the log.
   */
  take(entry: Position): ContentPlace | undefined;
  /** The inline content of the entry, checked; undefined where it cannot be read. */
  read(place: ContentPlace, entry: Position): Uint8Array | undefined;
}

/** Less content than this costs a view little: it fits into a page with others. */
export const PLACED_LEAST_BYTES = 1024;

export function isContentPlace(value: unknown): value is readonly [number, number, number] {
  return Array.isArray(value) && value.length === 3 && value.every(Number.isSafeInteger);
}
