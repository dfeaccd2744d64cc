/*
 * The records of a shard's view. The first byte of a key is its kind; names are their UTF-8 bytes,
 * so that the order of live and deleted heads is the order of names.
 */

export const RecordKind = {
  /** Which sites keep the shard: one record. */
  configuration: 0x63,
  /** Deleted heads, by name. */
  tombstone: 0x64,
  /** Live heads, by name; content by reference only. */
  head: 0x68,
  /** Rules that moved, by pattern. */
  ownership: 0x6f,
  /** Request ids, by seq. */
  request: 0x72,
  /** As the next kind, but of all buckets in a row: how the first version of this program kept it. */
  supersededAnywhere: 0x73,
  /** Versions that superseded another, by bucket and the moment of the write. */
  superseded: 0x75,
  /** Every kept version with its content, by length of name, name and version. */
  version: 0x76,
} as const;

/** Above and below every key of a record. */
export const FIRST_KEY = Uint8Array.of(0x61);
export const LAST_KEY = Uint8Array.of(0xff);
/** The shard's position and whether a snapshot is being installed; no part of a snapshot. */
export const POSITION_KEY = Uint8Array.of(0x01, 0x70);
export const INSTALLING_KEY = Uint8Array.of(0x01, 0x69);

export function nameKey(kind: number, name: string): Buffer {
  const length = Buffer.byteLength(name);
  const key = Buffer.allocUnsafe(1 + length);
  key[0] = kind;
  key.write(name, 1);
  return key;
}

export function nameOfKey(key: Uint8Array): string {
  return bytesOf(key).toString('utf8', 1);
}

/** The same bytes as a Buffer; nearly always they are in one. */
function bytesOf(key: Uint8Array): Buffer {
  if (Buffer.isBuffer(key)) return key;
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength);
}

/** `version` may be one past the last to bound a range. */
export function versionKey(name: string, version: number): Buffer {
  const length = Buffer.byteLength(name);
  const key = Buffer.allocUnsafe(11 + length);
  key[0] = RecordKind.version;
  key.writeUInt16BE(length, 1);
  key.write(name, 3);
  writeCount(key, version, 3 + length);
  return key;
}

export function nameOfVersionKey(key: Uint8Array): string {
  return bytesOf(key).toString('utf8', 3, key.length - 8);
}

/** What a record is, for people. */
export function recordLabel(key: Uint8Array): string {
  switch (key[0]) {
    case RecordKind.version:
      return `version ${versionOfKey(key)} of ${nameOfVersionKey(key)}`;
    case RecordKind.head:
      return `the newest version of ${nameOfKey(key)}`;
    case RecordKind.tombstone:
      return `the tombstone of ${nameOfKey(key)}`;
    case RecordKind.request:
      return `the request at ${seqOfRequestKey(key)}`;
    default:
      return `the record ${Buffer.from(key).toString('hex').slice(0, 80)}`;
  }
}

export function versionOfKey(key: Uint8Array): number {
  return readCount(key, key.byteLength - 8);
}

export function requestKey(seq: number): Buffer {
  const key = Buffer.allocUnsafe(9);
  key[0] = RecordKind.request;
  writeCount(key, seq, 1);
  return key;
}

export function seqOfRequestKey(key: Uint8Array): number {
  return readCount(key, 1);
}

/** The seq makes it unique; the record's value says which version of which name it is about. */
export function supersededKey(bucket: string, atMs: number, seq: number): Buffer {
  const prefix = supersededPrefix(bucket);
  const key = Buffer.allocUnsafe(prefix.length + 16);
  key.set(prefix);
  writeCount(key, Math.max(0, Math.floor(atMs)), prefix.length);
  writeCount(key, seq, prefix.length + 8);
  return key;
}

/** What the keys of a bucket's superseded versions begin with. */
export function supersededPrefix(bucket: string): Buffer {
  const length = Buffer.byteLength(bucket);
  const prefix = Buffer.allocUnsafe(3 + length);
  prefix[0] = RecordKind.superseded;
  prefix.writeUInt16BE(length, 1);
  prefix.write(bucket, 3);
  return prefix;
}

export function bucketOfSupersededKey(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset + 3, key.byteLength - 19).toString();
}

/** The moment and the seq that the key of a superseded version ends with, whatever its kind. */
export function momentOfSupersededKey(key: Uint8Array): { atMs: number; seq: number } {
  return { atMs: readCount(key, key.byteLength - 16), seq: readCount(key, key.byteLength - 8) };
}

function writeCount(key: Buffer, value: number, at: number): void {
  key.writeUInt32BE(Math.floor(value / 0x1_0000_0000), at);
  key.writeUInt32BE(value % 0x1_0000_0000, at + 4);
}

function readCount(key: Uint8Array, at: number): number {
  const view = new DataView(key.buffer, key.byteOffset + at, 8);
  return view.getUint32(0) * 0x1_0000_0000 + view.getUint32(4);
}

/** The first key after every key that begins with this one. */
export function afterPrefix(prefix: Uint8Array): Buffer {
  const end = Buffer.from(prefix);
  const last = end.length - 1;
  // Neither UTF-8 nor the kinds have a byte 0xff, so the last byte can always grow.
  end[last] = (end[last] ?? 0) + 1;
  return end;
}

/** The bounds of a listing: names with the prefix that come after `after`. */
export function listBounds(
  kind: number,
  query: { readonly prefix: string; readonly after: string },
): { readonly start: Buffer; readonly end: Buffer } {
  const prefix = nameKey(kind, query.prefix);
  const next = Buffer.concat([nameKey(kind, query.after), Buffer.alloc(1)]);
  const end = afterPrefix(prefix);
  return { start: query.after !== '' && next.compare(prefix) > 0 ? next : prefix, end };
}
