import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { lstat, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** Received bytes that may wait for the disk. */
const WRITE_AHEAD_BYTES = 4 * 1024 * 1024;

/** The bytes of a local file; throws when it is not as long as it was when it was looked at. */
export async function* localBytes(
  path: string,
  size: number,
  onBytes: (bytes: number) => void,
): AsyncIterable<Uint8Array> {
  let seen = 0;
  if (size > 0) {
    const stream = createReadStream(path, { end: size - 1, highWaterMark: 256 * 1024 });
    for await (const piece of stream as AsyncIterable<Buffer>) {
      seen += piece.byteLength;
      onBytes(piece.byteLength);
      yield piece;
    }
  }
  if (seen !== size) throw new Error(`${path} changed while it was read`);
}

/** Bytes of a local file from `start` up to `end`; throws when it is too short for that. */
export async function* localRange(
  path: string,
  start: number,
  end: number,
): AsyncIterable<Uint8Array> {
  let seen = 0;
  const stream = createReadStream(path, { start, end: end - 1, highWaterMark: 256 * 1024 });
  for await (const piece of stream as AsyncIterable<Buffer>) {
    seen += piece.byteLength;
    yield piece;
  }
  if (seen !== end - start) throw new Error(`${path} changed while it was read`);
}

/**
 * Writes a local file under a temporary name and renames it once it is whole, so that nobody ever
 * sees half of it. Throws, leaving nothing behind, when the bytes are fewer than announced.
 */
export async function saveWhole(
  path: string,
  bytes: AsyncIterable<Uint8Array>,
  size: number,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const temporary = join(dirname(path), `.quorate-${randomBytes(6).toString('hex')}.part`);
  let seen = 0;
  try {
    const counted = async function* (): AsyncIterable<Uint8Array> {
      for await (const piece of bytes) {
        seen += piece.byteLength;
        onBytes(piece.byteLength);
        yield piece;
      }
    };
    const file = createWriteStream(temporary, { flags: 'wx', highWaterMark: WRITE_AHEAD_BYTES });
    await pipeline(counted, file);
    if (seen !== size) throw new Error(`got ${seen} of ${size} bytes`);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

export type PlaceResult =
  | { readonly ok: true; readonly path: string }
  | { readonly ok: false; readonly message: string };

/**
 * Places for store paths below one local folder. No name leads out of it: `..`, empty segments,
 * separators of the system and links that are already there are refused.
 */
export class TargetFolder {
  readonly #root: string;
  readonly #made = new Map<string, Promise<string | null>>();

  constructor(root: string) {
    this.#root = root;
  }

  async place(storePath: string): Promise<PlaceResult> {
    const segments = storePath.split('/');
    for (const segment of segments) {
      const leadsOut = segment === '' || segment === '.' || segment === '..';
      if (leadsOut || (process.platform === 'win32' && /[\\:]/.test(segment))) {
        return { ok: false, message: `"${storePath}" cannot be the name of a local file` };
      }
    }
    const fileName = segments.pop() ?? '';
    let folder = this.#root;
    for (const segment of segments) {
      folder = join(folder, segment);
      const fault = await this.#make(folder);
      if (fault !== null) return { ok: false, message: fault };
    }
    return { ok: true, path: join(folder, fileName) };
  }

  /** Makes one folder, once; null, or why it cannot be. */
  #make(folder: string): Promise<string | null> {
    let made = this.#made.get(folder);
    if (!made) {
      made = makeFolder(folder);
      this.#made.set(folder, made);
    }
    return made;
  }
}

async function makeFolder(folder: string): Promise<string | null> {
  try {
    await mkdir(folder);
    return null;
  } catch {
    const found = await lstat(folder).catch(() => null);
    if (found?.isDirectory() === true) return null;
    return `${folder} ${found ? 'is there and is no folder' : 'cannot be made'}`;
  }
}
