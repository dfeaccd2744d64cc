/** Longest legal path, in bytes of UTF-8. */
export const PATH_LIMIT_BYTES = 1024;

/** A file's name taken apart, or why it is none. */
export type NameCheck = { readonly ok: true } | { readonly ok: false; readonly message: string };

const VALID: NameCheck = { ok: true };
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** Bucket names: 3 to 63 of `a-z 0-9 . -`, beginning and ending with a letter or digit. */
export function checkBucketName(bucket: string): NameCheck {
  if (BUCKET.test(bucket)) return VALID;
  return {
    ok: false,
    message:
      'a bucket name has 3 to 63 characters out of a-z, 0-9, "." and "-", ' +
      'and begins and ends with a letter or a digit',
  };
}

/**
 * Paths: 1 to 1,024 bytes of UTF-8 without NUL. Nothing is normalised: `.`, `..` and empty
 * segments are bytes like any other.
 */
export function checkPath(path: string): NameCheck {
  if (path === '') return { ok: false, message: 'the path is empty' };
  if (path.length > PATH_LIMIT_BYTES || Buffer.byteLength(path) > PATH_LIMIT_BYTES) {
    return { ok: false, message: `the path is longer than ${PATH_LIMIT_BYTES} bytes of UTF-8` };
  }
  if (path.includes('\0')) return { ok: false, message: 'the path contains a NUL byte' };
  return VALID;
}

/** Checks `bucket/path`. */
export function checkFileName(name: string): NameCheck {
  const slash = name.indexOf('/');
  if (slash < 0) return { ok: false, message: 'a file name is bucket/path; there is no "/"' };
  const bucket = checkBucketName(name.slice(0, slash));
  return bucket.ok ? checkPath(name.slice(slash + 1)) : bucket;
}
