import { contentHash } from '../content-hash.js';
import type { Position } from '../../protocol/log-entry.js';
import type { StorageFailure } from '../../protocol/ports.js';
import { FIRST_KEY, LAST_KEY } from './record-keys.js';
import { isIntact } from './record-values.js';

/** Keys greater than `after` up to and including `to`. */
export interface KeyRange {
  readonly after: Uint8Array;
  readonly to: Uint8Array;
}

export interface DigestedRange extends KeyRange {
  readonly count: number;
  /** BLAKE3 of the records in the range, 32 bytes. */
  readonly digest: Uint8Array;
}

/** All records of a shard as of one moment, in key order. */
export interface ViewSnapshot {
  readonly position: Position;
  /**
   * Up to `limit` consecutive ranges that begin after the key (null: at the beginning). The last
   * range of all ends at the end of all keys: nothing follows when `isLastRange` says so.
   */
  digests(after: Uint8Array | null, limit: number): DigestedRange[];
  /** The records of a range, encoded to travel. */
  records(range: KeyRange): Uint8Array[];
  /** The digest of what is in a range that may have been cut elsewhere. */
  digestOf(range: KeyRange): Uint8Array;
  close(): void;
}

/**
 * Receives a snapshot: `begin`, then for every range in order `digestOf`, and `replaceRange` where
 * it differs, then `finish`. From `begin` until `finish` is done the view is not to be read and
 * nothing is applied, also across restarts; a new `begin` starts over and keeps what is equal.
 */
export interface SnapshotInstaller {
  begin(done: (failure: StorageFailure | null) => void): void;
  /** The digest of what this side has in the range. */
  digestOf(range: KeyRange): Uint8Array;
  /** Records that are not intact or not in the range are refused as `damaged`; nothing changes. */
  replaceRange(
    range: KeyRange,
    records: readonly Uint8Array[],
    done: (failure: StorageFailure | null) => void,
  ): void;
  /** Calls back when the whole view is on disk at this position. */
  finish(position: Position, done: (failure: StorageFailure | null) => void): void;
}

/** A range holds about this many records, or this many bytes. */
export const RANGE_RECORDS = 1_000;
export const RANGE_BYTES = 512 * 1024;

export function isLastRange(range: KeyRange): boolean {
  return Buffer.compare(range.to, LAST_KEY) === 0;
}

export interface RawRecord {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** A record on its way: key length u16, key, value with its checksum. */
export function encodeRawRecord({ key, value }: RawRecord): Uint8Array {
  const bytes = new Uint8Array(2 + key.length + value.length);
  new DataView(bytes.buffer).setUint16(0, key.length);
  bytes.set(key, 2);
  bytes.set(value, 2 + key.length);
  return bytes;
}

/** Undefined for anything that is not an intact record inside the range. */
export function decodeRawRecord(bytes: Uint8Array, range: KeyRange): RawRecord | undefined {
  if (bytes.length < 2) return undefined;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint16(0);
  if (bytes.length < 2 + length) return undefined;
  const key = bytes.slice(2, 2 + length);
  const value = bytes.slice(2 + length);
  if (Buffer.compare(key, range.after) <= 0 || Buffer.compare(key, range.to) > 0) return undefined;
  if (Buffer.compare(key, FIRST_KEY) < 0) return undefined;
  return isIntact(key, value) ? { key, value } : undefined;
}

/** Keys and values with their lengths, hashed together. */
export function digestRecords(records: readonly RawRecord[]): Uint8Array {
  return Buffer.from(contentHash(Buffer.concat(records.map(encodeForDigest))), 'hex');
}

function encodeForDigest(record: RawRecord): Uint8Array {
  const encoded = encodeRawRecord(record);
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(encoded.length);
  return Buffer.concat([length, encoded]);
}

/** Cuts records in key order into ranges; `nextRange` tells how the first one ends. */
export function cutRange(after: Uint8Array, records: Iterable<RawRecord>): DigestedRange {
  const taken: RawRecord[] = [];
  let bytes = 0;
  for (const record of records) {
    if (taken.length >= RANGE_RECORDS || bytes >= RANGE_BYTES) {
      const to = taken.at(-1)?.key ?? LAST_KEY;
      return { after, to, count: taken.length, digest: digestRecords(taken) };
    }
    taken.push(record);
    bytes += record.value.length;
  }
  return { after, to: LAST_KEY, count: taken.length, digest: digestRecords(taken) };
}
