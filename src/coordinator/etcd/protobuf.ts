/*
 * As much of protobuf as etcd's messages need: varints, and whatever has a length. Fields of other
 * kinds are skipped.
 */

/** What a message holds under each field's number, in the order it came. */
export interface Fields {
  readonly numbers: ReadonlyMap<number, readonly bigint[]>;
  readonly bytes: ReadonlyMap<number, readonly Uint8Array[]>;
}

/** `[field number, value]`; a string is sent as UTF-8. */
export type FieldToWrite = readonly [number, number | bigint | boolean | string | Uint8Array];

const VARINT = 0;
const FIXED_64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;
const VARINT_LIMIT_BYTES = 10;

/** A message of the fields in that order. */
export function writeMessage(...fields: readonly FieldToWrite[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [number, value] of fields) {
    if (typeof value === 'string' || value instanceof Uint8Array) {
      const bytes = typeof value === 'string' ? Buffer.from(value) : value;
      parts.push(
        varint(BigInt(number * 8 + LENGTH_DELIMITED)),
        varint(BigInt(bytes.length)),
        bytes,
      );
    } else {
      parts.push(varint(BigInt(number * 8 + VARINT)), varint(BigInt(value)));
    }
  }
  return Buffer.concat(parts);
}

function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

/** Null when the bytes are no message. */
export function readMessage(bytes: Uint8Array): Fields | null {
  const numbers = new Map<number, bigint[]>();
  const texts = new Map<number, Uint8Array[]>();
  let at = 0;
  const readVarint = (): bigint | null => {
    let value = 0n;
    for (let index = 0; index < VARINT_LIMIT_BYTES; index += 1) {
      const byte = bytes[at++];
      if (byte === undefined) return null;
      value |= BigInt(byte & 127) << BigInt(7 * index);
      if (byte < 128) return BigInt.asUintN(64, value);
    }
    return null;
  };
  while (at < bytes.length) {
    const key = readVarint();
    if (key === null || key > 0xffff_ffffn) return null;
    const number = Number(key >> 3n);
    const kind = Number(key & 7n);
    if (kind === VARINT) {
      const value = readVarint();
      if (value === null) return null;
      add(numbers, number, value);
      continue;
    }
    const length = kind === LENGTH_DELIMITED ? readVarint() : fixedLength(kind);
    if (length === null || length > BigInt(bytes.length - at)) return null;
    const end = at + Number(length);
    if (kind === LENGTH_DELIMITED) add(texts, number, bytes.subarray(at, end));
    at = end;
  }
  return { numbers, bytes: texts };
}

function fixedLength(kind: number): bigint | null {
  return kind === FIXED_64 ? 8n : kind === FIXED_32 ? 4n : null;
}

function add<T>(map: Map<number, T[]>, number: number, value: T): void {
  const values = map.get(number);
  if (values === undefined) map.set(number, [value]);
  else values.push(value);
}

/** The last value of a number; 0 where there is none, as protobuf has it. */
export function numberAt({ numbers }: Fields, number: number): bigint {
  return numbers.get(number)?.at(-1) ?? 0n;
}

/** The last value of bytes; empty where there is none. */
export function bytesAt({ bytes }: Fields, number: number): Uint8Array {
  return bytes.get(number)?.at(-1) ?? new Uint8Array();
}

/** All messages under a number; null when one of them is none. */
export function messagesAt({ bytes }: Fields, number: number): Fields[] | null {
  const messages = (bytes.get(number) ?? []).map(readMessage);
  return messages.every((message) => message !== null) ? messages : null;
}
