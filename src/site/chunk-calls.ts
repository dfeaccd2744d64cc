import type { ChunkStore } from '../storage/chunks/chunk-store.js';
import type { PeerNetwork } from '../transport/peer-network.js';
import { isFields, isHash } from '../protocol/message-fields.js';

/*
 * What sites ask each other about chunks, over bulk calls: which of these do you lack, give me
 * this one, take this one.
 */

const LACKING = 'chunk.lacking';
const GET = 'chunk.get';
const PUT = 'chunk.put';
/** Hashes in one question. */
export const LACKING_LIMIT = 1024;
const CALL_DEADLINE_MS = 10_000;

export type ChunkAnswer =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly reason: 'missing' | 'failed' };

export interface ChunkCalls {
  /** Those that the site lacks; null when it did not say. It expects to be given them next. */
  lacking(site: string, hashes: readonly string[]): Promise<readonly string[] | null>;
  get(site: string, hash: string): Promise<ChunkAnswer>;
  /** True once the chunk is durable there. */
  put(site: string, hash: string, bytes: Uint8Array): Promise<boolean>;
}

export interface ChunkServing {
  /** A peer was told that this chunk is lacking here, and will send it. */
  announced(hash: string): void;
  /** A chunk was given to this site and is durable. */
  arrived(hash: string): void;
}

/** Registers this site's answers and gives the questions. Before the network starts. */
export function createChunkCalls(
  network: PeerNetwork,
  store: ChunkStore,
  serving: ChunkServing,
): ChunkCalls {
  network.handle(LACKING, async (_from, payload) => {
    const hashes = readHashes(payload);
    if (hashes === null) throw new Error('not a list of chunks');
    const missing = await store.missing(hashes.map((hash) => ({ hash, size: 0 })));
    for (const { hash } of missing) serving.announced(hash);
    return missing.map(({ hash }) => hash);
  });
  network.handle(GET, async (_from, payload) => {
    if (!isHash(payload)) throw new Error('not a chunk');
    const read = await store.read(payload);
    return read.ok ? read.bytes : null;
  });
  network.handle(PUT, async (_from, payload) => {
    if (!isFields(payload) || !isHash(payload.hash) || !(payload.bytes instanceof Uint8Array)) {
      throw new Error('not a chunk');
    }
    const written = await store.write(payload.hash, payload.bytes);
    if (!written.ok) throw new Error(written.failure.message);
    serving.arrived(payload.hash);
    return true;
  });

  const call = (site: string, method: string, payload: unknown) =>
    network.call(site, method, payload, { deadlineMs: CALL_DEADLINE_MS, class: 'bulk' });
  return {
    lacking: async (site, hashes) => {
      const result = await call(site, LACKING, hashes);
      return result.ok ? readHashes(result.value) : null;
    },
    get: async (site, hash) => {
      const result = await call(site, GET, hash);
      if (!result.ok) return { ok: false, reason: 'failed' };
      const { value } = result;
      if (value instanceof Uint8Array) return { ok: true, bytes: value };
      return { ok: false, reason: value === null ? 'missing' : 'failed' };
    },
    put: async (site, hash, bytes) => (await call(site, PUT, { hash, bytes })).ok,
  };
}

function readHashes(value: unknown): string[] | null {
  if (!Array.isArray(value) || value.length > LACKING_LIMIT) return null;
  return value.every(isHash) ? value : null;
}
