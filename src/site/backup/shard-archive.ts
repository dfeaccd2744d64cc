import type { ChunkedContent } from '../../protocol/file-version.js';
import type { Position } from '../../protocol/log-entry.js';
import { isCount, isFields, isPosition } from '../../protocol/message-fields.js';
import { pack, unpack } from '../../storage/entry-codec.js';
import { chunkedContentOf } from '../../storage/view/record-content.js';
import { type Mend, readMended } from '../lost-content.js';
import {
  decodeRawRecord,
  type DigestedRange,
  digestRecords,
  isLastRange,
  type KeyRange,
  type RawRecord,
  type ViewSnapshot,
} from '../../storage/view/view-snapshot.js';

/*
 * One shard's view as of one position, as bytes: magic, then frames of length u32 | msgpack. The
 * first frame is the header, then come the ranges in key order, the last one to the end of all keys.
 */

const MAGIC = Buffer.from('QUORBAK\n');
/** A range holds half a mebibyte and one record at most. */
const FRAME_LIMIT_BYTES = 64 * 1024 * 1024;
/** Version history: 1, the first. */
export const ARCHIVE_FORMAT = 1;

export interface ArchiveHeader {
  readonly format: typeof ARCHIVE_FORMAT;
  readonly shard: string;
  /** Everything up to here is in it, and nothing that came later. */
  readonly position: Position;
}

/** A run of records, intact and equal to the digest that came with them. */
export interface ArchivedRange extends KeyRange {
  readonly records: readonly Uint8Array[];
  /** What the records name that is kept in chunks. */
  readonly contents: readonly ChunkedContent[];
}

/** The bytes are no whole archive of this format; the message says where. */
export class ArchiveUnreadable extends Error {
  override readonly name = 'ArchiveUnreadable';
}

/** The archive of a snapshot, which is taken when the first bytes are asked for, and closed. */
export async function* archiveOf(
  shard: string,
  take: () => ViewSnapshot,
  mend: Mend,
): AsyncGenerator<Buffer> {
  const snapshot = take();
  try {
    const { epoch, seq } = snapshot.position;
    yield Buffer.concat([
      MAGIC,
      frame({ format: ARCHIVE_FORMAT, shard, position: { epoch, seq } }),
    ]);
    for (let after: Uint8Array | null = null; ; ) {
      const { range, records } = await readMended(() => nextRange(snapshot, after), mend);
      const { to, digest } = range;
      yield frame([range.after, to, digest, records]);
      if (isLastRange(range)) return;
      after = to;
      // A long archive is made in short turns.
      await new Promise((resolve) => setImmediate(resolve));
    }
  } finally {
    snapshot.close();
  }
}

function nextRange(
  snapshot: ViewSnapshot,
  after: Uint8Array | null,
): { readonly range: DigestedRange; readonly records: readonly Uint8Array[] } {
  const [range] = snapshot.digests(after, 1);
  if (range === undefined) throw new Error('a snapshot without an end');
  return { range, records: snapshot.records(range) };
}

function frame(value: unknown): Buffer {
  const body = pack(value);
  const head = Buffer.allocUnsafe(4);
  head.writeUInt32LE(body.length);
  return Buffer.concat([head, body]);
}

export interface ArchiveReading {
  readonly header: ArchiveHeader;
  /** Throws ArchiveUnreadable for what is damaged, cut off or followed by anything. */
  readonly ranges: AsyncIterable<ArchivedRange>;
}

/** Rejects with ArchiveUnreadable. */
export async function readArchive(
  bytes: AsyncIterable<Uint8Array>,
  shard: string,
): Promise<ArchiveReading> {
  const pieces = new Pieces(bytes);
  const magic = await pieces.take(MAGIC.length);
  if (magic === null || !MAGIC.equals(magic)) throw unreadable(shard, 'it is no archive');
  const header = headerFrom(await nextFrame(pieces, shard), shard);
  return { header, ranges: rangesOf(pieces, shard) };
}

function headerFrom(value: unknown, shard: string): ArchiveHeader {
  if (!isFields(value) || !isCount(value.format)) throw unreadable(shard, 'it has no header');
  if (value.format !== ARCHIVE_FORMAT) {
    const known = `this program knows ${ARCHIVE_FORMAT}`;
    throw unreadable(shard, `it has format ${value.format}, ${known}`);
  }
  if (value.shard !== shard) throw unreadable(shard, `it is that of ${String(value.shard)}`);
  const { position } = value;
  if (!isPosition(position)) throw unreadable(shard, 'it has no position');
  return { format: ARCHIVE_FORMAT, shard, position: position as Position };
}

async function* rangesOf(pieces: Pieces, shard: string): AsyncGenerator<ArchivedRange> {
  for (let end: Uint8Array | null = null; ; ) {
    const range = rangeFrom(await nextFrame(pieces, shard), shard);
    const follows = end === null || Buffer.compare(range.after, end) === 0;
    if (!follows || Buffer.compare(range.after, range.to) >= 0) {
      throw unreadable(shard, 'a part of it is missing');
    }
    yield range;
    if (isLastRange(range)) break;
    end = range.to;
  }
  if ((await pieces.take(1)) !== null) throw unreadable(shard, 'something follows its end');
}

function rangeFrom(value: unknown, shard: string): ArchivedRange {
  if (!Array.isArray(value)) throw unreadable(shard, 'a part of it is damaged');
  const [after, to, digest, records] = value as unknown[];
  const isRange =
    after instanceof Uint8Array && to instanceof Uint8Array && digest instanceof Uint8Array;
  if (!isRange || !Array.isArray(records)) throw unreadable(shard, 'a part of it is damaged');
  const range = { after, to };
  const decoded: RawRecord[] = [];
  const contents: ChunkedContent[] = [];
  for (const bytes of records as unknown[]) {
    const record = bytes instanceof Uint8Array ? decodeRawRecord(bytes, range) : undefined;
    if (record === undefined) throw unreadable(shard, 'a record of it is damaged');
    decoded.push(record);
    const content = chunkedContentOf(record);
    if (content !== null) contents.push(content);
  }
  if (Buffer.compare(digestRecords(decoded), digest) !== 0) {
    throw unreadable(shard, 'a part of it does not match its digest');
  }
  return { ...range, records: records as Uint8Array[], contents };
}

async function nextFrame(pieces: Pieces, shard: string): Promise<unknown> {
  const head = await pieces.take(4);
  if (head === null) throw unreadable(shard, 'it ends too early');
  const length = head.readUInt32LE();
  if (length > FRAME_LIMIT_BYTES) throw unreadable(shard, 'a part of it is damaged');
  const body = await pieces.take(length);
  if (body === null) throw unreadable(shard, 'it ends too early');
  return unpack(body);
}

function unreadable(shard: string, why: string): ArchiveUnreadable {
  return new ArchiveUnreadable(`the archive of ${shard} cannot be used: ${why}`);
}

/** Takes so many bytes at a time from pieces of any length. */
class Pieces {
  private readonly iterator: AsyncIterator<Uint8Array>;
  private held: Buffer[] = [];
  private bytes = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.iterator = source[Symbol.asyncIterator]();
  }

  /** Null when fewer bytes are left. */
  async take(count: number): Promise<Buffer | null> {
    while (this.bytes < count) {
      const next = await this.iterator.next();
      if (next.done === true) return null;
      const { buffer, byteOffset, byteLength } = next.value;
      this.held.push(Buffer.from(buffer, byteOffset, byteLength));
      this.bytes += byteLength;
    }
    const all =
      this.held.length === 1 ? (this.held[0] ?? Buffer.alloc(0)) : Buffer.concat(this.held);
    this.held = [all.subarray(count)];
    this.bytes -= count;
    return all.subarray(0, count);
  }
}
