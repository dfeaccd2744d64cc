import { createHash, randomBytes } from 'node:crypto';
import { ADMIN_KEY_ID } from './caller.js';
import { hasDigest } from './secret-comparison.js';

/*
 * The administrator's key, `admin.<secret>`. A site knows only its hash. That is a plain SHA-256:
 * slow hashes make guesses dear where people chose the secret, and nobody guesses 240 random bits;
 * a slow one would only let strangers keep the site busy.
 */

const SECRET_BYTES = 30;
const HASH_PREFIX = 'sha256:';
export const ADMIN_KEY_HASH = /^sha256:[0-9a-f]{64}$/;

/** A new key; its only copy. */
export function newAdminKey(): string {
  return `${ADMIN_KEY_ID}.${randomBytes(SECRET_BYTES).toString('base64url')}`;
}

/** What a site's configuration says of a key: `admin_key_hash`. */
export function adminKeyHash(key: string): string {
  return `${HASH_PREFIX}${createHash('sha256').update(key).digest('hex')}`;
}

/** Whether this is the key with the hash. */
export function isAdminKey(key: string, hash: string): boolean {
  return hash.startsWith(HASH_PREFIX) && hasDigest(key, hash.slice(HASH_PREFIX.length));
}
