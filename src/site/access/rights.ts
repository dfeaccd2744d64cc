import { checkBucketName, checkPathText } from '../site-names.js';

/** `read`: get, list and share; `write`: also put and delete; `owner`: also make, remove, set up. */
export type AccessLevel = 'read' | 'write' | 'owner';

export const LEVELS: readonly AccessLevel[] = ['read', 'write', 'owner'];

export interface AccessRight {
  /**
   * Whose names it is for: a bucket (`docs`), buckets that begin so (`tmp-*`, `*`), files of a
   * bucket that begin so (`docs/reports/*`) or one file (`docs/report.pdf`).
   */
  readonly buckets: string;
  readonly level: AccessLevel;
}

/** Every bucket and file, as the administrator has it. */
export const EVERYTHING: readonly AccessRight[] = [{ buckets: '*', level: 'owner' }];

type Rights = readonly AccessRight[];

/** Whether all of this bucket is covered, for as much as this. */
export function permits(rights: Rights, bucket: string, level: AccessLevel): boolean {
  return permitsPrefix(rights, bucket, '', level);
}

/** Whether every name in the bucket that begins so is covered. */
export function permitsPrefix(
  rights: Rights,
  bucket: string,
  prefix: string,
  level: AccessLevel,
): boolean {
  return rights.some((right) => reaches(right, level) && covers(right.buckets, bucket, prefix));
}

/** Whether every name that begins so is covered, whatever its bucket. */
export function permitsNames(rights: Rights, start: string, level: AccessLevel): boolean {
  const slash = start.indexOf('/');
  if (slash >= 0)
    return permitsPrefix(rights, start.slice(0, slash), start.slice(slash + 1), level);
  return rights.some((right) => {
    const { buckets } = right;
    if (!reaches(right, level) || buckets.includes('/') || !buckets.endsWith('*')) return false;
    return start.startsWith(buckets.slice(0, -1));
  });
}

/** Whether this file, `bucket/path`, is covered. */
export function permitsName(rights: Rights, name: string, level: AccessLevel): boolean {
  const slash = name.indexOf('/');
  return permitsFile(rights, name.slice(0, slash), name.slice(slash + 1), level);
}

/** Whether this file is covered. */
export function permitsFile(
  rights: Rights,
  bucket: string,
  path: string,
  level: AccessLevel,
): boolean {
  return rights.some(
    (right) =>
      reaches(right, level) &&
      (covers(right.buckets, bucket, path) || right.buckets === `${bucket}/${path}`),
  );
}

/** Whether anything at all in the bucket is covered. */
export function permitsSome(rights: Rights, bucket: string, level: AccessLevel): boolean {
  return rights.some(
    (right) =>
      reaches(right, level) &&
      (covers(right.buckets, bucket, '') || right.buckets.startsWith(`${bucket}/`)),
  );
}

function reaches(right: AccessRight, level: AccessLevel): boolean {
  return LEVELS.indexOf(right.level) >= LEVELS.indexOf(level);
}

function covers(pattern: string, bucket: string, prefix: string): boolean {
  const start = pattern.endsWith('*') ? pattern.slice(0, -1) : null;
  if (!pattern.includes('/')) return start === null ? pattern === bucket : bucket.startsWith(start);
  return start !== null && `${bucket}/${prefix}`.startsWith(start);
}

export const RIGHTS_LIMIT = 100;
/** Of all patterns of one key together. */
export const PATTERNS_LIMIT_BYTES = 16 * 1024;
const BUCKETS = /^([a-z0-9][a-z0-9.-]{0,62})?\*?$/;

/** What is wrong with these as the rights of a key; null: nothing. */
export function rightsFault(rights: Rights): string | null {
  if (rights.length > RIGHTS_LIMIT) return `a key has at most ${RIGHTS_LIMIT} rights`;
  const bytes = rights.reduce((sum, { buckets }) => sum + Buffer.byteLength(buckets), 0);
  if (bytes > PATTERNS_LIMIT_BYTES) {
    return `the rights of a key name at most ${PATTERNS_LIMIT_BYTES} bytes`;
  }
  const wrong = rights.find(({ buckets }) => !isPattern(buckets));
  return wrong === undefined
    ? null
    : `"${wrong.buckets}" is none of: bucket, beginning-of-buckets*, bucket/prefix*, bucket/path`;
}

/** Whether a right can be for this. */
export function isPattern(text: string): boolean {
  const slash = text.indexOf('/');
  if (slash < 0) return text !== '' && BUCKETS.test(text);
  const path = text.slice(slash + 1);
  return path !== '' && checkBucketName(text.slice(0, slash)).ok && checkPathText(path).ok;
}
