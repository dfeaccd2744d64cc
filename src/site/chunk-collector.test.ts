import { describe, expect, it } from 'vitest';
import type { ChunkRef } from '../protocol/file-version.js';
import type { LogEntry } from '../protocol/log-entry.js';
import { contentHash } from '../storage/content-hash.js';
import { GuardedChunkStore } from '../storage/chunks/guarded-chunk-store.js';
import { MemoryChunkStore } from '../storage/chunks/memory-chunk-store.js';
import { MemoryShardLog } from '../storage/log/memory-log.js';
import type { VersionPage } from '../storage/view/lmdb-view.js';
import { ChunkCollector } from './chunk-collector.js';
import type { ReferenceSource } from './content-references.js';

const GRACE_MS = 1000;

function chunk(text: string): { readonly ref: ChunkRef; readonly bytes: Uint8Array } {
  const bytes = new TextEncoder().encode(text);
  return { ref: { hash: contentHash(bytes), size: bytes.length }, bytes };
}

function entryOf(seq: number, ...chunks: readonly ChunkRef[]): LogEntry {
  const content = { kind: 'chunked', size: 1, etag: 'e', chunks } as const;
  const operation = { kind: 'put', name: 'b/f', version: seq, content, metadata: {} } as const;
  return { epoch: 1, seq, atMs: 0, requestId: `r${seq}`, operation };
}

function versionOf(...chunks: readonly ChunkRef[]): VersionPage['versions'][number] {
  const content = { kind: 'chunked', size: 1, etag: 'e', chunks } as const;
  const position = { epoch: 1, seq: 1 };
  return {
    name: 'b/f',
    version: 1,
    deleted: false,
    metadata: {},
    modifiedMs: 0,
    content,
    ...position,
  };
}

async function startSite(stored: readonly { ref: ChunkRef; bytes: Uint8Array }[]) {
  let nowMs = 0;
  const inner = new MemoryChunkStore();
  const store = new GuardedChunkStore(inner, GRACE_MS, () => nowMs);
  for (const { ref, bytes } of stored) await store.write(ref.hash, bytes);
  const log = new MemoryShardLog(setImmediate);
  const versions: VersionPage['versions'][number][] = [];
  const inMemory: LogEntry[] = [];
  const uploads: ChunkRef[] = [];
  const state = { isReadable: true, duringView: (): void => undefined };
  const source = {
    shard: 'nyc',
    log,
    view: {
      versionsFrom: (): VersionPage => {
        const page = { versions: [...versions], next: null };
        state.duringView();
        return page;
      },
    } as unknown as ReferenceSource['view'],
    isReadable: () => state.isReadable,
    logBaseSeq: () => 0,
    logInMemory: () => inMemory,
  };
  const collector = new ChunkCollector({
    store,
    sources: [source],
    openUploads: () => uploads,
    nowMs: () => nowMs,
  });
  const write = (...entries: LogEntry[]): Promise<unknown> =>
    new Promise((done) => log.write({ entries }, done));
  return {
    inner,
    store,
    collector,
    log,
    write,
    versions,
    inMemory,
    uploads,
    state,
    pass: (milliseconds: number) => {
      nowMs += milliseconds;
    },
    collect: (step: () => Promise<void> = () => Promise.resolve()) => collector.collect({ step }),
  };
}

const chunks = ['in the view', 'in the log', 'in memory', 'of an upload', 'of nothing'].map(chunk);
const [viewed, logged, pending, uploaded, unused] = chunks.map(({ ref }) => ref) as [
  ChunkRef,
  ChunkRef,
  ChunkRef,
  ChunkRef,
  ChunkRef,
];

describe('collecting chunks', () => {
  it('keeps what a version, an entry or an open upload refers to, and removes the rest', async () => {
    const site = await startSite(chunks);
    site.versions.push(versionOf(viewed));
    await site.write(entryOf(1, logged));
    site.inMemory.push(entryOf(2, pending));
    site.uploads.push(uploaded);
    site.pass(3 * GRACE_MS);
    expect(await site.collect()).toEqual({ outcome: 'done', chunks: 1, bytes: unused.size });
    expect(await site.inner.missing(chunks.map(({ ref }) => ref))).toEqual([unused]);
    expect(site.collector.removedChunks).toBe(1);
  });

  it('keeps what was written or asked for within the grace, and removes it after that', async () => {
    const site = await startSite([chunks[4]!]);
    site.pass(3 * GRACE_MS);
    await site.store.has(unused.hash);
    expect(await site.collect()).toMatchObject({ chunks: 0 });
    site.pass(3 * GRACE_MS);
    expect(await site.collect()).toMatchObject({ chunks: 1 });
  });

  it('removes nothing soon after a start, nor while a reference cannot be read', async () => {
    const site = await startSite(chunks);
    site.pass(GRACE_MS - 1);
    expect(await site.collect()).toMatchObject({ outcome: 'too_early' });
    site.pass(3 * GRACE_MS);
    site.state.isReadable = false;
    expect(await site.collect()).toMatchObject({ outcome: 'unreadable' });
    expect(await site.inner.missing(chunks.map(({ ref }) => ref))).toEqual([]);
  });

  it('keeps a chunk that is uploaded again, and named, at any moment of a round', async () => {
    // The uploader asks what is here, and names the content: before the n-th step of the round.
    for (let moment = 0; moment < 6; moment += 1) {
      const site = await startSite([chunks[4]!]);
      site.pass(3 * GRACE_MS);
      let steps = 0;
      let used: Promise<unknown> = Promise.resolve();
      const uploadAgain = async (): Promise<void> => {
        const lacking = await site.store.missing([unused]);
        if (lacking.length > 0) await site.store.write(unused.hash, chunks[4]!.bytes);
        await site.write(entryOf(1, unused));
      };
      await site.collect(async () => {
        if (steps++ === moment) used = uploadAgain();
        await Promise.resolve();
      });
      if (steps <= moment) used = uploadAgain();
      await used;
      expect(await site.inner.has(unused.hash)).toBe(true);
    }
  });

  it('keeps a chunk that moves from the log to the view while it reads', async () => {
    const site = await startSite([chunks[1]!]);
    await site.write(entryOf(1, logged), entryOf(2));
    site.pass(3 * GRACE_MS);
    let steps = 0;
    await site.collect(async () => {
      steps += 1;
      if (steps !== 1) return;
      site.versions.push(versionOf(logged));
      site.log.trim(1);
      await Promise.resolve();
    });
    expect(await site.inner.has(logged.hash)).toBe(true);
  });
});
