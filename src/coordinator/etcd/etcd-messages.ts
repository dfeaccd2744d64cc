import type { Fields } from './protobuf.js';
import { bytesAt, messagesAt, numberAt, readMessage, writeMessage } from './protobuf.js';

/*
 * The few of etcd's messages that are used, by the numbers of etcd's rpc.proto. What is read is
 * null when the bytes are not such a message.
 */

export const METHODS = {
  range: '/etcdserverpb.KV/Range',
  txn: '/etcdserverpb.KV/Txn',
  compact: '/etcdserverpb.KV/Compact',
  watch: '/etcdserverpb.Watch/Watch',
  status: '/etcdserverpb.Maintenance/Status',
  moveLeader: '/etcdserverpb.Maintenance/MoveLeader',
} as const;

export interface KeyValue {
  readonly key: string;
  readonly value: Uint8Array;
  /** The revision of etcd at which the key was last written. */
  readonly modRevision: number;
}

/** Which etcd cluster answered, as a number that it drew when it was made. */
interface Answer {
  readonly clusterId: bigint;
}

export interface RangeAnswer extends Answer {
  readonly revision: number;
  readonly keys: readonly KeyValue[];
  /** There are more than were asked for. */
  readonly more: boolean;
}

export interface TxnAnswer extends Answer {
  readonly revision: number;
  readonly succeeded: boolean;
  /** Where it did not: what stands. */
  readonly standing: KeyValue | null;
}

export interface WatchAnswer extends Answer {
  readonly created: boolean;
  readonly cancelled: string | null;
  /** The oldest revision that can be watched, where the one asked for was compacted; else 0. */
  readonly compactRevision: number;
  readonly events: readonly { readonly deleted: boolean; readonly keyValue: KeyValue }[];
}

export interface StatusAnswer extends Answer {
  readonly memberId: bigint;
  readonly version: string;
  /** 0 while it knows of none. */
  readonly leaderId: bigint;
}

/** Every key that begins with the prefix has a place before this. */
function endOfPrefix(prefix: string): Uint8Array {
  const end = Buffer.from(prefix);
  let last = end.length - 1;
  while (last >= 0 && end[last] === 0xff) last -= 1;
  if (last < 0) return Buffer.from([0]);
  end[last] = (end[last] ?? 0) + 1;
  return end.subarray(0, last + 1);
}

/** A linearizable read of one key. */
export function readRequest(key: string): Uint8Array {
  return writeMessage([1, key]);
}

/** A linearizable read of the keys under a prefix, up to a number of them. */
export function listRequest(prefix: string, limit: number): Uint8Array {
  return writeMessage([1, prefix], [2, endOfPrefix(prefix)], [3, limit]);
}

/** Puts the value if the key was last written at the revision (0: never), else reads the key. */
export function swapRequest(key: string, modRevision: number, value: Uint8Array): Uint8Array {
  const isAt = writeMessage([1, 0], [2, 2], [3, key], [6, modRevision]);
  const put = writeMessage([2, writeMessage([1, key], [2, value])]);
  const read = writeMessage([1, readRequest(key)]);
  return writeMessage([1, isAt], [2, put], [3, read]);
}

/** All changes under the prefix from a revision on. */
export function watchRequest(prefix: string, fromRevision: number): Uint8Array {
  const create = writeMessage([1, prefix], [2, endOfPrefix(prefix)], [3, fromRevision]);
  return writeMessage([1, create]);
}

/** Forgets what was before a revision, on all members. */
export function compactRequest(revision: number): Uint8Array {
  return writeMessage([1, revision], [2, true]);
}

export function moveLeaderRequest(memberId: bigint): Uint8Array {
  return writeMessage([1, memberId]);
}

export function readRange(bytes: Uint8Array): RangeAnswer | null {
  const fields = readMessage(bytes);
  return fields && rangeOf(fields);
}

function rangeOf(fields: Fields): RangeAnswer | null {
  const header = headerOf(fields);
  const keys = messagesAt(fields, 2)?.map(keyValueOf);
  if (header === null || keys?.every((keyValue) => keyValue !== null) !== true) return null;
  return { ...header, keys, more: numberAt(fields, 3) !== 0n };
}

export function readTxn(bytes: Uint8Array): TxnAnswer | null {
  const fields = readMessage(bytes);
  const header = fields && headerOf(fields);
  const responses = fields && messagesAt(fields, 3);
  if (!fields || !header || responses?.length !== 1) return null;
  const succeeded = numberAt(fields, 2) !== 0n;
  if (succeeded) return { ...header, succeeded, standing: null };
  const range = messagesAt(responses[0] as Fields, 1)?.at(-1);
  const keys = range && messagesAt(range, 2)?.map(keyValueOf);
  if (keys === undefined || keys.length > 1) return null;
  const [standing = null] = keys;
  if (keys.length === 1 && standing === null) return null;
  return { ...header, succeeded, standing };
}

export function readWatch(bytes: Uint8Array): WatchAnswer | null {
  const fields = readMessage(bytes);
  const header = fields && headerOf(fields);
  const events = fields && messagesAt(fields, 11)?.map(eventOf);
  if (!fields || !header || events?.every((event) => event !== null) !== true) return null;
  const compactRevision = safeNumber(numberAt(fields, 5));
  if (compactRevision === null) return null;
  const reason = Buffer.from(bytesAt(fields, 6)).toString();
  return {
    clusterId: header.clusterId,
    created: numberAt(fields, 3) !== 0n,
    cancelled: numberAt(fields, 4) === 0n ? null : reason || 'cancelled',
    compactRevision,
    events,
  };
}

export function readStatus(bytes: Uint8Array): StatusAnswer | null {
  const fields = readMessage(bytes);
  const header = fields && messagesAt(fields, 1)?.at(-1);
  if (!fields || !header) return null;
  const clusterId = numberAt(header, 1);
  const version = Buffer.from(bytesAt(fields, 2)).toString();
  return { clusterId, memberId: numberAt(header, 2), version, leaderId: numberAt(fields, 4) };
}

function headerOf(fields: Fields): { clusterId: bigint; revision: number } | null {
  const header = messagesAt(fields, 1)?.at(-1);
  const revision = header && safeNumber(numberAt(header, 3));
  if (header === undefined || revision === null || revision === undefined) return null;
  return { clusterId: numberAt(header, 1), revision };
}

function eventOf(fields: Fields): WatchAnswer['events'][number] | null {
  const found = messagesAt(fields, 2)?.at(-1);
  const keyValue = found && keyValueOf(found);
  return keyValue ? { deleted: numberAt(fields, 1) === 1n, keyValue } : null;
}

function keyValueOf(fields: Fields): KeyValue | null {
  const modRevision = safeNumber(numberAt(fields, 3));
  if (modRevision === null || modRevision === 0) return null;
  return {
    key: Buffer.from(bytesAt(fields, 1)).toString(),
    value: bytesAt(fields, 5),
    modRevision,
  };
}

function safeNumber(value: bigint): number | null {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : null;
}
