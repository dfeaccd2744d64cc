import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ChunkMemory } from '../storage/chunks/chunk-memory.js';
import { contentHash } from '../storage/content-hash.js';
import { WorkerThread } from './content-thread.js';
import { ContentThreads } from './content-threads.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MEBIBYTE = 1024 * 1024;

let folder = '';
let script: URL;
const open: ContentThreads[] = [];

// A thread runs a compiled file. It lies in the project, where it finds the packages.
beforeAll(async () => {
  const cache = join(ROOT, 'node_modules', '.cache');
  await mkdir(cache, { recursive: true });
  folder = await mkdtemp(join(cache, 'content-worker-'));
  const bundle = await rolldown({
    input: join(ROOT, 'src/site/content-worker.ts'),
    platform: 'node',
    external: /^[^./]/,
  });
  const file = join(folder, 'worker.mjs');
  await bundle.write({ file, format: 'esm' });
  script = pathToFileURL(file);
});
afterAll(() => rm(folder, { recursive: true, force: true }));
afterEach(async () => {
  for (const threads of open.splice(0)) await threads.close();
});

function start(limit = 1): { threads: ContentThreads; started: WorkerThread[] } {
  const started: WorkerThread[] = [];
  const threads = new ContentThreads(() => {
    const thread = new WorkerThread(script);
    started.push(thread);
    return thread;
  }, limit);
  open.push(threads);
  return { threads, started };
}

async function shared(bytes: number): Promise<Buffer> {
  const room = await new ChunkMemory(bytes, true).take(bytes);
  for (let at = 0; at < bytes; at += 4) room.writeUInt32LE((at * 2_654_435_761) % 2 ** 32, at);
  return room;
}

describe('threads that cut and hash', () => {
  it('see the bytes where they are, and give what the calling thread would', async () => {
    const { threads, started } = start();
    const bytes = await shared(MEBIBYTE);
    const body = threads.begin(['crc32']);
    const question = { bytes, fromBytes: 0, positionBytes: 0, isEnd: true };
    const cut = await body.advance(question);
    const length = cut.ok ? cut.value.cutBytes : 0;
    expect(cut).toEqual({
      ok: true,
      value: { cutBytes: length, hash: contentHash(bytes.subarray(0, length)) },
    });
    const end = await body.end();
    expect(end.ok && end.value.etag).toBe(contentHash(bytes.subarray(0, length)));
    expect(end.ok && end.value.digests.crc32).toMatch(/^[0-9a-f]{8}$/);
    expect(started.length).toBe(1);
  });

  it('are no more than may be, however many bodies there are', () => {
    const { threads, started } = start(2);
    for (let index = 0; index < 10; index += 1) threads.begin([]);
    expect(started.length).toBe(2);
  });

  it('end every question that they were asked when they die', async () => {
    const { threads, started } = start();
    const bytes = await shared(MEBIBYTE);
    const body = threads.begin([]);
    const question = { bytes, fromBytes: 0, positionBytes: 0, isEnd: false };
    const asked = body.advance(question);
    void started[0]?.close();
    expect(await asked).toMatchObject({ ok: false });
    expect(await body.end()).toMatchObject({
      ok: false,
      message: expect.stringContaining('the thread that cuts and hashes content failed') as string,
    });
    expect(await threads.begin([]).end()).toMatchObject({ ok: true });
    expect(started.length).toBe(2);
  });
});
