import { type FileHandle, mkdir, open, readdir, unlink } from 'node:fs/promises';

/** An open segment file. Offsets and lengths are in bytes. Every method may reject. */
export interface LogFile {
  /** Returns how many bytes went out, which may be fewer than given. */
  writev(buffers: readonly Uint8Array[], position: number): Promise<number>;
  /** Returns fewer bytes than asked for only at the end of the file. */
  read(position: number, length: number): Promise<Uint8Array>;
  size(): Promise<number>;
  truncate(length: number): Promise<void>;
  /** Flushes the data and the length. */
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
  /** Makes created and removed names durable. */
  syncFolder(folder: string): Promise<void>;
}

export const nodeLogFiles: LogFiles = {
  makeFolder: async (folder) => {
    await mkdir(folder, { recursive: true });
  },
  list: (folder) => readdir(folder),
  open: async (path, create) => new NodeLogFile(await open(path, create ? 'wx+' : 'r+')),
  remove: (path) => unlink(path),
  syncFolder: async (folder) => {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};

class NodeLogFile implements LogFile {
  constructor(private readonly handle: FileHandle) {}

  async writev(buffers: readonly Uint8Array[], position: number): Promise<number> {
    return (await this.handle.writev(buffers as Uint8Array[], position)).bytesWritten;
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

  datasync(): Promise<void> {
    return this.handle.datasync();
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}

/** Writes all of the buffers, however few bytes each call takes. */
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
