import type { AccessKeys } from '../access-keys.js';
import type { Consistency, ReadFailure } from '../file-service.js';
import { isAdminKey } from './admin-key.js';
import { ADMIN_KEY_ID, ADMINISTRATOR, type Caller } from './caller.js';
import { readKeyText } from './key-text.js';
import { isSameSecret } from './secret-comparison.js';
import type { SessionTokens } from './session-token.js';

export type Identified =
  | { readonly ok: true; readonly caller: Caller }
  | { readonly ok: false; readonly reason: 'invalid_key'; readonly message: string }
  | ReadFailure;

const INVALID: Identified = {
  ok: false,
  reason: 'invalid_key',
  message: 'there is no such key, its secret is another, or it was revoked',
};

/**
 * Finds out who a key belongs to. The administrator's needs nobody else: it is good without a
 * quorum, too. `keys` null: there are no others.
 */
export class AccessGuard {
  constructor(
    private readonly adminKeyHash: string,
    private readonly keys: AccessKeys | null,
    /** What web pages sign in with; null where nothing is sealed, and they cannot. */
    readonly tokens: SessionTokens | null = null,
    /** Whether what a site measures is shown without a key, too. */
    readonly metricsOpen = false,
  ) {}

  /** As fresh as a read of that consistency: with `local`, by what this site has heard. */
  identify(key: string, consistency: Consistency = 'strong'): Identified | Promise<Identified> {
    const read = readKeyText(key);
    if (read === null) return INVALID;
    if (read.id === ADMIN_KEY_ID) {
      return isAdminKey(key, this.adminKeyHash) ? { ok: true, caller: ADMINISTRATOR } : INVALID;
    }
    return this.keys === null ? INVALID : holderOf(this.keys, read.id, read.secret, consistency);
  }

  /** As `identify`, by what a web page was given when it signed in. */
  identifyToken(
    token: string,
    consistency: Consistency = 'strong',
  ): Identified | Promise<Identified> {
    const keyId = this.tokens?.keyIdOf(token) ?? null;
    if (keyId === null) return INVALID;
    if (keyId === ADMIN_KEY_ID) return { ok: true, caller: ADMINISTRATOR };
    return this.keys === null ? INVALID : holderOf(this.keys, keyId, null, consistency);
  }

  /** As `AccessKeys.onChange`; the administrator's key does not change while a site runs. */
  onChange(changed: (keyId: string | null) => void): () => void {
    return this.keys?.onChange(changed) ?? (() => undefined);
  }
}

/** `secret` null: that it is the holder has been shown already. */
async function holderOf(
  keys: AccessKeys,
  id: string,
  secret: string | null,
  consistency: Consistency,
): Promise<Identified> {
  const found = await keys.find(id, consistency);
  if (!found.ok) return found;
  if (found.key === null) return INVALID;
  if (secret !== null && !isSameSecret(secret, found.key.secret)) return INVALID;
  return { ok: true, caller: { keyId: id, isAdministrator: false, rights: found.key.rights } };
}
