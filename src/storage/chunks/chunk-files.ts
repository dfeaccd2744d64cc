import { constants, open } from 'node:fs/promises';
import { wholePages } from './chunk-memory.js';

/** The file system as the chunk store sees it; tests put their faults here. */
export interface ChunkFiles {
  /** Writes a new file and flushes it. */
  writeDurably(path: string, bytes: Uint8Array): Promise<void>;
  syncFolder(folder: string): Promise<void>;
}

/** Not every system has it, and not every file system takes it: 0, once it was refused. */
let directFlag = 'O_DIRECT' in constants ? constants.O_DIRECT : 0;

/**
 * Real files. Whole pages go past the page cache: copying into fresh pages of it took most of the
 * time of a large upload, and what is flushed at once gains nothing there.
 */
export const nodeChunkFiles: ChunkFiles = {
  async writeDurably(path, bytes) {
    const pages = directFlag === 0 ? null : wholePages(bytes);
    if (pages !== null && (await writeDirectly(path, pages, bytes.length))) return;
    const handle = await open(path, 'w');
    try {
      for (let done = 0; done < bytes.length; ) {
        done += (await handle.write(bytes, done, bytes.length - done)).bytesWritten;
      }
      await handle.datasync();
    } finally {
      await handle.close();
    }
  },
  async syncFolder(folder) {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};

/** False, and not tried again, where the file system has no such writes. */
async function writeDirectly(path: string, pages: Uint8Array, sizeBytes: number): Promise<boolean> {
  const { O_WRONLY, O_CREAT, O_EXCL } = constants;
  try {
    const handle = await open(path, O_WRONLY | O_CREAT | O_EXCL | directFlag);
    try {
      for (let done = 0; done < pages.length; ) {
        done += (await handle.write(pages, done, pages.length - done)).bytesWritten;
      }
      if (sizeBytes !== pages.length) await handle.truncate(sizeBytes);
      await handle.datasync();
    } finally {
      await handle.close();
    }
    return true;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EINVAL')) throw error;
    directFlag = 0;
    return false;
  }
}
