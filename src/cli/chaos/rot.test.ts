import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openChunkStore } from '../../storage/chunks/folder-chunk-store.js';
import { contentHash } from '../../storage/content-hash.js';
import { openShardLog, type SegmentedShardLog } from '../../storage/log/segmented-log.js';
import { putEntry } from '../../storage/sample-entries.js';
import { provenBytes, rotChunks, rotLog, stillRotten } from './rot.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rot-'));
});
afterEach(() => rm(folder, { recursive: true }));

function append(log: SegmentedShardLog, seq: number): Promise<void> {
  return new Promise((resolve, reject) => {
    log.write({ entries: [putEntry(1, seq, 'b/f', seq)] }, (failure) => {
      if (failure === null) resolve();
      else reject(new Error(failure.message));
    });
  });
}

describe('rot', () => {
  it('spoils chunks so that their hash tells, the same ones for the same draw', async () => {
    const store = await openChunkStore(join(folder, 'chunks'));
    for (let index = 0; index < 8; index += 1) {
      const bytes = Buffer.from(`chunk ${index}`);
      await store.write(contentHash(bytes), bytes);
    }
    const rotten = await rotChunks(folder, 7);
    expect(rotten).toHaveLength(4);
    expect(await stillRotten(rotten)).toEqual(rotten);
    // The same bits flip back.
    expect(await rotChunks(folder, 7)).toEqual(rotten);
    expect(await stillRotten(rotten)).toEqual([]);
  });

  it('spoils of a log only what a marker proves to have been synced, and recovery sees it', async () => {
    const path = join(folder, 'log', 'nyc');
    const { log } = await openShardLog(path, { shard: 'nyc' });
    for (let seq = 1; seq <= 20; seq += 1) await append(log, seq);
    await log.close();
    const segment = join(path, '0000000001.log');
    const before = await readFile(segment);
    const proven = await provenBytes(segment);
    expect(proven).toBeGreaterThan(0);
    expect(proven).toBeLessThan(before.length);
    expect(await rotLog(folder, 3)).toBe(segment);
    const after = await readFile(segment);
    const changed = [...after.keys()].filter((at) => after[at] !== before[at]);
    expect(changed).toHaveLength(1);
    expect(changed[0]).toBeLessThan(proven);
    const again = await openShardLog(path, { shard: 'nyc' });
    expect(again.opened.damagedFrom).toBeGreaterThan(0);
    await again.log.close();
  });

  it('leaves a site alone that has nothing yet', async () => {
    expect(await rotChunks(folder, 1)).toEqual([]);
    expect(await rotLog(folder, 1)).toBeNull();
  });
});
