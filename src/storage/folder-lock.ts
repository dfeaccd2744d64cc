import { mkdir, open, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';

export type FolderLock =
  | { readonly ok: true; release(): Promise<void> }
  | {
      readonly ok: false;
      /** `held`: a living process has it. */
      readonly reason: 'held' | 'io_error';
      /** 0 when not known. */
      readonly pid: number;
      readonly message: string;
    };

const LOCK_NAME = 'lock';
/** Paths of the locks this process holds. */
const held = new Set<string>();

/**
 * Takes a data folder for this process, so that no two serve it. The lock of a process that is no
 * more is taken over. It guards against a second start on one machine, not across machines.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const path = join(folder, LOCK_NAME);
  try {
    await mkdir(folder, { recursive: true });
    for (let attempt = 0; attempt < 3; attempt += 1) {
      if (await create(path)) {
        held.add(path);
        return { ok: true, release: () => release(path) };
      }
      const pid = await holderOf(path);
      if (pid > 0 && isAlive(pid, path)) {
        const message = `${folder} is in use by process ${pid}`;
        return { ok: false, reason: 'held', pid, message };
      }
      await unlink(path).catch(() => undefined);
    }
    return { ok: false, reason: 'held', pid: 0, message: `${folder} is being taken by another` };
  } catch (error) {
    return { ok: false, reason: 'io_error', pid: 0, message: String(error) };
  }
}

async function create(path: string): Promise<boolean> {
  try {
    const handle = await open(path, 'wx');
    await handle.writeFile(`${process.pid}\n`);
    await handle.close();
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

async function holderOf(path: string): Promise<number> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return /^\d{1,10}\n?$/.test(text) ? Number.parseInt(text, 10) : 0;
}

function isAlive(pid: number, path: string): boolean {
  // A lock with our own pid may be one of an earlier boot or container.
  if (pid === process.pid) return held.has(path);
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

async function release(path: string): Promise<void> {
  held.delete(path);
  await unlink(path).catch(() => undefined);
}
