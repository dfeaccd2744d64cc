import type { ChunkRef } from '../../protocol/file-version.js';
import type { StorageFailure } from '../../protocol/ports.js';

export type ChunkWrite =
  | { readonly ok: true }
  | { readonly ok: false; readonly failure: StorageFailure };

export type ChunkRead =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | {
      readonly ok: false;
      /** `damaged`: it did not match its name and was put aside; it can be written again. */
      readonly reason: 'missing' | 'damaged' | 'io_error';
      readonly message: string;
    };

/** The chunks of one site, each named by the BLAKE3 hash of its bytes in 64 lower-case hex digits. */
export interface ChunkStore {
  /** Whether it is here, durable, by name; its bytes are verified when they are read. */
  has(hash: string): Promise<boolean>;
  /** Those that are not here, each once. */
  missing(refs: readonly ChunkRef[]): Promise<ChunkRef[]>;
  /**
   * Resolves once the chunk is on disk, its directory entry included. Writing what is there does
   * nothing. Bytes that do not hash to the name are refused as `damaged` and not stored; `isProven`
   * says that the hash was computed from these very bytes. The memory is the caller's again then.
   */
  write(hash: string, bytes: Uint8Array, isProven?: boolean): Promise<ChunkWrite>;
  /** The bytes, verified each time. */
  read(hash: string): Promise<ChunkRead>;
  /** Removing what is not there does nothing. The caller serialises it with `has` and `write`. */
  remove(hash: string): Promise<ChunkWrite>;
  /** How many bytes it has, as the disk says; null when it is not here. */
  size(hash: string): Promise<number | null>;
  /** Hashes of all chunks, in no particular order, for the scrubber and the collector. */
  all(): AsyncIterable<string>;
}

export function isChunkHash(hash: string): boolean {
  return /^[0-9a-f]{64}$/.test(hash);
}
