import { expect, it } from 'vitest';
import type { ChunkRef } from '../protocol/file-version.js';
import { contentHash } from '../storage/content-hash.js';
import type { ChunkRead } from '../storage/chunks/chunk-store.js';
import { MemoryChunkStore } from '../storage/chunks/memory-chunk-store.js';
import { MemoryShardLog } from '../storage/log/memory-log.js';
import { ContentScrubber } from './content-scrubber.js';
import type { ReferenceSource } from './content-references.js';
import { FULL_PACE } from './pace.js';

class DamagedStore extends MemoryChunkStore {
  readonly damaged = new Set<string>();

  override async read(hash: string): Promise<ChunkRead> {
    if (!this.damaged.delete(hash)) return super.read(hash);
    await this.remove(hash);
    return { ok: false, reason: 'damaged', message: `chunk ${hash} failed its hash` };
  }
}

function chunk(text: string): { readonly ref: ChunkRef; readonly bytes: Uint8Array } {
  const bytes = new TextEncoder().encode(text);
  return { ref: { hash: contentHash(bytes), size: bytes.length }, bytes };
}

const [good, bad, gone] = ['good', 'bad', 'gone'].map(chunk) as [
  ReturnType<typeof chunk>,
  ReturnType<typeof chunk>,
  ReturnType<typeof chunk>,
];

async function start(elsewhere: readonly (typeof good)[], versions: () => readonly ChunkRef[]) {
  const store = new DamagedStore();
  for (const { ref, bytes } of [good, bad]) await store.write(ref.hash, bytes);
  store.damaged.add(bad.ref.hash);
  const source = {
    shard: 'nyc',
    log: new MemoryShardLog(setImmediate),
    view: {
      versionsFrom: () => {
        const content = { kind: 'chunked', size: 1, etag: 'e', chunks: versions() } as const;
        return { versions: [{ name: 'docs/f', version: 3, content }], next: null };
      },
    } as unknown as ReferenceSource['view'],
    isReadable: () => true,
    logBaseSeq: () => 0,
    logInMemory: () => [],
  };
  const fetch = async (hash: string): Promise<boolean> => {
    const found = elsewhere.find(({ ref }) => ref.hash === hash);
    return found !== undefined && (await store.write(hash, found.bytes)).ok;
  };
  return {
    store,
    scrubber: new ContentScrubber({
      store,
      sources: [source],
      fetch,
      mend: async () => 'gone',
      nowMs: () => 7,
    }),
  };
}

const all = [good.ref, bad.ref, gone.ref];

it('replaces chunks that are damaged or missing, and says so', async () => {
  const { store, scrubber } = await start([bad, gone], () => all);
  await scrubber.scrub(FULL_PACE);
  expect(scrubber.status()).toEqual({
    running: false,
    passes: 1,
    // The good copy is read as well: it came before the pass was at its end.
    chunks: 2,
    bytes: good.ref.size + bad.ref.size,
    records: 1,
    startedMs: 7,
    endedMs: 7,
    damaged: 1,
    missing: 1,
    repaired: 2,
    findings: [],
  });
  expect(await store.missing(all)).toEqual([]);
  await scrubber.scrub(FULL_PACE);
  expect(scrubber.status()).toMatchObject({ passes: 2, chunks: 3, damaged: 1, missing: 1 });
});

it('names what no site has a good copy of', async () => {
  const { scrubber } = await start([bad], () => all);
  await scrubber.scrub(FULL_PACE);
  const { findings, repaired } = scrubber.status();
  expect(repaired).toBe(1);
  expect(findings).toEqual([
    `chunk ${gone.ref.hash} of version 3 of docs/f is missing, and no site that can be reached has a good copy`,
  ]);
});

it('tells of records that cannot be read, and comes to its end', async () => {
  const { scrubber } = await start([bad], () => {
    throw new Error('a version cannot be read');
  });
  await scrubber.scrub(FULL_PACE);
  expect(scrubber.status()).toMatchObject({
    passes: 1,
    findings: ['view of shard nyc: a version cannot be read'],
  });
});

it('runs one pass at a time, at the pace asked for last', async () => {
  const { scrubber } = await start([bad, gone], () => all);
  let steps = 0;
  const stuck = { step: () => new Promise<void>((go) => (steps += 1) > 1 || (goOn = go)) };
  let goOn = (): void => undefined;
  const first = scrubber.scrub(stuck);
  const second = scrubber.scrub(FULL_PACE);
  expect(scrubber.status().running).toBe(true);
  await new Promise(setImmediate);
  goOn();
  await Promise.all([first, second]);
  expect(scrubber.status().passes).toBe(1);
});
