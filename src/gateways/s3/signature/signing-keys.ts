import { createHmac } from 'node:crypto';
import { isSameSecret } from '../../../site/access/secret-comparison.js';
import type { Credential } from './credential.js';

const KEY_LIMIT = 1024;

export function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text, 'latin1').digest();
}

/** The key of one day, region and service, as Signature V4 derives it. */
export function deriveSigningKey(secret: string, { date, region }: Credential): Buffer {
  const dayKey = createHmac('sha256', `AWS4${secret}`).update(date).digest();
  return hmac(hmac(hmac(dayKey, region), 's3'), 'aws4_request');
}

interface Kept {
  readonly secret: string;
  readonly signingKey: Buffer;
}

/**
 * Signing keys of the last 1,024 access keys, days and regions that a right signature came with.
 * What was not signed rightly is never kept, so strangers cannot push anything out.
 */
export class SigningKeys {
  readonly #kept = new Map<string, Kept>();

  keyFor(credential: Credential, secret: string): Buffer {
    const kept = this.#kept.get(nameOf(credential));
    return kept !== undefined && isSameSecret(kept.secret, secret)
      ? kept.signingKey
      : deriveSigningKey(secret, credential);
  }

  /** Remembers a key that has proved right. */
  keep(credential: Credential, secret: string, signingKey: Buffer): void {
    const name = nameOf(credential);
    if (this.#kept.delete(name) || this.#kept.size < KEY_LIMIT) {
      this.#kept.set(name, { secret, signingKey });
      return;
    }
    for (const oldest of this.#kept.keys()) {
      this.#kept.delete(oldest);
      break;
    }
    this.#kept.set(name, { secret, signingKey });
  }

  get size(): number {
    return this.#kept.size;
  }
}

function nameOf({ accessKeyId, scope }: Credential): string {
  return `${accessKeyId}/${scope}`;
}
