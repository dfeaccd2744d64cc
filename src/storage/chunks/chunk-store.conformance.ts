import { contentHash } from '../content-hash.js';
import type { TestKit } from '../test-kit.js';
import type { ChunkStore } from './chunk-store.js';

export interface ChunkStoreUnderTest {
  readonly store: ChunkStore;
  dispose(): Promise<void>;
}

/** What every implementation of ChunkStore keeps to. `make` gives an empty store. */
export function describeChunkStore(
  kit: TestKit,
  name: string,
  make: () => Promise<ChunkStoreUnderTest>,
): void {
  const { describe, expect } = kit;
  const it = (title: string, body: (store: ChunkStore) => Promise<void>) =>
    kit.it(title, async () => {
      const { store, dispose } = await make();
      await body(store);
      await dispose();
    });
  const bytes = new TextEncoder().encode('a chunk');
  const hash = contentHash(bytes);

  describe(`${name} as a chunk store`, () => {
    it('reads back what was written, however often it was written', async (store) => {
      expect(await store.has(hash)).toEqual(false);
      const writes = await Promise.all([1, 2, 3].map(() => store.write(hash, bytes)));
      expect(writes).toEqual([{ ok: true }, { ok: true }, { ok: true }]);
      expect(await store.write(hash, bytes)).toEqual({ ok: true });
      const read = await store.read(hash);
      expect(read.ok && [...read.bytes]).toEqual([...bytes]);
      expect(await store.has(hash)).toEqual(true);
      expect(await store.size(hash)).toEqual(bytes.length);
      const all: string[] = [];
      for await (const one of store.all()) all.push(one);
      expect(all).toEqual([hash]);
    });

    it('refuses bytes that do not hash to the name', async (store) => {
      const written = await store.write('0'.repeat(64), bytes);
      expect(written.ok ? '' : written.failure.kind).toEqual('damaged');
      expect(await store.has('0'.repeat(64))).toEqual(false);
    });

    it('names each missing chunk once', async (store) => {
      await store.write(hash, bytes);
      const absent = { hash: 'f'.repeat(64), size: 1 };
      const refs = [absent, { hash, size: bytes.length }, absent];
      expect(await store.missing(refs)).toEqual([absent]);
    });

    it('forgets what was removed, and takes odd names for missing', async (store) => {
      await store.write(hash, bytes);
      expect(await store.remove(hash)).toEqual({ ok: true });
      expect(await store.remove(hash)).toEqual({ ok: true });
      const gone = await store.read(hash);
      expect(gone.ok ? '' : gone.reason).toEqual('missing');
      expect(await store.size(hash)).toEqual(null);
      const odd = await store.read('../../etc/passwd');
      expect(odd.ok ? '' : odd.reason).toEqual('missing');
      expect(await store.has('')).toEqual(false);
    });
  });
}
