import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import { type AccessLevel, type AccessRight, rightsFault } from './access/rights.js';
import { inlineContent } from './inline-content.js';
import type { Consistency, ReadFailure, RejectReason } from './file-service.js';
import type { FileVersion } from '../protocol/file-version.js';
import { readRecordJson } from './record-json.js';
import type { SiteRecords } from './site-records.js';
import type { Seal } from './seal.js';

export interface AccessKey {
  readonly id: string;
  readonly note: string;
  readonly createdMs: number;
  readonly rights: readonly AccessRight[];
}

/** A key with what proves that a request was made by its holder. */
export interface SecretKey extends AccessKey {
  readonly secret: string;
}

export type KeyChange<T> =
  | { readonly ok: true; readonly key: T }
  | {
      readonly ok: false;
      readonly reason: RejectReason | 'no_such_key' | 'no_seal' | 'invalid_right' | 'unknown';
      readonly message: string;
    };

/** Keys of clients, replicated to every site as records; a revoked one is refused at once. */
export interface AccessKeys {
  /** The only moment at which the secret can be seen. */
  create(note: string, rights: readonly AccessRight[]): Promise<KeyChange<SecretKey>>;
  /** At most 1,000, in the order of their ids. */
  list(): Promise<{ readonly ok: true; readonly keys: readonly AccessKey[] } | ReadFailure>;
  revoke(id: string): Promise<KeyChange<AccessKey>>;
  /** Sets the level for a pattern of buckets; null takes it away. */
  allow(id: string, buckets: string, level: AccessLevel | null): Promise<KeyChange<AccessKey>>;
  /** As fresh as any such read (default strong); null if there is no such key (any more). */
  find(
    id: string,
    consistency?: Consistency,
  ): Promise<{ readonly ok: true; readonly key: SecretKey | null } | ReadFailure>;
  /**
   * Told of every key that is made, changed or revoked at any site, as soon as this one hears of it;
   * null: any may have been. Returns what ends it.
   */
  onChange(changed: (id: string | null) => void): () => void;
}

const PREFIX = 'keys/';
const ID = /^QK[A-Z2-7]{18}$/;
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const CACHED_KEYS = 1000;
const CHANGE_ATTEMPTS = 5;

const SCHEMA = z.object({
  v: z.literal(1),
  note: z.string(),
  createdMs: z.number(),
  secret: z.string(),
  rights: z.array(z.object({ buckets: z.string(), level: z.enum(['read', 'write', 'owner']) })),
});
type Stored = z.infer<typeof SCHEMA>;

/** `seal` null: this site was given no key to seal secrets with, and can neither make nor use any. */
export function createAccessKeys(
  records: SiteRecords,
  seal: Seal | null,
  wallMs: () => number,
): AccessKeys {
  return new RecordedKeys(records, seal, wallMs);
}

class RecordedKeys implements AccessKeys {
  /** Keys as they were last opened, by id; good while the record has the same version. */
  private readonly opened = new Map<
    string,
    { readonly version: number; readonly key: SecretKey }
  >();

  constructor(
    private readonly records: SiteRecords,
    private readonly seal: Seal | null,
    private readonly wallMs: () => number,
  ) {}

  async create(note: string, rights: readonly AccessRight[]): Promise<KeyChange<SecretKey>> {
    if (this.seal === null) return unsealed();
    const fault = rightsFault(rights);
    if (fault !== null) return refuse('invalid_right', fault);
    const id = `QK${Array.from(randomBytes(18), (byte) => BASE32[byte & 31]).join('')}`;
    const secret = randomBytes(30).toString('base64url');
    const createdMs = this.wallMs();
    const stored: Stored = {
      v: 1,
      note: note.slice(0, 200),
      createdMs,
      secret: this.seal.close(secret, id),
      rights: [...rights],
    };
    return this.write(id, stored, { ...shown(id, stored), secret }, 0);
  }

  async list(): ReturnType<AccessKeys['list']> {
    const listing = await this.records.list({ prefix: PREFIX });
    if (!listing.ok) return listing;
    const keys = listing.files.flatMap((file) => {
      const stored = readStored(file);
      const id = file.name.slice(file.name.indexOf('/') + 1 + PREFIX.length);
      return stored === null ? [] : [shown(id, stored)];
    });
    return { ok: true, keys };
  }

  async revoke(id: string): Promise<KeyChange<AccessKey>> {
    const found = await this.stored(id);
    if (!found.ok) return found;
    const outcome = await this.records.remove(PREFIX + id);
    if (outcome.outcome === 'committed') return { ok: true, key: shown(id, found.stored) };
    return refuse(outcome.outcome === 'unknown' ? 'unknown' : outcome.reason, outcome.message);
  }

  async allow(
    id: string,
    buckets: string,
    level: AccessLevel | null,
  ): Promise<KeyChange<AccessKey>> {
    for (let attempt = 1; ; attempt += 1) {
      const found = await this.stored(id);
      if (!found.ok) return found;
      const others = found.stored.rights.filter((right) => right.buckets !== buckets);
      const rights = level === null ? others : [...others, { buckets, level }];
      const fault = rightsFault(rights);
      if (fault !== null) return refuse('invalid_right', fault);
      const stored: Stored = { ...found.stored, rights };
      const changed = await this.write(id, stored, shown(id, stored), found.version);
      const isOvertaken = !changed.ok && changed.reason === 'precondition_failed';
      if (!isOvertaken || attempt === CHANGE_ATTEMPTS) return changed;
    }
  }

  onChange(changed: (id: string | null) => void): () => void {
    return this.records.watch(PREFIX, (path) => changed(path && path.slice(PREFIX.length)));
  }

  async find(id: string, consistency?: Consistency): ReturnType<AccessKeys['find']> {
    if (this.seal === null || !ID.test(id)) return { ok: true, key: null };
    const read = await this.records.read(PREFIX + id, consistency);
    if (!read.ok) return read;
    const { record } = read;
    if (record === null) return { ok: true, key: null };
    const known = this.opened.get(id);
    if (known?.version === record.version) return { ok: true, key: known.key };
    const stored = readStored(record);
    const secret = stored && this.seal.open(stored.secret, id);
    if (stored === null || secret === null) return { ok: true, key: null };
    const key = { ...shown(id, stored), secret };
    if (this.opened.size >= CACHED_KEYS) this.opened.clear();
    this.opened.set(id, { version: record.version, key });
    return { ok: true, key };
  }

  private async stored(
    id: string,
  ): Promise<
    | { readonly ok: true; readonly stored: Stored; readonly version: number }
    | Extract<KeyChange<never>, { ok: false }>
  > {
    const read = await this.records.read(PREFIX + id);
    if (!read.ok) return refuse(read.reason === 'timeout' ? 'unknown' : read.reason, read.message);
    const stored = read.record === null ? null : readStored(read.record);
    if (read.record === null || stored === null) {
      return refuse('no_such_key', `there is no key ${id}`);
    }
    return { ok: true, stored, version: read.record.version };
  }

  private async write<T>(
    id: string,
    stored: Stored,
    key: T,
    version: number,
  ): Promise<KeyChange<T>> {
    const content = inlineContent(Buffer.from(JSON.stringify(stored)));
    const condition = version === 0 ? { ifAbsent: true } : { ifVersion: version };
    const outcome = await this.records.put(PREFIX + id, content, condition);
    if (outcome.outcome === 'committed') return { ok: true, key };
    return refuse(outcome.outcome === 'unknown' ? 'unknown' : outcome.reason, outcome.message);
  }
}

function readStored(record: FileVersion): Stored | null {
  return readRecordJson(record, SCHEMA);
}

function shown(id: string, { note, createdMs, rights }: Stored): AccessKey {
  return { id, note, createdMs, rights };
}

function refuse(
  reason: Extract<KeyChange<never>, { ok: false }>['reason'],
  message: string,
): Extract<KeyChange<never>, { ok: false }> {
  return { ok: false, reason, message };
}

function unsealed(): Extract<KeyChange<never>, { ok: false }> {
  return refuse(
    'no_seal',
    'this site has no key to seal secrets with: set key_file in its configuration',
  );
}
