import { constants, promises as files } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { DiskOrder, GOOD_DISK } from './disk-order.js';
import { UnsyncedFiles } from './unsynced-files.js';

/*
 * Loaded with --import into the process of a site, before anything else: from then on the files of
 * its logs and chunks go through here, and can be slow, full or broken, or lose what was not synced.
 * The view, a memory-mapped file of native code, does not: it is rebuilt from the log, and its own
 * syncs are none of what an acknowledgement rests on.
 */

type Disk = Extract<DiskOrder, { kind: 'disk' }>;

const WATCHED = /\/(?:log|chunks)(?:\/|$)/;
const unsynced = new UnsyncedFiles();
let disk: Disk = GOOD_DISK;

class DiskFault extends Error {
  constructor(
    readonly code: 'EIO' | 'ENOSPC',
    call: string,
  ) {
    super(`${code}: ${call}, as chaos has it`);
  }
}

function failIfFull(call: string): void {
  if (disk.isFull) throw new DiskFault('ENOSPC', call);
}

/** A sync as the disk is now; `settle` notes what it has saved. */
async function syncAs(path: string, sync: () => Promise<void>, isFolder: boolean): Promise<void> {
  if (disk.syncMs > 0) await new Promise((resolve) => setTimeout(resolve, disk.syncMs));
  const upTo = unsynced.mark(path);
  if (disk.syncs === 'fail') {
    if (!isFolder) unsynced.lose(path);
    throw new DiskFault('EIO', `sync ${path}`);
  }
  await sync();
  if (isFolder) unsynced.folderSynced(path, upTo);
  else unsynced.fileSynced(path, upTo);
}

function watch(handle: FileHandle, path: string, isFolder: boolean, syncs: boolean): FileHandle {
  const real = {
    write: handle.write.bind(handle) as (...given: unknown[]) => Promise<unknown>,
    writev: handle.writev.bind(handle),
    truncate: handle.truncate.bind(handle),
    sync: handle.sync.bind(handle),
    datasync: handle.datasync.bind(handle),
  };
  const watched = {
    write: async (...given: unknown[]): Promise<unknown> => {
      failIfFull('write');
      unsynced.wrote(path);
      return real.write(...given);
    },
    writev: async (buffers: readonly NodeJS.ArrayBufferView[], position?: number) => {
      failIfFull('writev');
      unsynced.wrote(path, position);
      const written = await real.writev(buffers, position);
      if (syncs) await syncAs(path, () => Promise.resolve(), isFolder);
      return written;
    },
    truncate: (length?: number) => real.truncate(length),
    sync: () => syncAs(path, real.sync, isFolder),
    datasync: () => syncAs(path, real.datasync, isFolder),
  };
  return Object.assign(handle, watched);
}

const realOpen = files.open.bind(files);
const realRename = files.rename.bind(files);

files.open = async (...given: Parameters<typeof realOpen>) => {
  const path = String(given[0]);
  if (!WATCHED.test(path)) return realOpen(...given);
  const flags = given[1] ?? 'r';
  const isNew = typeof flags === 'string' ? flags.includes('w') : (flags & constants.O_CREAT) !== 0;
  const syncs = typeof flags === 'number' && (flags & constants.O_DSYNC) !== 0;
  if (isNew) failIfFull('open');
  const handle = await realOpen(...given);
  const stat = await handle.stat();
  if (isNew) unsynced.made(path);
  return watch(handle, path, stat.isDirectory(), syncs);
};

files.rename = async (from, to) => {
  await realRename(from, to);
  if (WATCHED.test(String(to))) unsynced.renamed(String(from), String(to));
};

syncBuiltinESMExports();

process.on('message', (raw) => {
  const order = DiskOrder.safeParse(raw);
  if (!order.success) return;
  if (order.data.kind === 'disk') {
    disk = order.data;
    return;
  }
  unsynced.loseAll();
  process.kill(process.pid, 'SIGKILL');
});
