import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { type BackupTarget, TargetFailed } from './backup-target.js';

const TEMPORARY = /\.new-[0-9a-f]{12}$/;

/** Keeps each object as a file, written beside its name, synced and renamed. */
export class FolderTarget implements BackupTarget {
  private readonly known = new Set<string>();

  constructor(private readonly folder: string) {}

  get name(): string {
    return this.folder;
  }

  put(path: string, bytes: Uint8Array): Promise<void> {
    return this.guarded(async () => {
      const file = join(this.folder, path);
      const parent = dirname(file);
      await this.makeFolder(parent);
      const temporary = `${file}.new-${randomBytes(6).toString('hex')}`;
      const handle = await open(temporary, 'wx');
      try {
        await handle.writeFile(bytes);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(temporary, file);
      await syncFolder(parent);
    });
  }

  get(path: string): Promise<Uint8Array | null> {
    return this.guarded(() => readFile(join(this.folder, path)).catch(nullIfAbsent));
  }

  async *list(prefix: string): AsyncIterable<string> {
    const top = join(this.folder, prefix.slice(0, prefix.lastIndexOf('/') + 1));
    const found = await this.guarded(() =>
      readdir(top, { recursive: true, withFileTypes: true }).catch(nullIfAbsent),
    );
    for (const entry of found ?? []) {
      if (!entry.isFile() || TEMPORARY.test(entry.name)) continue;
      const path = relative(this.folder, join(entry.parentPath, entry.name)).split(sep).join('/');
      if (path.startsWith(prefix)) yield path;
    }
  }

  remove(path: string): Promise<void> {
    return this.guarded(() => rm(join(this.folder, path), { force: true }));
  }

  private async makeFolder(folder: string): Promise<void> {
    if (this.known.has(folder)) return;
    await mkdir(folder, { recursive: true });
    for (let each = folder; each.length >= this.folder.length; each = dirname(each)) {
      await syncFolder(dirname(each));
      if (dirname(each) === each) break;
    }
    this.known.add(folder);
  }

  private async guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw new TargetFailed(`${this.folder}: ${error instanceof Error ? error.message : error}`);
    }
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function nullIfAbsent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}
