import { CHUNK_LIMIT_BYTES } from '../protocol/file-version.js';

/*
 * Where content is cut into chunks: FastCDC (Xia et al. 2016) with normalised chunking. A cut falls
 * where the gear hash of the 32 bytes before it has enough leading zeros: more are wanted before the
 * target length than after it. So a place depends on the bytes near it and on the beginning of its
 * chunk, and after an insertion the cuts soon fall between the same bytes again.
 *
 * Version 1 of the format is: this rule, the gear table and the sizes below. Changing any of them
 * keeps all content readable, since a list of chunks is a list of chunks; it only makes old content
 * and new content share fewer of them.
 */

const KIBIBYTE = 1024;
const MEBIBYTE = 1024 * KIBIBYTE;

export interface ChunkSizes {
  readonly leastBytes: number;
  readonly targetBytes: number;
  readonly mostBytes: number;
  /** Leading zeros wanted before the target length, and from it on. */
  readonly strictZeros: number;
  readonly looseZeros: number;
}

const NEAR_SIZES: ChunkSizes = {
  leastBytes: 256 * KIBIBYTE,
  targetBytes: MEBIBYTE,
  mostBytes: 2 * MEBIBYTE,
  strictZeros: 22,
  looseZeros: 18,
};

/** Far into very large content chunks are larger, so that their number stays within its limit. */
const FAR_SIZES: ChunkSizes = {
  leastBytes: MEBIBYTE,
  targetBytes: 4 * MEBIBYTE,
  mostBytes: CHUNK_LIMIT_BYTES,
  strictZeros: 24,
  looseZeros: 20,
};
const FAR_FROM_BYTES = 4 * 1024 * MEBIBYTE;

/** The sizes of a chunk that begins so far into the content. */
export function sizesAt(positionBytes: number): ChunkSizes {
  return positionBytes < FAR_FROM_BYTES ? NEAR_SIZES : FAR_SIZES;
}

/** Bytes that the hash remembers: one for each of its bits. */
const WINDOW_BYTES = 32;
const GEAR = gearTable();

/**
 * Where the chunk that begins with `bytes` ends: its length, or 0 if no cut falls within them.
 * Lengths up to `fromBytes` were tried before. The same whatever steps are taken.
 */
export function findCut(bytes: Uint8Array, fromBytes: number, sizes: ChunkSizes): number {
  const { leastBytes, targetBytes, mostBytes } = sizes;
  const endBytes = Math.min(bytes.length, mostBytes);
  const first = Math.max(fromBytes + 1, leastBytes);
  if (first > endBytes) return 0;
  const strict = firstCut(bytes, first, Math.min(endBytes, targetBytes - 1), sizes.strictZeros);
  if (strict !== 0) return strict;
  const loose = firstCut(bytes, Math.max(first, targetBytes), endBytes, sizes.looseZeros);
  if (loose !== 0) return loose;
  return endBytes === mostBytes ? mostBytes : 0;
}

/**
 * The first length from `first` to `last` with so many zeros; 0 if there is none. One byte after
 * the other through all large content: what the compiler makes of this loop decides its speed.
 */
function firstCut(bytes: Uint8Array, first: number, last: number, zeros: number): number {
  let hash = 0;
  for (let at = Math.max(0, first - WINDOW_BYTES); at < first - 1; at += 1) {
    hash = (hash << 1) + GEAR[bytes[at]!]!;
  }
  const mask = -1 << (32 - zeros);
  for (let at = first - 1; at < last; at += 1) {
    hash = ((hash << 1) + GEAR[bytes[at]!]!) | 0;
    if ((hash & mask) === 0) return at + 1;
  }
  return 0;
}

/** 256 numbers of SplitMix32 from a fixed seed. */
function gearTable(): Int32Array {
  const table = new Int32Array(256);
  let state = 0x51_75_6f_72;
  for (let index = 0; index < table.length; index += 1) {
    state = (state + 0x9e_37_79_b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21_f0_aa_ad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x73_5a_2d_97);
    table[index] = mixed ^ (mixed >>> 15);
  }
  return table;
}
