import { constants, type FileHandle, mkdir, open, readdir, rename, unlink } from 'node:fs/promises';

/** An open segment file. Offsets and lengths are in bytes. Every method may reject. */
export interface LogFile {
  /**
   * Returns how many bytes went out, which may be fewer than given. They and the file's length are
   * durable by then.
   */
  writev(buffers: readonly Uint8Array[], position: number): Promise<number>;
  /** Returns fewer bytes than asked for only at the end of the file. */
  read(position: number, length: number): Promise<Uint8Array>;
  size(): Promise<number>;
  truncate(length: number): Promise<void>;
  /** Makes what was cut durable. */
  datasync(): Promise<void>;
  close(): Promise<void>;
}

/** The file system as the log sees it; tests put their faults here. */
export interface LogFiles {
  makeFolder(folder: string): Promise<void>;
  list(folder: string): Promise<string[]>;
  /** Opens for reading and writing; creates the file if asked to, and then it must not exist. */
  open(path: string, create: boolean): Promise<LogFile>;
  remove(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Makes created, changed and removed names durable. */
  syncFolder(folder: string): Promise<void>;
}

/** How a write becomes durable: as the file was opened, by a call of its own, or not at all. */
type Syncing = 'opened' | 'called' | 'none';

/**
 * On Linux a file that was opened so syncs what is written as part of the write, in one turn of the
 * thread pool instead of two with the event loop between them. Elsewhere that promises less than
 * the call does, or there is no such thing.
 */
const SYNCING: Syncing = process.platform === 'linux' ? 'opened' : 'called';

const { O_CREAT, O_DSYNC, O_EXCL, O_RDWR } = constants;

async function openFile(path: string, create: boolean, syncing: Syncing): Promise<LogFile> {
  const creating = create ? O_CREAT | O_EXCL : 0;
  const flags = O_RDWR | creating | (syncing === 'opened' ? O_DSYNC : 0);
  return new NodeLogFile(await open(path, flags), syncing);
}

export const nodeLogFiles: LogFiles = {
  makeFolder: async (folder) => {
    await mkdir(folder, { recursive: true });
  },
  list: (folder) => readdir(folder),
  open: (path, create) => openFile(path, create, SYNCING),
  remove: (path) => unlink(path),
  rename: (from, to) => rename(from, to),
  syncFolder: async (folder) => {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};

/** For stores that may lose what they acknowledged when the machine fails. */
export const unsyncedLogFiles: LogFiles = {
  ...nodeLogFiles,
  open: (path, create) => openFile(path, create, 'none'),
  syncFolder: () => Promise.resolve(),
};

class NodeLogFile implements LogFile {
  constructor(
    private readonly handle: FileHandle,
    private readonly syncing: Syncing,
  ) {}

  async writev(buffers: readonly Uint8Array[], position: number): Promise<number> {
    const { bytesWritten } = await this.handle.writev(buffers as Uint8Array[], position);
    if (this.syncing === 'called') await this.handle.datasync();
    return bytesWritten;
  }

  async read(position: number, length: number): Promise<Uint8Array> {
    const buffer = Buffer.allocUnsafe(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await this.handle.read(
        buffer,
        filled,
        length - filled,
        position + filled,
      );
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return buffer.subarray(0, filled);
  }

  async size(): Promise<number> {
    return (await this.handle.stat()).size;
  }

  truncate(length: number): Promise<void> {
    return this.handle.truncate(length);
  }

  async datasync(): Promise<void> {
    if (this.syncing !== 'none') await this.handle.datasync();
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}

/** Writes all of the buffers, however few bytes each call takes; they are durable by its end. */
export async function writeFully(
  file: LogFile,
  buffers: readonly Uint8Array[],
  position: number,
): Promise<void> {
  let rest = buffers;
  let at = position;
  while (rest.length > 0) {
    let written = await file.writev(rest, at);
    if (written <= 0) throw new Error('the file took no bytes');
    at += written;
    let whole = 0;
    while (whole < rest.length && written >= (rest[whole]?.length ?? 0)) {
      written -= rest[whole]?.length ?? 0;
      whole += 1;
    }
    const partial = rest[whole];
    rest = partial ? [partial.subarray(written), ...rest.slice(whole + 1)] : [];
  }
}
