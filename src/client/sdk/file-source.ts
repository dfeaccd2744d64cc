import type { BigIntStats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { SourceChanged, type UploadSource } from './upload-source.js';

/**
 * A local file to be uploaded, by its path or opened by the caller, who closes it. What it is now
 * is what is uploaded: a file that has changed by its size or time ends the upload as
 * `source_changed`. Rejects if it cannot be read or is no file.
 */
export async function fileSource(file: string | FileHandle): Promise<UploadSource> {
  const found = await withHandle(file, (handle) => handle.stat({ bigint: true }));
  if (!found.isFile()) throw new TypeError('only a file can be uploaded');
  const fingerprint = fingerprintOf(found);
  return {
    size: Number(found.size),
    fingerprint,
    slice: (start, end) =>
      withHandle(file, async (handle) => {
        const bytes = await readRange(handle, start, end);
        if (fingerprintOf(await handle.stat({ bigint: true })) === fingerprint) return bytes;
        throw new SourceChanged('the file was changed while it was uploaded');
      }),
  };
}

function fingerprintOf({ size, mtimeNs }: BigIntStats): string {
  return `${size}-${mtimeNs}`;
}

async function withHandle<T>(
  file: string | FileHandle,
  use: (handle: FileHandle) => Promise<T>,
): Promise<T> {
  if (typeof file !== 'string') return use(file);
  const handle = await open(file);
  try {
    return await use(handle);
  } finally {
    await handle.close();
  }
}

/** Fewer bytes where the file ends before. */
async function readRange(handle: FileHandle, start: number, end: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(end - start);
  let length = 0;
  while (length < bytes.length) {
    const read = await handle.read(bytes, length, bytes.length - length, start + length);
    if (read.bytesRead === 0) break;
    length += read.bytesRead;
  }
  return bytes.subarray(0, length);
}
