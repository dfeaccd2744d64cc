import { crc32c } from '@node-rs/crc32';
import type { HardState, LogWrite } from '../../protocol/ports.js';
import type { Room } from '../byte-arena.js';
import {
  encodeEntry,
  isCount,
  isText,
  packBriefly,
  packConfiguration,
  unpack,
  unpackConfiguration,
} from '../entry-codec.js';

/*
 * A record: crc32c u32 | payload length u32 | type u8 | epoch f64 | seq f64 | payload, all
 * little-endian. The checksum covers all that follows it, and starts from the segment's salt, so
 * that a copy of a log inside a file's content does not look like records of this one.
 */

export const RECORD_HEADER_BYTES = 25;
/** Longest payload a record can have: far above any entry the protocol admits. */
export const PAYLOAD_LIMIT_BYTES = 64 * 1024 * 1024;

export const RecordType = {
  entry: 1,
  /** Entries from `seq` on are forgotten; `epoch` is that of the entry before. */
  cut: 2,
  hardState: 3,
  /** Everything before this record was synced. `seq` is the record's own offset in its file. */
  marker: 4,
  /** Segments with an index below `seq` may be gone. */
  trimmed: 5,
} as const;

/** Set on the last record of a write: a write without it never happened. */
const END_OF_WRITE = 0x80;

export interface LogRecord {
  readonly type: number;
  readonly endsWrite: boolean;
  readonly epoch: number;
  readonly seq: number;
  readonly payload: Uint8Array;
  readonly bytes: number;
}

const NOTHING = new Uint8Array(0);

export function encodeRecord(
  salt: number,
  type: number,
  endsWrite: boolean,
  epoch: number,
  seq: number,
  payload: Uint8Array = NOTHING,
  room: Room = Buffer.allocUnsafe,
): Buffer {
  const record = room(RECORD_HEADER_BYTES + payload.length);
  record.set(payload, RECORD_HEADER_BYTES);
  record.writeUInt32LE(record.length - RECORD_HEADER_BYTES, 4);
  record[8] = endsWrite ? type | END_OF_WRITE : type;
  record.writeDoubleLE(epoch, 9);
  record.writeDoubleLE(seq, 17);
  record.writeUInt32LE(crc32c(record.subarray(4), salt), 0);
  return record;
}

/** The record at an offset, or undefined where no intact one begins. */
export function decodeRecord(bytes: Buffer, at: number, salt: number): LogRecord | undefined {
  if (at + RECORD_HEADER_BYTES > bytes.length) return undefined;
  const length = bytes.readUInt32LE(at + 4);
  const end = at + RECORD_HEADER_BYTES + length;
  if (length > PAYLOAD_LIMIT_BYTES || end > bytes.length) return undefined;
  if (crc32c(bytes.subarray(at + 4, end), salt) !== bytes.readUInt32LE(at)) return undefined;
  const type = bytes[at + 8] ?? 0;
  const epoch = bytes.readDoubleLE(at + 9);
  const seq = bytes.readDoubleLE(at + 17);
  if (!isCount(epoch) || !isCount(seq)) return undefined;
  return {
    type: type & ~END_OF_WRITE,
    endsWrite: (type & END_OF_WRITE) !== 0,
    epoch,
    seq,
    payload: bytes.subarray(at + RECORD_HEADER_BYTES, end),
    bytes: end - at,
  };
}

export function encodeMarker(salt: number, offset: number, room?: Room): Buffer {
  return encodeRecord(salt, RecordType.marker, true, 0, offset, NOTHING, room);
}

/** Whether any intact marker begins at or after the offset: proof that what precedes was synced. */
export function hasMarkerFrom(bytes: Buffer, from: number, salt: number): boolean {
  for (let at = from; at + RECORD_HEADER_BYTES <= bytes.length; at += 1) {
    if (bytes[at + 8] !== (RecordType.marker | END_OF_WRITE)) continue;
    if (bytes.readUInt32LE(at + 4) !== 0 || bytes.readDoubleLE(at + 17) !== at) continue;
    if (decodeRecord(bytes, at, salt)) return true;
  }
  return false;
}

/** The records of one write; `epochBeforeCut` is the epoch of the entry that will be last. */
export function encodeWrite(
  salt: number,
  write: LogWrite,
  epochBeforeCut: number,
  room: Room,
): Buffer[] {
  const { cutFrom, entries, hardState } = write;
  const buffers: Buffer[] = [];
  const lastEntry = entries.length - 1;
  if (cutFrom !== undefined) {
    const ends = entries.length === 0 && !hardState;
    buffers.push(encodeRecord(salt, RecordType.cut, ends, epochBeforeCut, cutFrom, NOTHING, room));
  }
  entries.forEach((entry, i) => {
    const ends = i === lastEntry && !hardState;
    const { epoch, seq } = entry;
    const packed = encodeEntry(entry);
    buffers.push(encodeRecord(salt, RecordType.entry, ends, epoch, seq, packed, room));
  });
  if (hardState) {
    const payload = packBriefly(packHardState(hardState));
    buffers.push(encodeRecord(salt, RecordType.hardState, true, 0, 0, payload, room));
  }
  return buffers;
}

export function packHardState(state: HardState): readonly unknown[] {
  const { promisedEpoch, promisedRun, joined, installing, configuration } = state;
  const configured = configuration === undefined ? [] : [packConfiguration(configuration)];
  return [promisedEpoch, promisedRun, joined, installing, ...configured];
}

export function unpackHardState(value: unknown): HardState | undefined {
  if (!Array.isArray(value)) return undefined;
  const [promisedEpoch, promisedRun, joined, installing, configured] = value as unknown[];
  if (!isCount(promisedEpoch) || !isText(promisedRun)) return undefined;
  if (typeof joined !== 'boolean' || typeof installing !== 'boolean') return undefined;
  const state = { promisedEpoch, promisedRun, joined, installing };
  if (configured === undefined) return state;
  const configuration = unpackConfiguration(configured);
  return configuration && { ...state, configuration };
}

export function decodeHardState(payload: Uint8Array): HardState | undefined {
  return unpackHardState(unpack(payload));
}
