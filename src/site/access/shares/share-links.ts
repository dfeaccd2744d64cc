import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import type { FileVersion } from '../../../protocol/file-version.js';
import type { AccessKeys } from '../../access-keys.js';
import type { ReadFailure, RejectReason } from '../../file-service.js';
import { inlineContent } from '../../inline-content.js';
import { readRecordJson } from '../../record-json.js';
import type { Seal } from '../../seal.js';
import type { SiteRecords } from '../../site-records.js';
import { ADMIN_KEY_ID, type Caller } from '../caller.js';
import { isSameSecret } from '../secret-comparison.js';
import { permitsName, permitsPrefix, type AccessLevel } from '../rights.js';
import { PasswordAttempts } from './password-attempts.js';
import { hashPassword, isPassword, PasswordHash } from './password-hash.js';
import { ShareTokens } from './share-token.js';

/** The longest that a link may be good for. */
export const SHARE_LIFE_LIMIT_MS = 365 * 24 * 60 * 60 * 1000;
/** Links that are not over yet, of all makers together. */
export const SHARES_LIMIT = 10_000;
export const PASSWORD_LIMIT = 200;

export interface ShareWish {
  /** `bucket/path` of a file, or what ends in "/": all files that begin so. */
  readonly name: string;
  /** Always this version; null: the newest. Of files only. */
  readonly version: number | null;
  readonly lifeMs: number;
  readonly note: string;
}

/** A link that reads one file, or all files below a prefix, for whoever has it. */
export interface Share extends Omit<ShareWish, 'lifeMs'> {
  readonly id: string;
  /** The key that made it; '' at a site that asks nobody who he is. */
  readonly maker: string;
  readonly createdMs: number;
  readonly endMs: number;
  readonly password: PasswordHash | null;
}

export type ShareFailure = {
  readonly ok: false;
  readonly reason: RejectReason | 'no_such_share' | 'too_many_shares' | 'unknown';
  readonly message: string;
};
export type ShareResult<T> = ({ readonly ok: true } & T) | ShareFailure;

const PREFIX = 'shares/';
const ID_BYTES = 16;
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const PAGE = 1000;

const Stored = z.object({
  v: z.literal(1),
  name: z.string(),
  version: z.number().nullable(),
  note: z.string(),
  maker: z.string(),
  /** What the administrator's key was, where it was his. */
  makerHash: z.string(),
  createdMs: z.number(),
  endMs: z.number(),
  password: PasswordHash.nullable(),
});
type Stored = z.infer<typeof Stored>;

/**
 * Links, as records that every site has. A link does what its maker's key could do now, at most: it
 * ends with that key, and rests while the key may not read what is shared.
 */
export class ShareLinks {
  private readonly tokens: ShareTokens;
  private readonly attempts: PasswordAttempts;

  constructor(
    seal: Seal,
    private readonly records: SiteRecords,
    private readonly keys: AccessKeys,
    /** '' at a site that asks nobody who he is. */
    private readonly adminKeyHash: string,
    private readonly wallMs: () => number = Date.now,
  ) {
    this.tokens = new ShareTokens(seal, wallMs);
    this.attempts = new PasswordAttempts();
  }

  /** What goes into an address; the same each time. */
  tokenOf({ id, endMs }: Share): string {
    return this.tokens.make(id, endMs);
  }

  /** `password` null: whoever has the link needs none. That the maker may read is not asked here. */
  async create(
    maker: Caller,
    wish: ShareWish,
    password: string | null,
  ): Promise<ShareResult<{ readonly share: Share }>> {
    const listed = await this.all();
    if (!listed.ok) return unread(listed);
    if (listed.shares.length >= SHARES_LIMIT) {
      return refuse('too_many_shares', `there are ${SHARES_LIMIT} links, the most there may be`);
    }
    const id = Array.from(randomBytes(ID_BYTES), (byte) => BASE32[byte & 31]).join('');
    const createdMs = this.wallMs();
    const stored: Stored = {
      v: 1,
      name: wish.name,
      version: wish.version,
      note: wish.note,
      maker: maker.keyId,
      makerHash: maker.keyId === ADMIN_KEY_ID ? this.adminKeyHash : '',
      createdMs,
      endMs: createdMs + Math.min(wish.lifeMs, SHARE_LIFE_LIMIT_MS),
      password: password === null ? null : await hashPassword(password),
    };
    const content = inlineContent(Buffer.from(JSON.stringify(stored)));
    const outcome = await this.records.put(PREFIX + id, content, { ifAbsent: true });
    if (outcome.outcome === 'committed') return { ok: true, share: shareOf(id, stored) };
    return refuse(outcome.outcome === 'unknown' ? 'unknown' : outcome.reason, outcome.message);
  }

  /** Those that the caller made or may end, newest first; of this name, where one is given. */
  async list(
    caller: Caller,
    name?: string,
  ): Promise<ShareResult<{ readonly shares: readonly Share[] }>> {
    const listed = await this.all();
    if (!listed.ok) return unread(listed);
    const shares = listed.shares.filter(
      (share) => (name === undefined || share.name === name) && maySee(caller, share),
    );
    return { ok: true, shares: shares.sort((a, b) => b.createdMs - a.createdMs) };
  }

  /** Whose link it is not is told the same as if there were none. */
  async revoke(caller: Caller, id: string): Promise<ShareResult<{ readonly share: Share }>> {
    const found = await this.stored(id);
    if (!found.ok) return unread(found);
    if (found.stored === null || !maySee(caller, shareOf(id, found.stored))) {
      return refuse('no_such_share', 'there is no such link among those that you may end');
    }
    const outcome = await this.records.remove(PREFIX + id);
    if (outcome.outcome === 'committed') return { ok: true, share: shareOf(id, found.stored) };
    return refuse(outcome.outcome === 'unknown' ? 'unknown' : outcome.reason, outcome.message);
  }

  /** The link of an address that is good just now; null for all others, whatever is wrong. */
  async find(
    token: string,
  ): Promise<{ readonly ok: true; readonly share: Share | null } | ReadFailure> {
    const id = this.tokens.idOf(token);
    if (id === null) return NONE;
    const found = await this.stored(id);
    if (!found.ok) return found;
    const { stored } = found;
    if (stored === null || stored.endMs <= this.wallMs()) return NONE;
    const may = await this.mayMaker(stored);
    if (!may.ok) return may;
    return may.may ? { ok: true, share: shareOf(id, stored) } : NONE;
  }

  async tryPassword({ id, password }: Share, shown: string): ReturnType<PasswordAttempts['try']> {
    if (password === null) return 'right';
    return this.attempts.try(id, () => isPassword(shown, password));
  }

  /** What a browser that showed the password keeps. */
  openedToken({ id, password }: Share): string {
    return this.tokens.makeOpened(id, password?.hash ?? '');
  }

  isOpened({ id, password }: Share, shown: string): boolean {
    return password === null || this.tokens.isOpened(shown, id, password.hash);
  }

  private async mayMaker(
    stored: Stored,
  ): Promise<{ readonly ok: true; readonly may: boolean } | ReadFailure> {
    if (stored.maker === '') return { ok: true, may: this.adminKeyHash === '' };
    if (stored.maker === ADMIN_KEY_ID) {
      return { ok: true, may: isSameSecret(stored.makerHash, this.adminKeyHash) };
    }
    const found = await this.keys.find(stored.maker);
    if (!found.ok) return found;
    return { ok: true, may: found.key !== null && mayShare(found.key, stored.name) };
  }

  private async stored(
    id: string,
  ): Promise<{ readonly ok: true; readonly stored: Stored | null } | ReadFailure> {
    const read = await this.records.read(PREFIX + id);
    if (!read.ok) return read;
    return { ok: true, stored: read.record === null ? null : readStored(read.record) };
  }

  /** All that are not over; records of those that are go by the way. */
  private async all(): Promise<{ readonly ok: true; readonly shares: Share[] } | ReadFailure> {
    const shares: Share[] = [];
    let after = '';
    for (;;) {
      const page = await this.records.list({ prefix: PREFIX, after, limit: PAGE });
      if (!page.ok) return page;
      for (const file of page.files) {
        const path = file.name.slice(file.name.indexOf('/') + 1);
        const stored = readStored(file);
        if (stored !== null && stored.endMs > this.wallMs()) {
          shares.push(shareOf(path.slice(PREFIX.length), stored));
        } else {
          // Refused with or without its record: nobody waits for it, and another listing tries anew.
          await this.records.remove(path, { ifVersion: file.version });
        }
        after = path;
      }
      if (page.next === null) return { ok: true, shares };
    }
  }
}

/** Whether this may be shared: as far as the rights to read go. */
export function mayShare({ rights }: Pick<Caller, 'rights'>, name: string): boolean {
  return covers(rights, name, 'read');
}

function maySee(caller: Caller, { maker, name }: Share): boolean {
  if (caller.isAdministrator) return true;
  return maker === caller.keyId || covers(caller.rights, name, 'owner');
}

function covers(rights: Caller['rights'], name: string, level: AccessLevel): boolean {
  if (!name.endsWith('/')) return permitsName(rights, name, level);
  const slash = name.indexOf('/');
  return permitsPrefix(rights, name.slice(0, slash), name.slice(slash + 1), level);
}

const NONE = { ok: true, share: null } as const;

function readStored(record: FileVersion): Stored | null {
  return readRecordJson(record, Stored);
}

function shareOf(id: string, { v: _version, makerHash: _hash, ...stored }: Stored): Share {
  return { id, ...stored };
}

function refuse(reason: ShareFailure['reason'], message: string): ShareFailure {
  return { ok: false, reason, message };
}

function unread({ reason, message }: ReadFailure): ShareFailure {
  return refuse(reason === 'timeout' ? 'no_primary' : reason, message);
}
