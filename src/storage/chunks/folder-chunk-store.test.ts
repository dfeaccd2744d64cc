import { contentHash } from '../content-hash.js';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeChunkStore } from './chunk-store.conformance.js';
import { nodeChunkFiles } from './chunk-files.js';
import { ChunkMemory } from './chunk-memory.js';
import { openChunkStore } from './folder-chunk-store.js';
import { GuardedChunkStore } from './guarded-chunk-store.js';
import { MemoryChunkStore } from './memory-chunk-store.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quorate-chunks-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const kit = { describe, it, expect };
describeChunkStore(kit, 'MemoryChunkStore', async () => ({
  store: new MemoryChunkStore(),
  dispose: async () => {},
}));
describeChunkStore(kit, 'GuardedChunkStore', async () => ({
  store: new GuardedChunkStore(new MemoryChunkStore(), 1000, () => 0),
  dispose: async () => {},
}));
describeChunkStore(kit, 'openChunkStore', async () => ({
  store: await openChunkStore(folder),
  dispose: async () => {},
}));

const bytes = new TextEncoder().encode('some chunk');
const hash = contentHash(bytes);
const path = () => join(folder, hash.slice(0, 2), hash);

describe('a chunk store in a folder', () => {
  it('puts a damaged chunk aside, so that it can be written again', async () => {
    const store = await openChunkStore(folder);
    await store.write(hash, bytes);
    const changed = await readFile(path());
    changed[0] = 0;
    await writeFile(path(), changed);
    expect(await store.read(hash)).toMatchObject({ ok: false, reason: 'damaged' });
    expect(await store.has(hash)).toBe(false);
    expect(await readdir(join(folder, 'damaged'))).toEqual([hash]);
    await store.write(hash, bytes);
    expect(await store.read(hash)).toMatchObject({ ok: true });
  });

  it('removes what an interrupted write left', async () => {
    await mkdir(join(folder, 'new'));
    await writeFile(join(folder, 'new', `${hash}.1`), 'half');
    const store = await openChunkStore(folder);
    expect(await readdir(join(folder, 'new'))).toEqual([]);
    expect(await store.has(hash)).toBe(false);
  });

  it('tells a full disk by name and stores nothing', async () => {
    const full = Object.assign(new Error('no room'), { code: 'ENOSPC' });
    const files = { ...nodeChunkFiles, writeDurably: () => Promise.reject(full) };
    const store = await openChunkStore(folder, files);
    expect(await store.write(hash, bytes)).toMatchObject({ failure: { kind: 'disk_full' } });
    expect(await store.has(hash)).toBe(false);
  });

  it('acknowledges nothing when a folder cannot be synced', async () => {
    let failing = false;
    const syncFolder = (one: string): Promise<void> =>
      failing ? Promise.reject(new Error('bad disk')) : nodeChunkFiles.syncFolder(one);
    const store = await openChunkStore(folder, { ...nodeChunkFiles, syncFolder });
    failing = true;
    expect(await store.write(hash, bytes)).toMatchObject({ failure: { kind: 'io_error' } });
  });

  it('writes many chunks at once', async () => {
    const store = await openChunkStore(folder);
    const chunks = Array.from({ length: 40 }, (_, i) => {
      const one = new Uint8Array(10_000).fill(i);
      return { hash: contentHash(one), bytes: one };
    });
    const results = await Promise.all(chunks.map((one) => store.write(one.hash, one.bytes)));
    expect(results.every(({ ok }) => ok)).toBe(true);
    const refs = chunks.map((one) => ({ hash: one.hash, size: 10_000 }));
    expect(await store.missing(refs)).toEqual([]);
  });

  it('writes chunks of any length out of memory that the disk takes directly', async () => {
    const store = await openChunkStore(folder);
    const memory = new ChunkMemory(1024 * 1024);
    for (const size of [1, 4095, 4096, 4097, 100_000]) {
      const room = await memory.take(size);
      room.fill(size % 251);
      const name = contentHash(room);
      expect(await store.write(name, room, true)).toEqual({ ok: true });
      memory.give(room);
      const read = await store.read(name);
      expect(read.ok && read.bytes.length).toBe(size);
    }
  });
});
