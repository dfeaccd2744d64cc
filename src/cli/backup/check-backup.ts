import { BackupUnreadable } from '../../site/backup/restore-site.js';
import { ArchiveUnreadable, readArchive } from '../../site/backup/shard-archive.js';
import type { BackupTarget } from './backup-target.js';
import { chunkPath, manifestPath, readManifest, TargetBackup } from './stored-backups.js';

export interface CheckedBackup {
  readonly records: number;
  readonly chunks: number;
  readonly bytes: number;
  /** What is missing or damaged, at most 100 of them. Empty: it can be restored. */
  readonly faults: readonly string[];
}

const FAULT_LIMIT = 100;
const CHUNKS_AT_ONCE = 8;

/** Reads everything that a backup needs, as a restore would. Throws only TargetFailed. */
export async function checkBackup(
  target: BackupTarget,
  name: string,
  tell: (progress: string) => void,
): Promise<CheckedBackup> {
  const check = { records: 0, chunks: 0, bytes: 0, faults: [] as string[] };
  const note = (error: unknown): void => {
    const isKnown = error instanceof BackupUnreadable || error instanceof ArchiveUnreadable;
    if (!isKnown) throw error;
    if (check.faults.length < FAULT_LIMIT) check.faults.push(error.message);
  };
  try {
    const backup = new TargetBackup(target, await readManifest(target, name));
    const hashes = new Map<string, number>();
    for (const shard of backup.shards) {
      tell(`the files of ${shard}`);
      check.records += await readShard(backup, shard, hashes).catch((error: unknown) => {
        note(error);
        return 0;
      });
    }
    const left = [...hashes];
    const read = async (): Promise<void> => {
      for (let next = left.pop(); next !== undefined; next = left.pop()) {
        const [hash, size] = next;
        const bytes = await backup.chunk({ hash, size }).catch(note);
        if (bytes === undefined) continue;
        check.chunks += 1;
        check.bytes += bytes.length;
        if (left.length % 64 === 0) tell(`${check.chunks} of ${hashes.size} chunks`);
      }
    };
    await Promise.all(Array.from({ length: CHUNKS_AT_ONCE }, read));
  } catch (error) {
    note(error);
  }
  return check;
}

async function readShard(
  backup: TargetBackup,
  shard: string,
  hashes: Map<string, number>,
): Promise<number> {
  const { ranges } = await readArchive(backup.archive(shard), shard);
  let records = 0;
  for await (const range of ranges) {
    records += range.records.length;
    for (const { chunks } of range.contents) {
      for (const { hash, size } of chunks) hashes.set(hash, size);
    }
  }
  return records;
}

/**
 * Removes all but the newest backups, and the chunks that none of those names. A backup that is
 * kept and cannot be read stops it before anything is removed. Not to be run beside a `create`.
 */
export async function pruneBackups(
  target: BackupTarget,
  names: readonly string[],
  keep: number,
): Promise<{ readonly backups: readonly string[]; readonly chunks: number }> {
  const kept = names.slice(-keep);
  const hashes = new Map<string, number>();
  for (const name of kept) {
    const backup = new TargetBackup(target, await readManifest(target, name));
    for (const shard of backup.shards) await readShard(backup, shard, hashes);
  }
  const removed = names.slice(0, -keep);
  for (const name of removed) {
    // First what makes it a backup.
    await target.remove(manifestPath(name));
    for await (const path of target.list(`backups/${name}/`)) await target.remove(path);
  }
  let chunks = 0;
  for await (const path of target.list('chunks/')) {
    const hash = path.slice(-64);
    if (path !== chunkPath(hash) || hashes.has(hash)) continue;
    await target.remove(path);
    chunks += 1;
  }
  return { backups: removed, chunks };
}
