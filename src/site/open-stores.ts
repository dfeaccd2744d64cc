import { access, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { OpenedLog, StorageFailure } from '../protocol/ports.js';
import { GuardedChunkStore } from '../storage/chunks/guarded-chunk-store.js';
import { nodeChunkFiles } from '../storage/chunks/chunk-files.js';
import { openChunkStore } from '../storage/chunks/folder-chunk-store.js';
import { lockFolder } from '../storage/folder-lock.js';
import { nodeLogFiles, unsyncedLogFiles } from '../storage/log/log-files.js';
import { openShardLog, type SegmentedShardLog } from '../storage/log/segmented-log.js';
import { readSiteRecord, type StoredSiteRecord } from '../storage/site-record.js';
import type { StoredShardView } from '../storage/view/lmdb-view.js';
import { openViewEnvironment, type ViewEnvironment } from '../storage/view/view-environment.js';
import { ContentThreads } from './content-threads.js';
import type { SiteConfig } from './site-config.js';
import type { Report } from './telemetry/site-log.js';
import type { StoreObserver } from './telemetry/store-observer.js';
import { DEFAULT_UPKEEP } from './upkeep.js';
import { SYSTEM_BUCKET } from './site-names.js';
import { type StartFailure, startFailure } from './start-failure.js';

interface OpenShardLog {
  readonly log: SegmentedShardLog;
  readonly opened: OpenedLog;
}

/** Everything a site has on its disk, open and taken for this process. */
export interface SiteStores {
  /** Null on a new disk, or where it cannot be understood. */
  readonly record: StoredSiteRecord | null;
  /** Some log may have forgotten what was acknowledged on it. */
  readonly damaged: boolean;
  readonly logs: ReadonlyMap<string, SegmentedShardLog>;
  /** What was found in the logs. Given once and not kept: the entries take much memory. */
  takeOpened(): ReadonlyMap<string, OpenedLog>;
  readonly views: ViewEnvironment;
  readonly chunks: GuardedChunkStore;
  /** For cutting and hashing. */
  readonly threads: ContentThreads;
  /** The site has declared itself new: the damage is behind it. */
  damageDeclared(): Promise<void>;
  close(): Promise<void>;
}

/** Beside the logs from the moment damage is seen until the site has declared itself new. */
const DAMAGE_MARKER = 'damage-not-declared';

/** Takes the data folder and opens what is in it. What was opened is closed again on a failure. */
export async function openStores(
  config: SiteConfig,
  report: Report,
  observer?: StoreObserver,
): Promise<{ readonly ok: true; readonly stores: SiteStores } | StartFailure> {
  const folder = config.dataFolder;
  const lock = await lockFolder(folder);
  if (!lock.ok) {
    return startFailure(lock.reason === 'held' ? 'folder_in_use' : 'storage_failed', lock.message);
  }
  const undo: (() => Promise<void>)[] = [() => lock.release()];
  const close = async (): Promise<void> => {
    for (let step = undo.pop(); step !== undefined; step = undo.pop()) await step();
  };
  try {
    const read = await readOwnRecord(config, report);
    if (!read.ok) {
      await close();
      return read;
    }
    const threads = new ContentThreads();
    undo.push(() => threads.close());
    const views = await openViewEnvironment(join(folder, 'view'));
    undo.push(() => views.close());
    const files = config.fsync
      ? nodeChunkFiles
      : { ...nodeChunkFiles, syncFolder: () => Promise.resolve() };
    const chunks = new GuardedChunkStore(
      await openChunkStore(join(folder, 'chunks'), observer?.chunkFiles(files) ?? files),
      (config.upkeep ?? DEFAULT_UPKEEP).graceMs,
      () => performance.now(),
    );
    const { logs: both, damaged } = await openLogs(config, views, undo, report, observer);
    const logs = new Map([...both].map(([shard, { log }]) => [shard, log]));
    let found = new Map([...both].map(([shard, { opened }]) => [shard, opened]));
    both.clear();
    const takeOpened = (): ReadonlyMap<string, OpenedLog> => {
      const given = found;
      found = new Map();
      return given;
    };
    const damageDeclared = (): Promise<void> => forgetDamage(folder);
    const { record } = read;
    const stores = {
      record,
      damaged,
      logs,
      takeOpened,
      views,
      threads,
      chunks,
      damageDeclared,
      close,
    };
    return { ok: true, stores };
  } catch (error) {
    await close().catch(() => undefined);
    const message = error instanceof Error ? error.message : String(error);
    return startFailure('storage_failed', `${folder} cannot be opened: ${message}`);
  }
}

async function readOwnRecord(
  config: SiteConfig,
  report: Report,
): Promise<{ readonly ok: true; readonly record: StoredSiteRecord | null } | StartFailure> {
  const read = await readSiteRecord(config.dataFolder);
  if (!read.ok) {
    if (read.reason === 'newer') return startFailure('foreign_data', read.message);
    if (read.reason === 'io_error') return startFailure('storage_failed', read.message);
    report(`${read.message}: this site starts as one that lost its disk`, {
      event: 'damage-found',
      level: 'error',
    });
    return { ok: true, record: null };
  }
  const { record } = read;
  if (record === null) return read;
  const { site, cluster, dataFolder } = config;
  if (record.site !== site || record.clusterId !== cluster.clusterId) {
    return startFailure(
      'foreign_data',
      `${dataFolder} belongs to site ${record.site} of cluster ${record.clusterId}, ` +
        `not to ${site} of ${cluster.clusterId}`,
    );
  }
  return read;
}

async function openLogs(
  config: SiteConfig,
  views: ViewEnvironment,
  undo: (() => Promise<void>)[],
  report: Report,
  observer?: StoreObserver,
): Promise<{ logs: Map<string, OpenShardLog>; damaged: boolean }> {
  const folder = config.dataFolder;
  const files = config.fsync ? nodeLogFiles : unsyncedLogFiles;
  const running = new Map<string, SegmentedShardLog>();
  undo.push(async () => {
    for (const log of running.values()) await log.close();
  });
  const openOne = async (shard: string, acceptDamage: boolean): Promise<OpenShardLog> => {
    const view = views.shard(shard);
    const shownSeq = view.installing() ? 0 : view.position().seq;
    const synced = observer?.logSynced;
    // The store's own records are read in the middle of things, where nothing can be brought back.
    const leaves = (name: string): boolean => !name.startsWith(`${SYSTEM_BUCKET}/`);
    const options = { shard, acceptDamage, files, shownSeq, leaves, ...(synced && { synced }) };
    const opened = await openShardLog(join(folder, 'log', shard), options);
    running.set(shard, opened.log);
    view.useLog(opened.log.content);
    return opened;
  };
  const logs = new Map<string, OpenShardLog>();
  const wasDamaged = await isThere(join(folder, DAMAGE_MARKER));
  for (const shard of Object.keys(config.homes)) logs.set(shard, await openOne(shard, false));
  const broken = [...logs].filter(([, { opened }]) => opened.damagedFrom !== undefined);
  if (broken.length === 0) return { logs, damaged: wasDamaged };
  // The damage is remembered first: cut away, it would not be seen by the next start.
  if (!wasDamaged) await rememberDamage(folder);
  for (const [shard, { log, opened }] of broken) {
    report(`the log of shard ${shard} is damaged from entry ${opened.damagedFrom}`, {
      event: 'damage-found',
      level: 'error',
      shard,
    });
    await log.close();
    // Content that the view names may be in what is cut.
    await distrust(views.shard(shard));
    logs.set(shard, await openOne(shard, true));
  }
  return { logs, damaged: true };
}

/** From here on the view needs a snapshot, which brings what cannot be read in it. */
async function distrust(view: StoredShardView): Promise<void> {
  const failure = await new Promise<StorageFailure | null>((done) => view.installer().begin(done));
  if (failure !== null) throw new Error(failure.message);
}

async function rememberDamage(folder: string): Promise<void> {
  const file = await open(join(folder, DAMAGE_MARKER), 'w');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  await nodeLogFiles.syncFolder(folder);
}

async function forgetDamage(folder: string): Promise<void> {
  if (await isThere(join(folder, DAMAGE_MARKER))) await unlink(join(folder, DAMAGE_MARKER));
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
