import type { HttpClient } from '../../client/http-client.js';
import { BackupUnreadable } from '../../site/backup/restore-site.js';
import { readArchive } from '../../site/backup/shard-archive.js';
import { contentHash } from '../../storage/content-hash.js';
import type { BackupTarget } from './backup-target.js';
import {
  chunkPath,
  type Manifest,
  manifestPath,
  PIECE_BYTES,
  piecePath,
} from './stored-backups.js';

const CHUNKS_AT_ONCE = 8;

/** The store did not give what was asked for; the message is a sentence for people. */
export class BackupFailed extends Error {
  override readonly name = 'BackupFailed';
}

export interface CreatedBackup {
  readonly manifest: Manifest;
  /** Chunks that were not in the target yet. */
  readonly sent: { readonly count: number; readonly bytes: number };
}

/**
 * Keeps the whole store in the target while it is in use: every shard as of one position, with its
 * history, then the chunks that the target lacks. The manifest is written last; before that there
 * is no backup. Throws BackupFailed, BackupUnreadable or TargetFailed.
 */
export async function createBackup(
  client: HttpClient,
  target: BackupTarget,
  atMs: number,
  tell: (progress: string) => void,
): Promise<CreatedBackup> {
  const described = await client.backupDescription();
  if (!described.ok) throw new BackupFailed(described.message);
  const { cluster, table, shards: names } = described.value;
  const takenAt = new Date(atMs).toISOString();
  const name = takenAt.replaceAll(/[-:.]/g, '');
  const keeper = new ShardKeeper(client, target, name);
  const shards: Manifest['shards'] = [];
  for (const shard of names) {
    tell(`the files of ${shard}`);
    shards.push(await keeper.keep(shard));
  }
  const sent = await sendChunks(client, target, keeper.chunks, tell);
  const bytes = [...keeper.chunks.values()].reduce((sum, size) => sum + size, 0);
  const chunks = { count: keeper.chunks.size, bytes };
  const manifest: Manifest = { format: 1, name, takenAt, cluster, table, shards, chunks };
  await target.put(manifestPath(name), Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`));
  return { manifest, sent };
}

class ShardKeeper {
  /** Hash and size of every chunk that is named. */
  readonly chunks = new Map<string, number>();

  constructor(
    private readonly client: HttpClient,
    private readonly target: BackupTarget,
    private readonly name: string,
  ) {}

  async keep(shard: string): Promise<Manifest['shards'][number]> {
    const archive = await this.client.backupArchive(shard);
    if (!archive.ok) throw new BackupFailed(archive.message);
    const pieces: string[] = [];
    let bytes = 0;
    const kept = inPieces(archive.value, async (piece) => {
      await this.target.put(piecePath(this.name, shard, pieces.length), piece);
      pieces.push(contentHash(piece));
      bytes += piece.length;
    });
    // It is read while it is kept: what cannot be read back is no backup.
    const { header, ranges } = await readArchive(kept, shard);
    let records = 0;
    for await (const range of ranges) {
      records += range.records.length;
      for (const { hash, size } of range.contents.flatMap((content) => content.chunks)) {
        this.chunks.set(hash, size);
      }
    }
    return { shard, position: header.position, records, bytes, pieces };
  }
}

/** Passes bytes on, and gives them away in pieces of one length. */
async function* inPieces(
  source: AsyncIterable<Uint8Array>,
  take: (piece: Buffer) => Promise<void>,
): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  let size = 0;
  for await (const bytes of source) {
    held.push(bytes);
    size += bytes.length;
    if (size >= PIECE_BYTES) {
      const all = Buffer.concat(held);
      let at = 0;
      for (; all.length - at >= PIECE_BYTES; at += PIECE_BYTES) {
        await take(all.subarray(at, at + PIECE_BYTES));
      }
      held = [all.subarray(at)];
      size = all.length - at;
    }
    yield bytes;
  }
  if (size > 0) await take(Buffer.concat(held));
}

async function sendChunks(
  client: HttpClient,
  target: BackupTarget,
  chunks: ReadonlyMap<string, number>,
  tell: (progress: string) => void,
): Promise<CreatedBackup['sent']> {
  const lacking = new Set(chunks.keys());
  for await (const path of target.list('chunks/')) lacking.delete(path.slice(-64));
  const all = lacking.size;
  const left = [...lacking];
  let bytes = 0;
  const send = async (): Promise<void> => {
    for (let hash = left.pop(); hash !== undefined; hash = left.pop()) {
      const read = await client.chunk(hash);
      if (!read.ok) {
        throw new BackupFailed(`chunk ${hash} could not be had: ${read.message}; run it again`);
      }
      if (contentHash(read.value) !== hash) throw new BackupUnreadable(`chunk ${hash} is damaged`);
      await target.put(chunkPath(hash), read.value);
      bytes += read.value.length;
      if (left.length % 64 === 0) tell(`${all - left.length} of ${all} chunks`);
    }
  };
  await Promise.all(Array.from({ length: CHUNKS_AT_ONCE }, send));
  return { count: all, bytes };
}
