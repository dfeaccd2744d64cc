import { crc32c } from '@node-rs/crc32';
import type { ChunkRef, Content, FileVersion } from '../../protocol/file-version.js';
import type { OwnershipRecord, RequestRecord } from '../../protocol/ports.js';
import type { Room } from '../byte-arena.js';
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
  if (sealed.length < 4) return false;
  const told = sealed[0]! | (sealed[1]! << 8) | (sealed[2]! << 16) | (sealed[3]! << 24);
  return crc32c(sealed.subarray(CHECKSUM_BYTES), crc32c(key)) === told >>> 0;
}

export function unseal(key: Uint8Array, sealed: Uint8Array): unknown {
  if (!isIntact(key, sealed)) throw new ViewRecordUnreadable('a record of the view is damaged');
  return unpack(sealed.subarray(4));
}

export function unreadable(what: string): never {
  throw new ViewRecordUnreadable(`${what} in the view is not what it should be`);
}

export function versionValue(file: FileVersion): readonly unknown[] {
  return [...headValue(file), file.content ? packContent(file.content)[3] : null];
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

/** A whole version; `body` (bytes or chunks) is asked for when the value does not hold it. */
export function fileVersionFrom(
  name: string,
  value: unknown,
  body?: () => FileVersion | undefined,
): FileVersion {
  if (!Array.isArray(value)) return unreadable('a version');
  const [version, epoch, seq, modifiedMs, packedMetadata, kind, size, etag, own] =
    value as unknown[];
  const metadata = unpackMetadata(packedMetadata);
  if (!isCount(version) || !isCount(epoch) || !isCount(seq) || !metadata) unreadable('a version');
  if (typeof modifiedMs !== 'number') unreadable('a version');
  const content =
    kind === null
      ? null
      : body
        ? lazyContent(kind, size, etag, body)
        : (unpackContent([kind, size, etag, own]) ?? unreadable('content'));
  return {
    name,
    version,
    epoch,
    seq,
    deleted: content === null,
    content,
    metadata,
    modifiedMs,
  };
}

/** Content whose bytes or chunks are read when they are first used. */
function lazyContent(
  kind: unknown,
  size: unknown,
  etag: unknown,
  load: () => FileVersion | undefined,
): Content {
  if (!isCount(size) || !isText(etag)) return unreadable('content');
  let known: Content | null | undefined;
  const loaded = (): Content => {
    known ??= load()?.content;
    const content = known;
    if (!content) throw new ViewRecordUnreadable('the version was dropped meanwhile');
    return content;
  };
  if (kind === 'inline') {
    return {
      kind,
      size,
      etag,
      get bytes(): Uint8Array {
        const content = loaded();
        return content.kind === 'inline' ? content.bytes : unreadable('content');
      },
    };
  }
  if (kind !== 'chunked') return unreadable('content');
  return {
    kind,
    size,
    etag,
    get chunks(): readonly ChunkRef[] {
      const content = loaded();
      return content.kind === 'chunked' ? content.chunks : unreadable('content');
    },
  };
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
