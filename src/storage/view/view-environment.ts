import { mkdir } from 'node:fs/promises';
import { open, type RootDatabase } from 'lmdb';
import { LmdbShardView, type StoredShardView } from './lmdb-view.js';

/** The one lmdb environment of a site, with a database per shard. */
export interface ViewEnvironment {
  /** The view of a shard, made empty where there was none. The same object each time. */
  shard(shard: string): StoredShardView;
  /** Ends after the commits under way. */
  close(): Promise<void>;
}

/** Most shards one site can hold. */
const SHARD_LIMIT = 256;
/** What lmdb allows with this page size; the longest key of the view has 1,099 bytes. */
const PAGE_BYTES = 4096;
/** When the environment was last opened; beside the names of the databases. */
const OPENED_KEY = Buffer.from('opened');

/**
 * Opens the views of a site. lmdb writes each commit in a way that a power cut leaves the last
 * flushed one whole (`overlappingSync`); visible and durable differ by that flush.
 */
export async function openViewEnvironment(folder: string): Promise<ViewEnvironment> {
  await mkdir(folder, { recursive: true });
  const root: RootDatabase<Buffer, Buffer> = open({
    path: folder,
    noSubdir: false,
    maxDbs: SHARD_LIMIT,
    pageSize: PAGE_BYTES,
    encoding: 'binary',
    keyEncoding: 'binary',
    overlappingSync: true,
  });
  // lmdb goes back to the last flushed commit after a power cut. A commit of the last run may have
  // been visible and not flushed: one flushed now makes all that is visible durable.
  await root.put(OPENED_KEY, Buffer.from(new Date().toISOString()));
  await root.flushed;
  const views = new Map<string, LmdbShardView>();
  return {
    shard(shard) {
      let view = views.get(shard);
      if (!view) {
        if (views.size >= SHARD_LIMIT - 1) throw new Error(`more than ${SHARD_LIMIT - 1} shards`);
        const options = { encoding: 'binary', keyEncoding: 'binary' } as const;
        view = new LmdbShardView(shard, root.openDB<Buffer, Buffer>(`shard/${shard}`, options));
        views.set(shard, view);
      }
      return view;
    },
    async close() {
      for (const view of views.values()) await view.close();
      await root.close();
    },
  };
}
