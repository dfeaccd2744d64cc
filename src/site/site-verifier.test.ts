import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Content } from '../protocol/file-version.js';
import type { LogEntry } from '../protocol/log-entry.js';
import { contentHash } from '../storage/content-hash.js';
import { MemoryChunkStore } from '../storage/chunks/memory-chunk-store.js';
import { MemoryShardLog } from '../storage/log/memory-log.js';
import { openViewEnvironment } from '../storage/view/view-environment.js';
import { createMemoryNetwork } from '../transport/memory-network.js';
import { inlineContent } from './inline-content.js';
import { SiteVerifier } from './site-verifier.js';
import { SnapshotSource } from './snapshot-source.js';

const SHARD = 'nyc';
const chunkBytes = new TextEncoder().encode('a chunk');
const CHUNK = { hash: contentHash(chunkBytes), size: chunkBytes.length };

let folder = '';
const closing: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quorate-verify-'));
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await rm(folder, { recursive: true });
});

function put(seq: number, name: string, content: Content): LogEntry {
  const operation = { kind: 'put', name, version: 1, content, metadata: {} } as const;
  return { epoch: 1, seq, atMs: 5, requestId: `r${seq}`, operation };
}

function text(value: string): Content {
  return inlineContent(Buffer.from(value));
}

const LARGE: Content = { kind: 'chunked', size: CHUNK.size, etag: CHUNK.hash, chunks: [CHUNK] };

/** Two sites whose views were filled with these entries. */
async function startSites(entries: Record<'nyc' | 'tor', readonly LogEntry[]>) {
  const hub = createMemoryNetwork();
  const start = async (site: 'nyc' | 'tor', peer: string) => {
    const network = hub.join({ site, peers: [peer], run: `${site}.1`, incarnation: 1 });
    const views = await openViewEnvironment(join(folder, site));
    const view = views.shard(SHARD);
    await new Promise((done) => view.apply(entries[site], done));
    const store = new MemoryChunkStore();
    await store.write(CHUNK.hash, chunkBytes);
    const source = {
      shard: SHARD,
      view,
      log: new MemoryShardLog(setImmediate),
      isReadable: () => true,
      logBaseSeq: () => 0,
      logInMemory: () => [],
    };
    const mend = async (): Promise<'lost'> => 'lost';
    const snapshots = new SnapshotSource(network, (shard) => (shard === SHARD ? view : null), mend);
    const peers = () => [peer];
    const verifier = new SiteVerifier({ site, peers, network, store, sources: [source], mend });
    const connected = new Promise<void>((resolve) => network.onUp(() => resolve()));
    closing.push(async () => {
      snapshots.close();
      await network.close();
      await views.close();
    });
    await network.start();
    return { network, store, verifier, connected };
  };
  const [nyc, tor] = await Promise.all([start('nyc', 'tor'), start('tor', 'nyc')]);
  await Promise.all([nyc.connected, tor.connected]);
  return { nyc, tor };
}

const ENTRIES = [put(1, 'docs/a', text('one')), put(2, 'docs/b', LARGE)];

it('finds that sites with the same entries are the same', async () => {
  const { nyc } = await startSites({ nyc: ENTRIES, tor: ENTRIES });
  expect(await nyc.verifier.verify()).toEqual({
    equal: true,
    views: [
      { shard: SHARD, site: 'tor', position: { epoch: 1, seq: 2 }, reason: '', differences: [] },
    ],
    chunks: [
      { shard: SHARD, site: 'nyc', references: 1, lacking: [] },
      { shard: SHARD, site: 'tor', references: 1, lacking: [] },
    ],
  });
});

it('names the version that differs', async () => {
  const other = [put(1, 'docs/a', text('two')), ENTRIES[1]!];
  const { nyc } = await startSites({ nyc: ENTRIES, tor: other });
  const { equal, views } = await nyc.verifier.verify();
  expect(equal).toBe(false);
  expect(views[0]?.differences).toEqual(
    expect.arrayContaining([{ record: 'version 1 of docs/a', at: 'both' }]),
  );
  expect(views[0]?.differences.some(({ record }) => record.includes('docs/b'))).toBe(false);
});

it('names the version of which chunks are lacking, and where', async () => {
  const { nyc, tor } = await startSites({ nyc: ENTRIES, tor: ENTRIES });
  await tor.store.remove(CHUNK.hash);
  const { equal, chunks } = await nyc.verifier.verify();
  expect(equal).toBe(false);
  expect(chunks.map(({ site, lacking }) => [site, lacking])).toEqual([
    ['nyc', []],
    ['tor', ['version 1 of docs/b']],
  ]);
});

it('does not take a site for the same that it cannot ask', async () => {
  const { nyc, tor } = await startSites({ nyc: ENTRIES, tor: ENTRIES });
  const gone = new Promise((done) => nyc.network.onDown(done));
  await tor.network.close();
  await gone;
  const { equal, views, chunks } = await nyc.verifier.verify();
  expect(equal).toBe(false);
  expect(views[0]).toMatchObject({ position: null, differences: [] });
  expect(views[0]?.reason).not.toBe('');
  expect(chunks[1]).toMatchObject({ site: 'tor', references: null });
});
