import {
  CHUNK_COUNT_LIMIT,
  CHUNK_LIMIT_BYTES,
  type ChunkRef,
  INLINE_LIMIT_BYTES,
} from './file-version.js';

import { SITES_LIMIT } from './log-entry.js';

/*
 * Fields of what another site says, judged one by one. This is the hot path of every message, so
 * it is written by hand: each judge says whether the value is what the type says, within limits.
 */

export type Fields = Readonly<Record<string, unknown>>;

/** Sites, shards and runs. */
export const ID_LIMIT_CHARACTERS = 256;
/** `bucket/path`, and patterns of it. */
export const NAME_LIMIT_CHARACTERS = 2048;
export const REQUEST_ID_LIMIT_CHARACTERS = 512;
export const METADATA_LIMIT_CHARACTERS = 128 * 1024;
const ETAG_LIST_LIMIT = 1024;
/** Sites that ever began anew on another machine. */
const SINCE_LIMIT = 256;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** A moment or a duration in milliseconds. */
export function isMilliseconds(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER;
}

function isTextUpTo(value: unknown, limit: number): value is string {
  return typeof value === 'string' && value.length <= limit;
}

export function isId(value: unknown): value is string {
  return isTextUpTo(value, ID_LIMIT_CHARACTERS);
}

export function isName(value: unknown): value is string {
  return isTextUpTo(value, NAME_LIMIT_CHARACTERS);
}

export function isRequestId(value: unknown): value is string {
  return isTextUpTo(value, REQUEST_ID_LIMIT_CHARACTERS);
}

export function isHash(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}

export function isPosition(value: unknown): boolean {
  return isFields(value) && isCount(value.epoch) && isCount(value.seq);
}

export function isReign(value: unknown): boolean {
  return isFields(value) && isCount(value.epoch) && isId(value.run);
}

export function isGrantTerms(value: unknown): boolean {
  return isFields(value) && isReign(value) && isCount(value.generation) && isCount(value.position);
}

/** Which sites keep a shard. */
export function isConfiguration(value: unknown): boolean {
  if (!isFields(value) || !isCount(value.version) || !isCount(value.writeQuorum)) return false;
  const { sites, since } = value;
  if (!Array.isArray(sites) || sites.length > SITES_LIMIT || !sites.every(isId)) return false;
  if (!isFields(since)) return false;
  const named = Object.entries(since);
  return (
    named.length <= SINCE_LIMIT && named.every(([site, least]) => isId(site) && isCount(least))
  );
}

export function isMetadata(value: unknown): boolean {
  if (!isFields(value)) return false;
  let characters = 0;
  for (const key of Object.keys(value)) {
    const text = value[key];
    if (typeof text !== 'string') return false;
    characters += key.length + text.length;
  }
  return characters <= METADATA_LIMIT_CHARACTERS;
}

export function isChunkRef(value: unknown): value is ChunkRef {
  if (!isFields(value) || !isHash(value.hash) || !isCount(value.size)) return false;
  return value.size > 0 && value.size <= CHUNK_LIMIT_BYTES;
}

/** `light`: inline content may come without its bytes. */
export function isContent(value: unknown, light = false): boolean {
  if (!isFields(value) || !isCount(value.size) || !isHash(value.etag)) return false;
  if (value.kind === 'inline') {
    const { bytes, size } = value;
    if (!(bytes instanceof Uint8Array) || size > INLINE_LIMIT_BYTES) return false;
    return bytes.length === size || (light && bytes.length === 0);
  }
  if (value.kind !== 'chunked' || !Array.isArray(value.chunks)) return false;
  if (value.chunks.length > CHUNK_COUNT_LIMIT) return false;
  let size = 0;
  for (const chunk of value.chunks as unknown[]) {
    if (!isChunkRef(chunk)) return false;
    size += chunk.size;
  }
  return size === value.size;
}

/** A version as a primary tells it; its content may be light. */
export function isFileVersion(value: unknown): boolean {
  if (!isFields(value)) return false;
  const { content, deleted } = value;
  return (
    isName(value.name) &&
    isCount(value.version) &&
    isCount(value.epoch) &&
    isCount(value.seq) &&
    typeof deleted === 'boolean' &&
    (content === null ? deleted : !deleted && isContent(content, true)) &&
    isMetadata(value.metadata) &&
    isMilliseconds(value.modifiedMs)
  );
}

export function isPattern(value: unknown): boolean {
  if (!isFields(value)) return false;
  if (value.kind === 'exact') return isName(value.name);
  return value.kind === 'prefix' && isName(value.prefix);
}

export function isConditions(value: unknown): boolean {
  if (!isFields(value)) return false;
  const { ifVersion, ifHead, ifAbsent, ifMatch, ifNoneMatch } = value;
  return (
    (ifHead === undefined || isCount(ifHead)) &&
    (ifVersion === undefined || isCount(ifVersion)) &&
    (ifAbsent === undefined || typeof ifAbsent === 'boolean') &&
    (ifMatch === undefined || isEtagList(ifMatch)) &&
    (ifNoneMatch === undefined || isEtagList(ifNoneMatch))
  );
}

function isEtagList(value: unknown): boolean {
  return Array.isArray(value) && value.length <= ETAG_LIST_LIMIT && value.every(isName);
}
