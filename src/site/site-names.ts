import { PATH_LIMIT_BYTES } from '../protocol/file-version.js';
import type { NamePattern } from '../protocol/log-entry.js';
import { parsePattern } from '../protocol/primary-table.js';

export type NameCheck = { readonly ok: true } | { readonly ok: false; readonly message: string };

/** Where the site keeps its own records; no legal bucket name, so no client's name leads there. */
export const SYSTEM_BUCKET = '.system';
const BUCKET_RECORDS = `${SYSTEM_BUCKET}/buckets/`;

const VALID: NameCheck = { ok: true };
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const LONE_SURROGATE = /\p{Surrogate}/u;

function refuse(message: string): NameCheck {
  return { ok: false, message };
}

/** Bucket names: 3 to 63 of `a-z 0-9 . -`, beginning and ending with a letter or digit. */
export function checkBucketName(bucket: string): NameCheck {
  if (BUCKET.test(bucket)) return VALID;
  return refuse(
    'a bucket name has 3 to 63 characters out of a-z, 0-9, "." and "-", ' +
      'and begins and ends with a letter or a digit',
  );
}

/** Text that can be (part of) a path: at most 1,024 bytes of UTF-8 without NUL; may be empty. */
export function checkPathText(text: string): NameCheck {
  if (text.length > PATH_LIMIT_BYTES || Buffer.byteLength(text) > PATH_LIMIT_BYTES) {
    return refuse(`the path is longer than ${PATH_LIMIT_BYTES} bytes of UTF-8`);
  }
  if (text.includes('\0')) return refuse('the path contains a NUL byte');
  if (LONE_SURROGATE.test(text)) return refuse('the path is not well-formed Unicode');
  return VALID;
}

/** Checks `bucket/path`. Nothing is normalised: `.`, `..` and empty segments are bytes like any. */
export function checkFileName(name: string): NameCheck {
  const slash = name.indexOf('/');
  if (slash < 0) return refuse('a file name is bucket/path; there is no "/"');
  const bucket = checkBucketName(name.slice(0, slash));
  if (!bucket.ok) return bucket;
  return slash === name.length - 1
    ? refuse('the path is empty')
    : checkPathText(name.slice(slash + 1));
}

/** The bucket of a checked name. */
export function bucketOf(name: string): string {
  return name.slice(0, name.indexOf('/'));
}

/** The file that stands for a bucket. */
export function bucketRecord(bucket: string): string {
  return `${BUCKET_RECORDS}${bucket}`;
}

export const BUCKET_RECORD_PREFIX = BUCKET_RECORDS.slice(SYSTEM_BUCKET.length + 1);

/**
 * The pattern of a rule: `bucket/path`, or `bucket/prefix*`; the bucket may be `*` for any bucket.
 * A whole bucket is `bucket/*`.
 */
export function readPattern(
  text: string,
):
  | { readonly ok: true; readonly pattern: NamePattern }
  | { readonly ok: false; readonly message: string } {
  const slash = text.indexOf('/');
  if (slash < 0) {
    return { ok: false, message: 'a pattern is bucket/path or bucket/prefix*; there is no "/"' };
  }
  const bucket = text.slice(0, slash);
  const bucketCheck = bucket === '*' ? VALID : checkBucketName(bucket);
  if (!bucketCheck.ok) return bucketCheck;
  const path = text.slice(slash + 1);
  if (path === '') return { ok: false, message: 'the path of the pattern is empty' };
  const pathCheck = checkPathText(path.endsWith('*') ? path.slice(0, -1) : path);
  return pathCheck.ok ? { ok: true, pattern: parsePattern(text) } : pathCheck;
}
