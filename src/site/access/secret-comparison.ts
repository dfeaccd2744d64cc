import { hash, timingSafeEqual } from 'node:crypto';

/*
 * Every comparison of a secret, a signature or a hash of one is made here; a test reads the folders
 * that deal with them.
 */

/**
 * Whether two secrets are the same, in a time that tells nothing of where they differ or how long
 * the right one is: what is compared are their digests, and those in constant time.
 */
export function isSameSecret(given: string, expected: string): boolean {
  return timingSafeEqual(digest(given), digest(expected));
}

/**
 * As `isSameSecret`, where only the SHA-256 of the right one is known, in hexadecimal. What is no
 * such hash is nobody's.
 */
export function hasDigest(given: string, expectedHex: string): boolean {
  const found = digest(given);
  const expected = Buffer.from(expectedHex, 'hex');
  return expected.length === found.length && timingSafeEqual(found, expected);
}

function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}
