import { crc32c } from '@node-rs/crc32';
import type {
  ChunkedContent,
  ChunkRef,
  Content,
  FileVersion,
  InlineContent,
} from '../../protocol/file-version.js';
import { ContentUnreadable, type LostContent } from '../../protocol/lost-content.js';
import type { Position } from '../../protocol/log-entry.js';
import type { OwnershipRecord, RequestRecord } from '../../protocol/ports.js';
import type { Room } from '../byte-arena.js';
import { type ContentPlace, isContentPlace } from '../content-place.js';
import {
  isCount,
  isText,
  packBriefly,
  packContent,
  packMetadata,
  packPattern,
  unpack,
  unpackContent,
  unpackMetadata,
  unpackPattern,
} from '../entry-codec.js';
import { seqOfRequestKey } from './record-keys.js';

/*
 * Values of the view: crc32c u32 | msgpack. The checksum covers the key too, so that a record at the
 * wrong place is damage. Encoding is a function of the log alone: equal logs give equal bytes.
 */

/**
 * A record of the view failed its checksum, or content that a listing named was dropped before it
 * was asked for. The view is to be rebuilt in the first case and the read repeated in the second.
 */
export class ViewRecordUnreadable extends Error {
  override readonly name = 'ViewRecordUnreadable';
}

const CHECKSUM_BYTES = 4;

export function seal(key: Uint8Array, value: unknown, room: Room = Buffer.allocUnsafe): Buffer {
  const packed = packBriefly(value);
  const sealed = room(CHECKSUM_BYTES + packed.length);
  sealed.set(packed, CHECKSUM_BYTES);
  sealed.writeUInt32LE(crc32c(sealed.subarray(CHECKSUM_BYTES), crc32c(key)), 0);
  return sealed;
}

export function isIntact(key: Uint8Array, sealed: Uint8Array): boolean {
  return intactBody(key, sealed) !== null;
}

export function unseal(key: Uint8Array, sealed: Uint8Array): unknown {
  const body = intactBody(key, sealed);
  if (body === null) throw new ViewRecordUnreadable('a record of the view is damaged');
  return unpack(body);
}

function intactBody(key: Uint8Array, sealed: Uint8Array): Uint8Array | null {
  if (sealed.length < CHECKSUM_BYTES) return null;
  const told = sealed[0]! | (sealed[1]! << 8) | (sealed[2]! << 16) | (sealed[3]! << 24);
  const body = sealed.subarray(CHECKSUM_BYTES);
  return crc32c(body, crc32c(key)) === told >>> 0 ? body : null;
}

export function unreadable(what: string): never {
  throw new ViewRecordUnreadable(`${what} in the view is not what it should be`);
}

/** With the bytes or chunks of the content, or with the place where the log has the bytes. */
export function versionValue(file: FileVersion, place?: ContentPlace): readonly unknown[] {
  const { content } = file;
  if (content === null) return [...headValue(file), null];
  const body = place ? [place.segment, place.offset, place.bytes] : packContent(content)[3];
  return [...headValue(file), body];
}

/** Where the content of a version's record is, if the record only names the place. */
export function placeIn(value: unknown): ContentPlace | undefined {
  const fields: readonly unknown[] = Array.isArray(value) ? value : [];
  const body = fields[BODY];
  if (fields[5] !== 'inline' || !isContentPlace(body)) return undefined;
  const [segment, offset, bytes] = body;
  return { segment, offset, bytes };
}

/** All of a version but its bytes or list of chunks. */
export function headValue(file: FileVersion): readonly unknown[] {
  const { content } = file;
  return [
    file.version,
    file.epoch,
    file.seq,
    file.modifiedMs,
    packMetadata(file.metadata),
    content?.kind ?? null,
    content?.size ?? 0,
    content?.etag ?? '',
  ];
}

/** Where content is read that a record does not hold itself. */
export interface ContentSource {
  /** For the record of a head, which has no body. */
  version(name: string, version: number): FileVersion | undefined;
  /** For the record of a version that names a place; undefined where it cannot be read there. */
  placed(place: ContentPlace, at: Position): Uint8Array | undefined;
  /** It is nowhere else either. */
  lost(content: LostContent): void;
}

/** Fields of a head; those of a version have the body of its content behind them. */
const BODY = 8;

/** A whole version; what is not in the value is read from `source` when it is used. */
export function fileVersionFrom(name: string, value: unknown, source?: ContentSource): FileVersion {
  if (!Array.isArray(value)) return unreadable('a version');
  // By index: a page of a listing makes a thousand of these.
  const fields: readonly unknown[] = value;
  const version = fields[0];
  const epoch = fields[1];
  const seq = fields[2];
  const modifiedMs = fields[3];
  const metadata = unpackMetadata(fields[4]);
  if (!isCount(version) || !isCount(epoch) || !isCount(seq) || !metadata) unreadable('a version');
  if (typeof modifiedMs !== 'number') unreadable('a version');
  const content = contentFrom({ name, version, epoch, seq }, fields, source);
  const deleted = content === null;
  return { name, version, epoch, seq, deleted, content, metadata, modifiedMs };
}

interface NamedVersion extends Position {
  readonly name: string;
  readonly version: number;
}

function contentFrom(
  file: NamedVersion,
  fields: readonly unknown[],
  source: ContentSource | undefined,
): Content | null {
  const kind = fields[5];
  const size = fields[6];
  const etag = fields[7];
  if (kind === null) return null;
  const place = source && placeIn(fields);
  if (!source || (fields.length > BODY && !place)) {
    return unpackContent([kind, size, etag, fields[BODY]]) ?? unreadable('content');
  }
  if (!isCount(size) || !isText(etag)) return unreadable('content');
  if (place) return new PlacedInline(size, etag, file, place, source);
  if (kind === 'inline') return new UnreadInline(size, etag, file, source);
  if (kind === 'chunked') return new UnreadChunked(size, etag, file, source);
  return unreadable('content');
}

/**
 * Content whose body is read when it is first used, which throws when it was dropped meanwhile. A
 * getter of the class costs a listing less than one of each object; `toJSON` has it packed whole.
 */
abstract class Unread {
  readonly #file: NamedVersion;
  readonly #source: ContentSource;
  #known: Content | null = null;

  constructor(
    readonly size: number,
    readonly etag: string,
    file: NamedVersion,
    source: ContentSource,
  ) {
    this.#file = file;
    this.#source = source;
  }

  protected read(): Content {
    const { name, version } = this.#file;
    this.#known ??= this.#source.version(name, version)?.content ?? null;
    if (this.#known) return this.#known;
    throw new ViewRecordUnreadable('the version was dropped meanwhile');
  }
}

/** Without bytes where they cannot be read: whoever gets it has to ask again. */
function packedInline(content: InlineContent): InlineContent {
  const { kind, size, etag } = content;
  try {
    return { kind, size, etag, bytes: content.bytes };
  } catch (error) {
    if (error instanceof ContentUnreadable) return { kind, size, etag, bytes: new Uint8Array(0) };
    throw error;
  }
}

class UnreadInline extends Unread implements InlineContent {
  readonly kind = 'inline';

  get bytes(): Uint8Array {
    const content = this.read();
    return content.kind === 'inline' ? content.bytes : unreadable('content');
  }

  toJSON(): InlineContent {
    return packedInline(this);
  }
}

/** Inline content that is read where the log has it when it is first used. */
class PlacedInline implements InlineContent {
  readonly kind = 'inline';
  readonly #file: NamedVersion;
  readonly #place: ContentPlace;
  readonly #source: ContentSource;
  #known: Uint8Array | undefined;

  constructor(
    readonly size: number,
    readonly etag: string,
    file: NamedVersion,
    place: ContentPlace,
    source: ContentSource,
  ) {
    this.#file = file;
    this.#place = place;
    this.#source = source;
  }

  get bytes(): Uint8Array {
    this.#known ??= this.#source.placed(this.#place, this.#file) ?? this.moved();
    if (this.#known?.length === this.size) return this.#known;
    const { name, version } = this.#file;
    const lost = { name, version, etag: this.etag };
    this.#source.lost(lost);
    throw new ContentUnreadable(lost);
  }

  toJSON(): InlineContent {
    return packedInline(this);
  }

  /** From where it is now, if that is elsewhere. */
  private moved(): Uint8Array | undefined {
    const { name, version } = this.#file;
    const content = this.#source.version(name, version)?.content;
    if (content instanceof PlacedInline) {
      const { segment, offset } = content.#place;
      if (segment === this.#place.segment && offset === this.#place.offset) return undefined;
    }
    return content?.kind === 'inline' ? content.bytes : undefined;
  }
}

class UnreadChunked extends Unread implements ChunkedContent {
  readonly kind = 'chunked';

  get chunks(): readonly ChunkRef[] {
    const content = this.read();
    return content.kind === 'chunked' ? content.chunks : unreadable('content');
  }

  toJSON(): ChunkedContent {
    const { kind, size, etag, chunks } = this;
    return { kind, size, etag, chunks };
  }
}

export function requestValue(record: RequestRecord): readonly unknown[] {
  return [record.epoch, record.requestId, record.name, record.version];
}

export function requestFrom(key: Uint8Array, value: unknown): RequestRecord {
  if (!Array.isArray(value)) return unreadable('a request id');
  const [epoch, requestId, name, version] = value as unknown[];
  if (!isCount(epoch) || !isText(requestId) || !isText(name) || !isCount(version)) {
    return unreadable('a request id');
  }
  return { requestId, epoch, seq: seqOfRequestKey(key), name, version };
}

export function ownershipValue(record: OwnershipRecord): readonly unknown[] {
  return [packPattern(record.pattern), record.tableVersion, record.state, record.to];
}

export function ownershipFrom(value: unknown): OwnershipRecord {
  if (!Array.isArray(value)) return unreadable('a moved rule');
  const [packed, tableVersion, state, to] = value as unknown[];
  const pattern = unpackPattern(packed);
  if (!pattern || !isCount(tableVersion) || !isText(to)) return unreadable('a moved rule');
  if (state !== 'in' && state !== 'out' && state !== 'back') return unreadable('a moved rule');
  return { pattern, tableVersion, state, to };
}
