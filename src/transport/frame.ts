import { Packr, RESERVE_START_SPACE, Unpackr } from 'msgpackr';

/*
 * A frame is: payload length (4 bytes, big endian), type (1 byte), payload. Payloads are MessagePack,
 * except the JSON of the three frames of the handshake, which are read before the other end is known.
 */
export const FRAME_TYPES = {
  hello: 1,
  welcome: 2,
  refuse: 3,
  message: 4,
  request: 5,
  response: 6,
  cancel: 7,
  ping: 8,
  pong: 9,
} as const;
export type FrameType = (typeof FRAME_TYPES)[keyof typeof FRAME_TYPES];

/** Set beside the type when large byte arrays follow the MessagePack part as they are. */
const LIFTED = 0x80;
/** Byte arrays from this size on are not copied into the MessagePack part of a bulk frame. */
const LIFT_FROM_BYTES = 4096;
const LIFT_DEPTH = 4;
const LIFT_COUNT_LIMIT = 1024;
export const HEADER_BYTES = 5;

const packer = new Packr({ useRecords: false });
const copyingUnpacker = new Unpackr({ useRecords: false, copyBuffers: true });
const unpacker = new Unpackr({ useRecords: false });

type Slot = { readonly path: (string | number)[]; readonly size: number };

function writeHeader(header: Uint8Array, payloadBytes: number, type: number): void {
  header[0] = payloadBytes >>> 24;
  header[1] = payloadBytes >>> 16;
  header[2] = payloadBytes >>> 8;
  header[3] = payloadBytes;
  header[4] = type;
}

export function encodeJsonFrame(type: FrameType, value: unknown): Buffer {
  const payload = Buffer.from(JSON.stringify(value));
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  writeHeader(header, payload.length, type);
  return Buffer.concat([header, payload]);
}

/** A frame with everything copied into one buffer: for small values. */
export function encodeFrame(type: FrameType, value: unknown): Buffer {
  const frame = packer.pack(value, RESERVE_START_SPACE + HEADER_BYTES);
  writeHeader(frame, frame.length - HEADER_BYTES, type);
  return frame;
}

/** A frame as segments to be written one after another; large byte arrays are not copied. */
export function encodeBulkFrame(type: FrameType, value: unknown): Uint8Array[] {
  const slots: Slot[] = [];
  const lifted: Uint8Array[] = [];
  const skeleton = lift(value, [], slots, lifted);
  if (lifted.length === 0) return [encodeFrame(type, value)];
  const packed = packer.pack(
    [skeleton, slots.map((slot) => [slot.path, slot.size])],
    RESERVE_START_SPACE + HEADER_BYTES + 4,
  );
  const packedBytes = packed.length - HEADER_BYTES - 4;
  const liftedBytes = lifted.reduce((sum, bytes) => sum + bytes.length, 0);
  writeHeader(packed, 4 + packedBytes + liftedBytes, type | LIFTED);
  packed.writeUInt32BE(packedBytes, HEADER_BYTES);
  return [packed, ...lifted];
}

function lift(
  value: unknown,
  path: (string | number)[],
  slots: Slot[],
  lifted: Uint8Array[],
): unknown {
  if (value instanceof Uint8Array) {
    if (value.length < LIFT_FROM_BYTES || slots.length >= LIFT_COUNT_LIMIT) return value;
    slots.push({ path, size: value.length });
    lifted.push(value);
    return null;
  }
  if (typeof value !== 'object' || value === null || path.length >= LIFT_DEPTH) return value;
  if (Array.isArray(value)) {
    return value.map((item: unknown, index) => lift(item, [...path, index], slots, lifted));
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, lift(item, [...path, key], slots, lifted)]),
  );
}

export type DecodedFrame =
  | { readonly ok: true; readonly type: number; readonly value: unknown }
  | { readonly ok: false; readonly message: string };

/**
 * Decodes a payload. Byte arrays are views into the frame where it is most of the memory that it
 * lies in. Out of other frames they are copied, so that a few bytes that are kept do not hold on to
 * the whole read they came in.
 */
export function decodeFrame(typeByte: number, payload: Buffer): DecodedFrame {
  try {
    if ((typeByte & LIFTED) === 0) {
      const isMost = 2 * payload.length >= payload.buffer.byteLength;
      const value: unknown = (isMost ? unpacker : copyingUnpacker).unpack(payload);
      return { ok: true, type: typeByte, value };
    }
    return { ok: true, type: typeByte & ~LIFTED, value: decodeLifted(payload) };
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) };
  }
}

function decodeLifted(payload: Buffer): unknown {
  const packedBytes = payload.readUInt32BE(0);
  let offset = 4 + packedBytes;
  if (offset > payload.length) throw new RangeError('lifted frame is too short');
  const parts: unknown = unpacker.unpack(payload.subarray(4, offset));
  if (!Array.isArray(parts) || !Array.isArray(parts[1])) throw new TypeError('not a lifted frame');
  const holder: Record<string | number, unknown> = { value: parts[0] };
  for (const slot of parts[1] as unknown[]) {
    const [path, size] = readSlot(slot);
    if (offset + size > payload.length) throw new RangeError('lifted bytes are cut short');
    place(holder, ['value', ...path], payload.subarray(offset, offset + size));
    offset += size;
  }
  if (offset !== payload.length) throw new RangeError('bytes left over after a lifted frame');
  return holder['value'];
}

function readSlot(slot: unknown): [(string | number)[], number] {
  if (!Array.isArray(slot)) throw new TypeError('slot is not a pair');
  const [path, size] = slot as unknown[];
  if (!Array.isArray(path) || !Number.isSafeInteger(size) || (size as number) < 0) {
    throw new TypeError('slot is malformed');
  }
  return [path as (string | number)[], size as number];
}

function place(holder: Record<string | number, unknown>, path: unknown[], bytes: Buffer): void {
  let target = holder;
  for (const key of path.slice(0, -1)) target = own(target, key) as typeof target;
  const last = path[path.length - 1];
  if (own(target, last) !== null) throw new TypeError('slot is taken');
  target[last as string | number] = bytes;
}

function own(target: unknown, key: unknown): unknown {
  const named = typeof key === 'string' || typeof key === 'number';
  if (!named || typeof target !== 'object' || target === null || !Object.hasOwn(target, key)) {
    throw new TypeError('slot leads nowhere');
  }
  return (target as Record<string | number, unknown>)[key];
}
