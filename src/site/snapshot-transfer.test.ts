import { contentHash } from '../storage/content-hash.js';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { LogEntry } from '../protocol/log-entry.js';
import type { InstalledSnapshot } from '../protocol/ports.js';
import { MemoryChunkStore } from '../storage/chunks/memory-chunk-store.js';
import { entryOf, inlineContent, putEntries } from '../storage/sample-entries.js';
import type { StoredShardView } from '../storage/view/lmdb-view.js';
import { openViewEnvironment, type ViewEnvironment } from '../storage/view/view-environment.js';
import { createMemoryNetwork } from '../transport/memory-network.js';
import type { PeerNetwork } from '../transport/peer-network.js';
import { ContentThreads } from './content-threads.js';
import { createContentTransfer } from './content-transfer.js';
import { SnapshotSource } from './snapshot-source.js';
import { SnapshotTransfer } from './snapshot-transfer.js';

const SHARD = 'nyc';

interface TestSite {
  readonly network: PeerNetwork;
  readonly views: ViewEnvironment;
  readonly view: StoredShardView;
  readonly chunks: MemoryChunkStore;
  readonly transfer: SnapshotTransfer;
  close(): Promise<void>;
}

let folder: string;
let source: TestSite;
let target: TestSite;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quorate-snapshot-'));
  const hub = createMemoryNetwork();
  const open = async (site: string, peer: string): Promise<TestSite> => {
    const network = hub.join({ site, peers: [peer], run: `${site}.1`, incarnation: 1 });
    const views = await openViewEnvironment(join(folder, site));
    const view = views.shard(SHARD);
    const chunks = new MemoryChunkStore();
    const failed = (): void => undefined;
    const threads = new ContentThreads();
    const peers = () => [peer];
    const writeQuorum = () => 2;
    const options = {
      network,
      store: chunks,
      peers,
      writeQuorum,
      threads,
      failed,
      views: () => [],
    };
    const content = createContentTransfer(options);
    const snapshots = new SnapshotSource(
      network,
      (shard) => (shard === SHARD ? view : null),
      async () => 'lost',
    );
    const report = (): void => undefined;
    const parts = { network, content: content.port, shard: SHARD, view, report };
    const transfer = new SnapshotTransfer(parts);
    const close = async (): Promise<void> => {
      transfer.close();
      content.close();
      snapshots.close();
      await network.close();
      await views.close();
    };
    return { network, views, view, chunks, transfer, close };
  };
  source = await open('lon', 'tor');
  target = await open('tor', 'lon');
  const up = new Promise<void>((done) => target.network.onUp(() => done()));
  await Promise.all([source.network.start(), target.network.start(), up]);
});

afterEach(async () => {
  await source.close();
  await target.close();
  await rm(folder, { recursive: true, force: true });
});

function apply(site: TestSite, entries: readonly LogEntry[]): Promise<void> {
  return new Promise((resolve, reject) => {
    site.view.apply(entries, (failure) =>
      failure === null ? resolve() : reject(new Error(failure.message)),
    );
  });
}

function install(): Promise<InstalledSnapshot | null> {
  return new Promise((done) => target.transfer.install('lon', done));
}

it('makes a view what another site has, content included', async () => {
  const bytes = new Uint8Array(100_000).fill(9);
  const hash = contentHash(bytes);
  await source.chunks.write(hash, bytes);
  const size = bytes.length;
  const content = { kind: 'chunked', size, etag: hash, chunks: [{ hash, size }] } as const;
  const large = { kind: 'put', name: 'b/large', version: 1, content, metadata: {} } as const;
  await apply(source, [...putEntries(1, 1, 3000), entryOf(1, 3001, large)]);
  const installed = await install();
  expect(installed?.position).toEqual({ epoch: 1, seq: 3001 });
  expect(target.view.installing()).toBe(false);
  expect(target.view.position()).toEqual({ epoch: 1, seq: 3001 });
  expect(target.view.head('b/large')).toEqual(source.view.head('b/large'));
  const query = { prefix: '', after: '', limit: 5000 };
  expect(target.view.names(query)).toEqual(source.view.names(query));
  expect(await target.chunks.has(hash)).toBe(true);
});

it('sends only what differs', async () => {
  await apply(source, putEntries(1, 1, 6000));
  await install();
  const first = { ...target.transfer.counts };
  const content = inlineContent(Uint8Array.of(1));
  const put = { kind: 'put', name: 'zz/new', version: 1, content, metadata: {} } as const;
  await apply(source, [entryOf(1, 6001, put)]);
  expect((await install())?.position.seq).toBe(6001);
  const { sent, equal } = target.transfer.counts;
  expect(equal - first.equal).toBeGreaterThan(sent - first.sent);
  expect(target.view.head('zz/new')?.version).toBe(1);
});

it('says so when the source cannot be reached', async () => {
  await apply(source, putEntries(1, 1, 3000));
  const down = new Promise<void>((done) => target.network.onDown(() => done()));
  target.network.setLink('tor', 'lon', { cut: true });
  await down;
  expect(await install()).toBeNull();
});
