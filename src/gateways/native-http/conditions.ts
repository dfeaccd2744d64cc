import type { IncomingHttpHeaders } from 'node:http';
import type { Conditions } from '../../site/file-service.js';
import type { Refusal } from './problem.js';
import { refusal } from './problem.js';

/** Entity tags are `"b3-<BLAKE3 of the content>"`. */
export function entityTag(etag: string): string {
  return `"b3-${etag}"`;
}

const TAG_LIST = /^\s*(?:W\/)?"[\x21\x23-\x7e]*"(?:\s*,\s*(?:W\/)?"[\x21\x23-\x7e]*")*\s*$/;
const TAG = /(W\/)?"([^"]*)"/g;
const OURS = /^b3-[0-9a-f]{64}$/;

export type TagList = { readonly ok: true; readonly tags: readonly string[] } | Refusal;

/**
 * Reads `*` or a list of quoted entity tags into content hashes. Tags of another make become
 * strings that equal no hash; weak ones too where a strong comparison is asked for.
 */
export function readTagList(header: string, value: string, strong: boolean): TagList {
  if (value.trim() === '*') return { ok: true, tags: ['*'] };
  if (!TAG_LIST.test(value)) {
    return refusal('malformed_precondition', `${header} is ${JSON.stringify(value.slice(0, 100))}`);
  }
  const tags: string[] = [];
  for (const [, weak, opaque = ''] of value.matchAll(TAG)) {
    const usable = OURS.test(opaque) && !(strong && weak !== undefined);
    tags.push(usable ? opaque.slice(3) : `other:${opaque}`);
  }
  return { ok: true, tags };
}

export type ReadConditions = { readonly ok: true; readonly conditions: Conditions } | Refusal;

const NONE: ReadConditions = { ok: true, conditions: {} };

/** What must hold for a write: If-Match, If-None-Match and Quorate-If-Version. */
export function readConditions(headers: IncomingHttpHeaders): ReadConditions {
  const match = headers['if-match'];
  const noneMatch = headers['if-none-match'];
  const version = headers['quorate-if-version'];
  if (headers['if-unmodified-since'] !== undefined) {
    return refusal('unsupported_precondition', 'If-Unmodified-Since is not supported');
  }
  if (match === undefined && noneMatch === undefined && version === undefined) return NONE;
  const conditions: { -readonly [K in keyof Conditions]: Conditions[K] } = {};
  if (match !== undefined) {
    const tags = readTagList('If-Match', match, true);
    if (!tags.ok) return tags;
    conditions.ifMatch = tags.tags;
  }
  if (noneMatch !== undefined) {
    const tags = readTagList('If-None-Match', noneMatch, false);
    if (!tags.ok) return tags;
    conditions.ifNoneMatch = tags.tags;
  }
  if (version !== undefined) {
    const text = String(version);
    if (!/^[1-9]\d{0,14}$/.test(text)) {
      return refusal('malformed_precondition', `Quorate-If-Version is ${JSON.stringify(text)}`);
    }
    conditions.ifVersion = Number(text);
  }
  return { ok: true, conditions };
}

/** Whether a list names the given content. */
export function tagsInclude(tags: readonly string[], etag: string): boolean {
  return tags.includes('*') || tags.includes(etag);
}
