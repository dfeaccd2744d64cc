import * as z from 'zod';
import { parseJson } from '../../client/attempts.js';
import { BackupAnswer } from '../../client/backup-answer.js';
import type { ChunkRef } from '../../protocol/file-version.js';
import { BackupUnreadable, type StoredBackup } from '../../site/backup/restore-site.js';
import { contentHash } from '../../storage/content-hash.js';
import type { BackupTarget } from './backup-target.js';

/*
 * How backups lie in their target: `chunks/ab/<hash>`, shared by all, and for each one a folder
 * `backups/<name>/` with the pieces of its archives and, written last, `manifest.json`. Without that
 * there is no backup, only pieces of one.
 */

/** An archive is kept in pieces of this length, of which only the last may be shorter. */
export const PIECE_BYTES = 8 * 1024 * 1024;
/** Version history: 1, the first. */
const FORMAT = 1;

export const Manifest = z.object({
  format: z.literal(FORMAT),
  name: z.string(),
  takenAt: z.iso.datetime(),
  cluster: BackupAnswer.shape.cluster,
  table: BackupAnswer.shape.table,
  shards: z.array(
    z.object({
      shard: z.string().regex(/^[a-z0-9-]{1,64}$/),
      position: z.object({ epoch: z.int(), seq: z.int() }),
      records: z.int(),
      bytes: z.int(),
      /** BLAKE3 of each piece. */
      pieces: z.array(z.string()),
    }),
  ),
  /** That the archives name, and their bytes. */
  chunks: z.object({ count: z.int(), bytes: z.int() }),
});
export type Manifest = z.infer<typeof Manifest>;

export function manifestPath(name: string): string {
  return `backups/${name}/manifest.json`;
}

export function piecePath(name: string, shard: string, index: number): string {
  return `backups/${name}/${shard}.${String(index).padStart(6, '0')}`;
}

export function chunkPath(hash: string): string {
  return `chunks/${hash.slice(0, 2)}/${hash}`;
}

/** Names of the whole backups, the oldest first: they are the times they were taken. */
export async function backupNames(target: BackupTarget): Promise<string[]> {
  const names: string[] = [];
  for await (const path of target.list('backups/')) {
    const [, name] = /^backups\/([^/]+)\/manifest\.json$/.exec(path) ?? [];
    if (name !== undefined) names.push(name);
  }
  return names.sort();
}

/** Throws BackupUnreadable. */
export async function readManifest(target: BackupTarget, name: string): Promise<Manifest> {
  const bytes = await target.get(manifestPath(name));
  if (bytes === null) throw new BackupUnreadable(`there is no backup ${name} in ${target.name}`);
  const value = parseJson(Buffer.from(bytes).toString('utf8'));
  const { format } = z.object({ format: z.number() }).catch({ format: 0 }).parse(value);
  if (format > FORMAT) {
    throw new BackupUnreadable(
      `backup ${name} has format ${format}, this program knows ${FORMAT}: use the newer one`,
    );
  }
  const parsed = Manifest.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new BackupUnreadable(`backup ${name}: its manifest is damaged`);
}

/** A backup as it is read back; all bytes are compared with their digests. */
export class TargetBackup implements StoredBackup {
  constructor(
    private readonly target: BackupTarget,
    private readonly manifest: Manifest,
  ) {}

  get shards(): string[] {
    return this.manifest.shards.map(({ shard }) => shard);
  }

  get table(): Manifest['table'] {
    return this.manifest.table;
  }

  async *archive(shard: string): AsyncIterable<Uint8Array> {
    const { name, shards } = this.manifest;
    const pieces = shards.find((each) => each.shard === shard)?.pieces ?? [];
    for (const [index, digest] of pieces.entries()) {
      const path = piecePath(name, shard, index);
      yield this.checked(path, digest, await this.target.get(path));
    }
  }

  async chunk({ hash }: ChunkRef): Promise<Uint8Array> {
    const path = chunkPath(hash);
    return this.checked(path, hash, await this.target.get(path));
  }

  private checked(path: string, digest: string, bytes: Uint8Array | null): Uint8Array {
    if (bytes === null) throw new BackupUnreadable(`${path} is missing in ${this.target.name}`);
    if (contentHash(bytes) === digest) return bytes;
    throw new BackupUnreadable(`${path} in ${this.target.name} is damaged`);
  }
}
