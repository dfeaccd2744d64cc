import { open, readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Random } from '../../simulator/random.js';
import { contentHash } from '../../storage/content-hash.js';
import { decodeRecord, RecordType } from '../../storage/log/record.js';
import { segmentIndexOf, segmentSalt } from '../../storage/log/segment-header.js';

/** Chunks that go bad at once. */
const CHUNKS = 4;
const HASH = /^[0-9a-f]{64}$/;
/** The segment's own header stands before its first record. */
const HEADER_BYTES = 128;

/** Flips a byte in a few chunks of a site; gives the files it changed. */
export async function rotChunks(dataFolder: string, draw: number): Promise<string[]> {
  const random = new Random(draw);
  const folder = join(dataFolder, 'chunks');
  const found: string[] = [];
  for (const leaf of await namesIn(folder)) {
    if (!/^[0-9a-f]{2}$/.test(leaf)) continue;
    for (const name of await namesIn(join(folder, leaf))) {
      if (HASH.test(name)) found.push(join(folder, leaf, name));
    }
  }
  const rotten: string[] = [];
  for (const path of random.shuffled(found.sort()).slice(0, CHUNKS)) {
    const { size } = await stat(path).catch(() => ({ size: 0 }));
    if (await flip(path, 0, size, random)) rotten.push(path);
  }
  return rotten;
}

/** Those that are there and still bad. */
export async function stillRotten(paths: readonly string[]): Promise<string[]> {
  const bad: string[] = [];
  for (const path of paths) {
    const bytes = await readFile(path).catch(() => null);
    if (bytes !== null && contentHash(bytes) !== basename(path)) bad.push(path);
  }
  return bad;
}

/**
 * Flips a byte somewhere in a site's logs; gives the segment, or null where no log has anything. Only
 * what a later marker proves to have been synced goes bad: the very last batch, if it does, cannot be
 * told from one that a power cut tore.
 */
export async function rotLog(dataFolder: string, draw: number): Promise<string | null> {
  const random = new Random(draw);
  const folder = join(dataFolder, 'log');
  const segments: string[] = [];
  for (const shard of await namesIn(folder)) {
    for (const name of await namesIn(join(folder, shard))) {
      if (name.endsWith('.log')) segments.push(join(folder, shard, name));
    }
  }
  for (const path of random.shuffled(segments.sort())) {
    if (await flip(path, HEADER_BYTES, await provenBytes(path), random)) return path;
  }
  return null;
}

/** Where the last marker of a segment begins: all before it was synced. */
export async function provenBytes(path: string): Promise<number> {
  const bytes = await readFile(path).catch(() => Buffer.alloc(0));
  const salt = segmentSalt(basename(dirname(path)), segmentIndexOf(basename(path)) ?? 0);
  for (let at = bytes.length - 1; at > 0; at -= 1) {
    if ((bytes[at + 8] ?? 0) % 0x80 !== RecordType.marker) continue;
    const record = decodeRecord(bytes, at, salt);
    if (record?.type === RecordType.marker && record.seq === at) return at;
  }
  return 0;
}

/** False where there is nothing between the two, or no file. */
async function flip(path: string, from: number, to: number, random: Random): Promise<boolean> {
  if (to <= from) return false;
  const at = from + random.int(to - from);
  try {
    const file = await open(path, 'r+');
    try {
      const byte = Buffer.alloc(1);
      await file.read(byte, 0, 1, at);
      byte[0] = byte[0]! ^ (1 << random.int(8));
      await file.write(byte, 0, 1, at);
      await file.datasync();
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}

/** In order, so that a seed says which; none where the folder is not there. */
async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).sort();
}
