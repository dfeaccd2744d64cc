import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../exit-code.js';

export interface DemoFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const FILE_LIMIT = 20;
const SIZE_LIMIT_BYTES = 64 * 1024 * 1024;

/** The three small texts: one per home site. */
export const OWN_FILES: readonly DemoFile[] = [
  { name: 'demo/file1.txt', bytes: Buffer.from('New York keeps this one.\n') },
  { name: 'demo/file2.txt', bytes: Buffer.from('Toronto keeps this one.\n') },
  { name: 'demo/file3.txt', bytes: Buffer.from('London keeps this one.\n') },
];

/** The regular files of a folder, the first twenty by name. */
export async function readDemoFiles(folder: string): Promise<DemoFile[]> {
  const names = await readdir(folder).catch(() => {
    throw new UsageError(`--files ${folder}: no such folder`);
  });
  const files: DemoFile[] = [];
  for (const name of names.sort()) {
    const path = join(folder, name);
    const found = await lstat(path);
    if (!found.isFile() || found.size > SIZE_LIMIT_BYTES) continue;
    files.push({ name: `demo/${name}`, bytes: await readFile(path) });
    if (files.length === FILE_LIMIT) break;
  }
  if (files.length === 0) throw new UsageError(`--files ${folder}: there are no files in it`);
  return files;
}
