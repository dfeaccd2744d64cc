import { createHmac } from 'node:crypto';
import type { Seal } from '../seal.js';
import { isSameSecret } from './secret-comparison.js';

/** How long a web page stays signed in, in milliseconds. */
export const SESSION_LIFE_MS = 12 * 60 * 60 * 1000;

const TOKEN = /^(v1\.([A-Za-z0-9]{1,64})\.([0-9a-z]{1,11}))\.([A-Za-z0-9_-]{43})$/;

/**
 * What a web page is given in place of its key: it names the key and when it ends, under the
 * cluster's own seal, so that every site takes it and none has to remember it. It is good only as
 * long as the key is, and the administrator's only as long as his key has this hash.
 */
export class SessionTokens {
  private readonly key: Buffer;

  constructor(
    seal: Seal,
    private readonly adminKeyHash: string,
    private readonly wallMs: () => number = Date.now,
  ) {
    this.key = seal.derive('session tokens');
  }

  make(keyId: string): { readonly token: string; readonly endMs: number } {
    const endMs = this.wallMs() + SESSION_LIFE_MS;
    const text = `v1.${keyId}.${endMs.toString(36)}`;
    return { token: `${text}.${this.tagOf(text)}`, endMs };
  }

  /** The id of the key that it stands for; null for what was not made here, or is over. */
  keyIdOf(token: string): string | null {
    const [, text, keyId, end, tag] = TOKEN.exec(token) ?? [];
    if (text === undefined || keyId === undefined || end === undefined || tag === undefined) {
      return null;
    }
    if (!isSameSecret(tag, this.tagOf(text))) return null;
    return Number.parseInt(end, 36) > this.wallMs() ? keyId : null;
  }

  private tagOf(text: string): string {
    return createHmac('sha256', this.key)
      .update(`${text} ${this.adminKeyHash}`)
      .digest('base64url');
  }
}
