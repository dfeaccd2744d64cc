import { crc32c } from '@node-rs/crc32';
import type { Position } from '../../protocol/log-entry.js';
import type { HardState } from '../../protocol/ports.js';
import { isCount, isText, pack, unpack } from '../entry-codec.js';
import { packHardState, unpackHardState } from './record.js';

/*
 * What every segment begins with: magic (8 bytes) | length u32 | crc32c u32 | msgpack. It repeats
 * the state of the log at that point, so that all older segments can be removed whole.
 */

const MAGIC = Buffer.from('QUORLOG\n');
const FIXED_BYTES = MAGIC.length + 8;
const HEADER_LIMIT_BYTES = 64 * 1024;
/** Version history: 1, the first. */
export const LOG_FORMAT_VERSION = 1;

export interface SegmentHeader {
  readonly shard: string;
  readonly index: number;
  /** The log starts anew here: whatever older segments hold is void. */
  readonly fresh: boolean;
  /** Segments below this index had been removed when this one was made. */
  readonly oldestIndex: number;
  /** The last entry before this segment. */
  readonly base: Position;
  readonly hardState: HardState;
}

export type HeaderRead =
  | { readonly ok: true; readonly header: SegmentHeader; readonly bytes: number }
  | { readonly ok: false; readonly reason: 'damaged' }
  /** Written by a newer program, or for another shard: refused, never cut. */
  | { readonly ok: false; readonly reason: 'foreign'; readonly message: string };

export function encodeHeader(header: SegmentHeader): Buffer {
  const body = pack([
    LOG_FORMAT_VERSION,
    header.shard,
    header.index,
    header.fresh,
    header.oldestIndex,
    header.base.epoch,
    header.base.seq,
    packHardState(header.hardState),
  ]);
  const head = Buffer.alloc(FIXED_BYTES);
  MAGIC.copy(head);
  head.writeUInt32LE(body.length, MAGIC.length);
  head.writeUInt32LE(crc32c(body), MAGIC.length + 4);
  return Buffer.concat([head, body]);
}

export function decodeHeader(bytes: Buffer, shard: string, index: number): HeaderRead {
  const damaged = { ok: false, reason: 'damaged' } as const;
  if (bytes.length < FIXED_BYTES || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return damaged;
  const length = bytes.readUInt32LE(MAGIC.length);
  if (length > HEADER_LIMIT_BYTES || FIXED_BYTES + length > bytes.length) return damaged;
  const body = bytes.subarray(FIXED_BYTES, FIXED_BYTES + length);
  if (crc32c(body) !== bytes.readUInt32LE(MAGIC.length + 4)) return damaged;
  const fields = unpack(body);
  if (!Array.isArray(fields)) return damaged;
  const [version, foundShard, foundIndex, fresh, oldestIndex, epoch, seq, state] =
    fields as unknown[];
  if (version !== LOG_FORMAT_VERSION) {
    const message = `the log has format ${String(version)}, this program knows ${LOG_FORMAT_VERSION}`;
    return { ok: false, reason: 'foreign', message };
  }
  if (foundShard !== shard || foundIndex !== index) {
    const message = `segment ${index} of shard ${shard} says it is ${String(foundIndex)} of ${String(foundShard)}`;
    return { ok: false, reason: 'foreign', message };
  }
  const hardState = unpackHardState(state);
  if (!isText(foundShard) || !isCount(foundIndex) || typeof fresh !== 'boolean') return damaged;
  if (!isCount(oldestIndex) || !isCount(epoch) || !isCount(seq) || !hardState) return damaged;
  const header = { shard, index, fresh, oldestIndex, base: { epoch, seq }, hardState };
  return { ok: true, header, bytes: FIXED_BYTES + length };
}

/** The checksum seed of a segment's records; known even when the header is unreadable. */
export function segmentSalt(shard: string, index: number): number {
  return crc32c(`${shard}/${index}`);
}

export function segmentName(index: number): string {
  return `${String(index).padStart(10, '0')}.log`;
}

/** The index in a segment's file name, or undefined for other files. */
export function segmentIndexOf(fileName: string): number | undefined {
  return /^\d{10}\.log$/.test(fileName) ? Number(fileName.slice(0, 10)) : undefined;
}
