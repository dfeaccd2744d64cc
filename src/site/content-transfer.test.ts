import { createHash } from 'node:crypto';
import { contentHash } from '../storage/content-hash.js';
import { afterEach, expect, it } from 'vitest';
import type { ChunkedContent, Content } from '../protocol/file-version.js';
import type { ChunkRead } from '../storage/chunks/chunk-store.js';
import { MemoryChunkStore } from '../storage/chunks/memory-chunk-store.js';
import { createMemoryNetwork } from '../transport/memory-network.js';
import type { PeerNetwork } from '../transport/peer-network.js';
import type { CuttingAnswer, CuttingQuestion } from './content-cutting.js';
import { SameThread } from './content-thread.js';
import { ContentThreads } from './content-threads.js';
import { createContentTransfer } from './content-transfer.js';
import { ContentLost } from './file-service.js';

const MEBIBYTE = 1024 * 1024;
const SITES = ['nyc', 'tor', 'lon'];

class CountingStore extends MemoryChunkStore {
  writes = 0;
  readonly reads: string[] = [];
  readonly damaged = new Set<string>();

  override write(hash: string, bytes: Uint8Array): ReturnType<MemoryChunkStore['write']> {
    this.writes += 1;
    this.damaged.delete(hash);
    return super.write(hash, bytes);
  }

  override async read(hash: string): Promise<ChunkRead> {
    this.reads.push(hash);
    if (!this.damaged.has(hash)) return super.read(hash);
    await this.remove(hash);
    return { ok: false, reason: 'damaged', message: `chunk ${hash} failed its hash` };
  }
}

const open: { network: PeerNetwork; close(): void }[] = [];

afterEach(async () => {
  for (const { network, close } of open.splice(0)) {
    close();
    await network.close();
  }
});

/** Answers one question and is gone with the next. */
class DyingThread extends SameThread {
  override isAlive = true;
  private asked = 0;

  override ask(question: CuttingQuestion): Promise<CuttingAnswer> {
    this.asked += 1;
    if (this.asked === 1) return super.ask(question);
    this.isAlive = false;
    return Promise.reject(new Error('the thread is gone'));
  }
}

async function startSites({ dyingThreads = 0 } = {}) {
  const hub = createMemoryNetwork();
  const sites = await Promise.all(
    SITES.map(async (site) => {
      const peers = SITES.filter((other) => other !== site);
      const network = hub.join({ site, peers, run: `${site}.1`, incarnation: 1 });
      const store = new CountingStore();
      const failed = (): void => undefined;
      let dying = dyingThreads;
      const threads = new ContentThreads(() =>
        (dying -= 1) >= 0 ? new DyingThread() : new SameThread(),
      );
      const options = {
        network,
        store,
        peers: () => peers,
        writeQuorum: () => 2,
        threads,
        views: () => [],
        failed,
      };
      const transfer = createContentTransfer(options);
      const up = new Set<string>();
      const connected = new Promise<void>((resolve) => {
        network.onUp((peer) => {
          if (up.add(peer).size === peers.length) resolve();
        });
      });
      open.push({ network, close: () => transfer.close() });
      await network.start();
      return { site, network, store, transfer, connected };
    }),
  );
  await Promise.all(sites.map(({ connected }) => connected));
  const [nyc, tor, lon] = sites;
  if (!nyc || !tor || !lon) throw new Error('three sites');
  return { nyc, tor, lon };
}

/** Bytes without a pattern, the same each time. */
function bytesOf(size: number, key = 7): Uint8Array {
  const words = new Uint32Array(Math.ceil(size / 4));
  let state = key;
  for (let i = 0; i < words.length; i += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return new Uint8Array(words.buffer, 0, size);
}

async function* bodyOf(bytes: Uint8Array, pieceBytes = 100_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    yield Promise.resolve(bytes.subarray(at, at + pieceBytes));
  }
}

async function collect(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part);
  return Buffer.concat(parts);
}

function chunked(content: Content): ChunkedContent {
  if (content.kind !== 'chunked') throw new Error('not chunked');
  return content;
}

async function uploaded(
  site: Awaited<ReturnType<typeof startSites>>['nyc'],
  bytes: Uint8Array,
): Promise<Content> {
  const result = await site.transfer.access.upload(bodyOf(bytes), bytes.length);
  if (!result.ok) throw new Error(result.message);
  return result.content;
}

function ensured(
  site: Awaited<ReturnType<typeof startSites>>['nyc'],
  content: ChunkedContent,
): Promise<void> {
  return new Promise((done) => void site.transfer.port.ensure(content, ['nyc'], done));
}

it('keeps small content inline', async () => {
  const { nyc } = await startSites();
  const bytes = bytesOf(32 * 1024);
  const content = await uploaded(nyc, bytes);
  expect(content).toMatchObject({ kind: 'inline', etag: contentHash(bytes) });
  expect(Buffer.compare(await collect(nyc.transfer.access.read(content)), bytes)).toBe(0);
  expect((await uploaded(nyc, new Uint8Array(0))).size).toBe(0);
});

it('cuts large content, gives it to the other sites, and never sends a chunk twice', async () => {
  const { nyc, tor, lon } = await startSites();
  const bytes = bytesOf(3 * MEBIBYTE + 5);
  const content = chunked(await uploaded(nyc, bytes));
  expect(content.etag).toBe(contentHash(bytes));
  expect(content.chunks.length).toBeGreaterThan(1);
  expect(content.chunks.reduce((sum, { size }) => sum + size, 0)).toBe(bytes.length);
  await Promise.all([ensured(tor, content), ensured(lon, content)]);
  const writes = [tor.store.writes, lon.store.writes];
  await uploaded(nyc, bytes);
  expect([tor.store.writes, lon.store.writes]).toEqual(writes);
  expect(Buffer.compare(await collect(lon.transfer.access.read(content)), bytes)).toBe(0);
});

it('reads only the chunks of a range', async () => {
  const { nyc } = await startSites();
  const bytes = bytesOf(6 * MEBIBYTE);
  const content = chunked(await uploaded(nyc, bytes));
  const [first, second, third] = content.chunks;
  if (!first || !second || !third) throw new Error('too few chunks');
  const range = { start: first.size + 10, end: first.size + second.size + 20 };
  const read = await collect(nyc.transfer.access.read(content, range));
  expect(Buffer.compare(read, bytes.subarray(range.start, range.end))).toBe(0);
  expect(nyc.store.reads).toEqual([second.hash, third.hash]);
});

it('fetches what a site lacks once the other can be reached', async () => {
  const { nyc, tor, lon } = await startSites();
  const down = new Promise((done) => lon.network.onDown(done));
  nyc.network.setLink('nyc', 'lon', { cut: true });
  tor.network.setLink('tor', 'lon', { cut: true });
  await down;
  const content = chunked(await uploaded(nyc, bytesOf(2 * MEBIBYTE)));
  let done = false;
  const arrived = ensured(lon, content).then(() => {
    done = true;
  });
  expect(done).toBe(false);
  tor.network.setLink('tor', 'lon', { cut: false });
  await arrived;
  expect(await lon.store.missing(content.chunks)).toEqual([]);
});

it('repairs a damaged chunk from another site and counts it', async () => {
  const { nyc, tor } = await startSites();
  const bytes = bytesOf(MEBIBYTE + 1);
  const content = chunked(await uploaded(nyc, bytes));
  await ensured(tor, content);
  tor.store.damaged.add(content.chunks[0]?.hash ?? '');
  expect(Buffer.compare(await collect(tor.transfer.access.read(content)), bytes)).toBe(0);
  expect(tor.transfer.repairs()).toBe(1);
});

it('says that content is lost where no site has a good copy', async () => {
  const { tor } = await startSites();
  const content: Content = {
    kind: 'chunked',
    size: 5,
    etag: 'b'.repeat(64),
    chunks: [{ hash: 'b'.repeat(64), size: 5 }],
  };
  await expect(collect(tor.transfer.access.read(content))).rejects.toBeInstanceOf(ContentLost);
});

it('refuses bodies that are not what was announced, and those that break off', async () => {
  const { nyc } = await startSites();
  const upload = (size: number) => nyc.transfer.access.upload(bodyOf(bytesOf(10)), size);
  expect(await upload(11)).toMatchObject({ ok: false, reason: 'body_incomplete' });
  expect(await upload(9)).toMatchObject({ ok: false, reason: 'body_incomplete' });
  expect(await upload(2 ** 50)).toMatchObject({ ok: false, reason: 'too_large' });
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield await Promise.resolve(bytesOf(10));
    throw new Error('cut');
  }
  const result = await nyc.transfer.access.upload(broken());
  expect(result).toMatchObject({ ok: false, reason: 'body_incomplete' });
});

it('gives the digests that were asked for, of small content and of large', async () => {
  const { nyc } = await startSites();
  for (const size of [0, 10, 3 * MEBIBYTE + 5]) {
    const bytes = bytesOf(size);
    const result = await nyc.transfer.access.upload(bodyOf(bytes), size, ['md5', 'sha256']);
    const digestOf = (name: string) => createHash(name).update(bytes).digest('hex');
    expect(result).toMatchObject({ ok: true, content: { size } });
    expect(result.ok && result.digests).toEqual({
      md5: digestOf('md5'),
      sha256: digestOf('sha256'),
    });
  }
});

it('sends only what is new after an insertion in the middle', async () => {
  const { nyc, tor, lon } = await startSites();
  const bytes = bytesOf(16 * MEBIBYTE);
  const before = chunked(await uploaded(nyc, bytes));
  await Promise.all([ensured(tor, before), ensured(lon, before)]);
  const writes = tor.store.writes;
  const half = bytes.length / 2;
  const edited = Buffer.concat([bytes.subarray(0, half), Buffer.of(1), bytes.subarray(half)]);
  const after = chunked(await uploaded(nyc, edited));
  await ensured(tor, after);
  expect(after.etag).toBe(contentHash(edited));
  expect(tor.store.writes - writes).toBeLessThanOrEqual(2);
  expect(Buffer.compare(await collect(tor.transfer.access.read(after)), edited)).toBe(0);
});

it('takes more uploads at once than there is memory for', async () => {
  const { nyc } = await startSites();
  const bodies = Array.from({ length: 60 }, (_, i) => bytesOf(3 * MEBIBYTE, i + 1));
  const contents = await Promise.all(bodies.map((bytes) => uploaded(nyc, bytes)));
  expect(contents.map(({ etag }) => etag)).toEqual(bodies.map((bytes) => contentHash(bytes)));
});

it('says so when the thread that cuts has ended, and goes on with another', async () => {
  const { nyc } = await startSites({ dyingThreads: 1 });
  const bytes = bytesOf(MEBIBYTE);
  expect(await nyc.transfer.access.upload(bodyOf(bytes))).toMatchObject({
    ok: false,
    reason: 'storage_failed',
    message: 'the thread is gone',
  });
  expect(await uploaded(nyc, bytes)).toMatchObject({ etag: contentHash(bytes) });
});

it('cuts larger chunks of what will lie far into larger content', async () => {
  const { nyc } = await startSites();
  const bytes = bytesOf(9 * MEBIBYTE);
  const near = chunked(await uploaded(nyc, bytes));
  const stored = await nyc.transfer.access.upload(bodyOf(bytes), bytes.length, [], 5 * 2 ** 30);
  if (!stored.ok) throw new Error(stored.message);
  const far = chunked(stored.content);
  expect(far.etag).toBe(near.etag);
  expect(far.chunks.length).toBeLessThan(near.chunks.length / 2);
  expect(Buffer.compare(await collect(nyc.transfer.access.read(far)), bytes)).toBe(0);
});
