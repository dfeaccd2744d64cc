import { contentHash } from '../content-hash.js';
import { access, mkdir, readdir, readFile, rename, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ChunkRef } from '../../protocol/file-version.js';
import { storageFailureOf } from '../storage-failure.js';
import { type ChunkFiles, nodeChunkFiles } from './chunk-files.js';
import { ChunkMemory, wholePages } from './chunk-memory.js';
import { type ChunkRead, type ChunkStore, type ChunkWrite, isChunkHash } from './chunk-store.js';
import { FolderSync } from './folder-sync.js';
import { Gate } from './gate.js';

/** Chunks being written at once; more wait. Leaves threads of the pool to the logs. */
const WRITES_AT_ONCE = 4;
const LOOKUPS_AT_ONCE = 16;
/** Chunks given to be written, copied to where the disk can take them from. */
const COPIED_LIMIT_BYTES = 32 * 1024 * 1024;

/**
 * Opens the chunk store of a site in a folder of its own: `ab/<hash>`, temporary files in `new/`,
 * what failed its hash in `damaged/`. Leftover temporary files are removed. Rejects when the folder
 * cannot be made.
 */
export async function openChunkStore(
  folder: string,
  files: ChunkFiles = nodeChunkFiles,
): Promise<ChunkStore> {
  await rm(join(folder, 'new'), { recursive: true, force: true });
  await mkdir(join(folder, 'new'), { recursive: true });
  await mkdir(join(folder, 'damaged'), { recursive: true });
  await files.syncFolder(folder);
  return new FolderChunkStore(folder, files);
}

class FolderChunkStore implements ChunkStore {
  private readonly writes = new Gate(WRITES_AT_ONCE);
  private readonly lookups = new Gate(LOOKUPS_AT_ONCE);
  private readonly folders: FolderSync;
  /** Writes under way, so that two of the same chunk become one. */
  private readonly writing = new Map<string, Promise<ChunkWrite>>();
  private readonly memory = new ChunkMemory(COPIED_LIMIT_BYTES);
  private temporaryFiles = 0;

  constructor(
    private readonly folder: string,
    private readonly files: ChunkFiles,
  ) {
    this.folders = new FolderSync(folder, (path) => files.syncFolder(path));
  }

  async has(hash: string): Promise<boolean> {
    if (!isChunkHash(hash)) return false;
    // What is renamed but not yet durable is not here yet.
    const underway = this.writing.get(hash);
    if (underway) return (await underway).ok;
    const path = this.pathOf(hash);
    return this.lookups.run(async () => {
      if (!(await isThere(path))) return false;
      await this.folders.settleOnce(dirname(path));
      return true;
    });
  }

  async missing(refs: readonly ChunkRef[]): Promise<ChunkRef[]> {
    const unique = [...new Map(refs.map((ref) => [ref.hash, ref])).values()];
    const here = await Promise.all(unique.map(({ hash }) => this.has(hash)));
    return unique.filter((_, i) => !here[i]);
  }

  async write(hash: string, bytes: Uint8Array, isProven = false): Promise<ChunkWrite> {
    if (isProven && wholePages(bytes) !== null) return this.writeOnce(hash, bytes);
    if (!isProven && contentHash(bytes) !== hash) {
      const message = `the bytes given for chunk ${hash} do not hash to it`;
      return { ok: false, failure: { kind: 'damaged', message } };
    }
    const copy = await this.memory.take(bytes.length);
    try {
      copy.set(bytes);
      return await this.writeOnce(hash, copy);
    } finally {
      this.memory.give(copy);
    }
  }

  async read(hash: string): Promise<ChunkRead> {
    const missing = { ok: false, reason: 'missing', message: `no chunk ${hash}` } as const;
    if (!isChunkHash(hash)) return missing;
    try {
      const bytes = await readFile(this.pathOf(hash));
      if (contentHash(bytes) === hash) return { ok: true, bytes };
      await this.putAside(hash);
      return { ok: false, reason: 'damaged', message: `chunk ${hash} failed its hash` };
    } catch (error) {
      if (isAbsence(error)) return missing;
      return { ok: false, reason: 'io_error', message: `chunk ${hash}: ${String(error)}` };
    }
  }

  async remove(hash: string): Promise<ChunkWrite> {
    if (!isChunkHash(hash)) return { ok: true };
    try {
      await unlink(this.pathOf(hash));
    } catch (error) {
      if (!isAbsence(error)) {
        return { ok: false, failure: storageFailureOf(error, `removing chunk ${hash}`) };
      }
    }
    return { ok: true };
  }

  async size(hash: string): Promise<number | null> {
    if (!isChunkHash(hash)) return null;
    return stat(this.pathOf(hash)).then(
      ({ size }) => size,
      () => null,
    );
  }

  async *all(): AsyncIterable<string> {
    for (const first of await readdir(this.folder)) {
      if (!/^[0-9a-f]{2}$/.test(first)) continue;
      const names = await readdir(join(this.folder, first));
      yield* names.filter(isChunkHash);
    }
  }

  private pathOf(hash: string): string {
    return join(this.folder, hash.slice(0, 2), hash);
  }

  private async writeOnce(hash: string, bytes: Uint8Array): Promise<ChunkWrite> {
    const underway = this.writing.get(hash);
    if (underway) return underway;
    const writing = this.writeNew(hash, bytes);
    this.writing.set(hash, writing);
    const result = await writing;
    this.writing.delete(hash);
    return result;
  }

  private async writeNew(hash: string, bytes: Uint8Array): Promise<ChunkWrite> {
    const path = this.pathOf(hash);
    const parent = dirname(path);
    this.temporaryFiles += 1;
    const temporary = join(this.folder, 'new', `${hash}.${this.temporaryFiles}`);
    try {
      if (await isThere(path)) {
        await this.folders.settleOnce(parent);
      } else {
        await this.writes.run(() => this.files.writeDurably(temporary, bytes));
        await this.folders.make(parent);
        await rename(temporary, path);
        await this.folders.settle(parent);
      }
      return { ok: true };
    } catch (error) {
      await unlink(temporary).catch(() => undefined);
      return { ok: false, failure: storageFailureOf(error, `writing chunk ${hash}`) };
    }
  }

  /** Renamed, not removed: an operator may want to see what the disk made of it. */
  private async putAside(hash: string): Promise<void> {
    await rename(this.pathOf(hash), join(this.folder, 'damaged', hash));
  }
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function isAbsence(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
