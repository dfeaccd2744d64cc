import type { ChunkRef } from '../../protocol/file-version.js';
import type { Position } from '../../protocol/log-entry.js';
import type { PrimaryTable, StorageFailure } from '../../protocol/ports.js';
import { openStores, type SiteStores } from '../open-stores.js';
import type { SiteConfig } from '../site-config.js';
import { markRestored, markUnfinished, readRestored } from './restored-marks.js';
import { ArchiveUnreadable, type ArchivedRange, readArchive } from './shard-archive.js';

/** One backup, wherever it is kept. Its methods may reject with BackupUnreadable. */
export interface StoredBackup {
  readonly shards: readonly string[];
  readonly table: PrimaryTable;
  archive(shard: string): AsyncIterable<Uint8Array>;
  chunk(ref: ChunkRef): Promise<Uint8Array>;
}

/** Something that a backup should have is missing or damaged. */
export class BackupUnreadable extends Error {
  override readonly name = 'BackupUnreadable';
}

export type RestoreResult =
  | { readonly ok: true; readonly records: number; readonly chunks: number; readonly bytes: number }
  | { readonly ok: false; readonly message: string };

/** Chunks on their way at once. */
const CHUNKS_AT_ONCE = 8;

/**
 * Fills the data folder of a site that has never run, so that it starts where the backup stands. To
 * be done for every site before any is started: two that were left empty could begin anew without
 * the third. A folder with anything of a site in it is refused and left alone.
 */
export async function restoreSite(
  config: SiteConfig,
  backup: StoredBackup,
): Promise<RestoreResult> {
  const refuse = (message: string): RestoreResult => ({ ok: false, message });
  const wanted = Object.keys(config.homes).sort().join(', ');
  const kept = [...backup.shards].sort().join(', ');
  if (wanted !== kept) {
    return refuse(`the backup has the shards ${kept}, the configuration names ${wanted}`);
  }
  const { dataFolder } = config;
  const restored = await readRestored(dataFolder);
  if (!restored.ok) return refuse(restored.message);
  const opened = await openStores(config, () => undefined);
  if (!opened.ok) return refuse(opened.message);
  const { stores } = opened;
  try {
    if (restored.table !== null || isInUse(stores)) {
      return refuse(`${dataFolder} is not empty: a site has run there, or was restored to it`);
    }
    await markUnfinished(dataFolder);
    const filler = new SiteFiller(stores, backup);
    for (const shard of backup.shards) await filler.fill(shard);
    await markRestored(dataFolder, backup.table);
    return { ok: true, ...filler.counts };
  } catch (error) {
    if (error instanceof ArchiveUnreadable || error instanceof BackupUnreadable) {
      return refuse(error.message);
    }
    throw error;
  } finally {
    await stores.close();
  }
}

function isInUse(stores: SiteStores): boolean {
  const logs = [...stores.takeOpened().values()];
  const hasEntries = logs.some(({ base, entries }) => base.seq > 0 || entries.length > 0);
  const shards = [...stores.logs.keys()];
  const hasFiles = shards.some((shard) => stores.views.shard(shard).position().seq > 0);
  return stores.record !== null || hasEntries || hasFiles;
}

class SiteFiller {
  readonly counts = { records: 0, chunks: 0, bytes: 0 };
  private readonly here = new Set<string>();

  constructor(
    private readonly stores: SiteStores,
    private readonly backup: StoredBackup,
  ) {}

  async fill(shard: string): Promise<void> {
    const { header, ranges } = await readArchive(this.backup.archive(shard), shard);
    const installer = this.stores.views.shard(shard).installer();
    await settled((done) => installer.begin(done));
    for await (const range of ranges) {
      await this.bringChunks(range);
      await settled((done) => installer.replaceRange(range, range.records, done));
      this.counts.records += range.records.length;
    }
    await settled((done) => installer.finish(header.position, done));
    await this.beginLog(shard, header.position);
  }

  /**
   * The log begins behind the backup. The epoch of its last entry counts as promised: a coordinator
   * that begins to count anew is brought above it.
   */
  private async beginLog(shard: string, position: Position): Promise<void> {
    const log = this.stores.logs.get(shard);
    if (log === undefined) throw new Error(`no such shard: ${shard}`);
    const hardState = {
      promisedEpoch: position.epoch,
      promisedRun: '',
      joined: true,
      installing: false,
    };
    await settled((done) => log.reset(position, hardState, done));
  }

  private async bringChunks(range: ArchivedRange): Promise<void> {
    const lacking: ChunkRef[] = [];
    for (const ref of range.contents.flatMap(({ chunks }) => chunks)) {
      if (this.here.has(ref.hash)) continue;
      this.here.add(ref.hash);
      lacking.push(ref);
    }
    const bring = async (): Promise<void> => {
      for (let ref = lacking.pop(); ref !== undefined; ref = lacking.pop()) await this.bring(ref);
    };
    await Promise.all(Array.from({ length: CHUNKS_AT_ONCE }, bring));
  }

  private async bring(ref: ChunkRef): Promise<void> {
    const bytes = await this.backup.chunk(ref);
    const written = await this.stores.chunks.write(ref.hash, bytes);
    if (!written.ok) throw new BackupUnreadable(written.failure.message);
    this.counts.chunks += 1;
    this.counts.bytes += bytes.length;
  }
}

function settled(start: (done: (failure: StorageFailure | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((failure) => {
      if (failure === null) resolve();
      else reject(new BackupUnreadable(failure.message));
    });
  });
}
