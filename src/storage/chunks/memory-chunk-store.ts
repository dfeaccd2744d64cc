import { contentHash } from '../content-hash.js';
import type { ChunkRef } from '../../protocol/file-version.js';
import type { ChunkRead, ChunkStore, ChunkWrite } from './chunk-store.js';

/** A chunk store in memory, for tests. */
export class MemoryChunkStore implements ChunkStore {
  private readonly chunks = new Map<string, Uint8Array>();

  async has(hash: string): Promise<boolean> {
    return this.chunks.has(hash);
  }

  async missing(refs: readonly ChunkRef[]): Promise<ChunkRef[]> {
    const unique = new Map(refs.map((ref) => [ref.hash, ref]));
    return [...unique.values()].filter(({ hash }) => !this.chunks.has(hash));
  }

  async write(hash: string, bytes: Uint8Array): Promise<ChunkWrite> {
    if (contentHash(bytes) !== hash) {
      const message = `the bytes given for chunk ${hash} do not hash to it`;
      return { ok: false, failure: { kind: 'damaged', message } };
    }
    this.chunks.set(hash, Uint8Array.from(bytes));
    return { ok: true };
  }

  async read(hash: string): Promise<ChunkRead> {
    const bytes = this.chunks.get(hash);
    if (!bytes) return { ok: false, reason: 'missing', message: `no chunk ${hash}` };
    return { ok: true, bytes: Uint8Array.from(bytes) };
  }

  async remove(hash: string): Promise<ChunkWrite> {
    this.chunks.delete(hash);
    return { ok: true };
  }

  async size(hash: string): Promise<number | null> {
    return this.chunks.get(hash)?.length ?? null;
  }

  async *all(): AsyncIterable<string> {
    yield* this.chunks.keys();
  }
}
