import type { ChunkedContent, Content, InlineContent } from '../protocol/file-version.js';
import type { ChunkRead } from '../storage/chunks/chunk-store.js';
import { ContentUnreadable } from '../protocol/lost-content.js';
import type { ChunkFetcher } from './chunk-fetcher.js';
import { type Mend, noGoodCopy } from './lost-content.js';
import { type ByteRange, ContentLost } from './file-service.js';

/**
 * Chunks are read ahead of the one that is being delivered, so that the disk is never idle: these at
 * least, and more up to so many bytes.
 */
const READ_AHEAD_LEAST = 2;
export const READ_AHEAD_BYTES = 8 * 1024 * 1024;

interface Piece {
  readonly hash: string;
  readonly size: number;
  readonly start: number;
  readonly end: number;
}

/** The bytes of the content or of a range within it, each chunk verified, in order. */
export async function* readContent(
  content: Content,
  range: ByteRange,
  fetcher: ChunkFetcher,
  mend: Mend,
  repaired: () => void,
): AsyncGenerator<Uint8Array> {
  const end = Math.min(range.end, content.size);
  const start = Math.max(0, range.start);
  if (start >= end) return;
  if (content.kind === 'inline') {
    yield (await inlineBytes(content, mend)).subarray(start, end);
    return;
  }
  const pieces = piecesOf(content, start, end);
  const ahead: Promise<Uint8Array | string>[] = [];
  let aheadBytes = 0;
  for (let index = 0; index < pieces.length; index += 1) {
    while (ahead.length <= READ_AHEAD_LEAST || aheadBytes < READ_AHEAD_BYTES) {
      const piece = pieces[index + ahead.length];
      if (piece === undefined) break;
      aheadBytes += piece.size;
      ahead.push(readPiece(piece, fetcher, repaired));
    }
    const bytes = await ahead.shift();
    aheadBytes -= pieces[index]?.size ?? 0;
    if (typeof bytes === 'string') throw new ContentLost(bytes);
    if (bytes !== undefined) yield bytes;
  }
}

/** The content with its bytes in memory if it is small. */
export async function wholeContent(content: Content, mend: Mend): Promise<Content> {
  if (content.kind === 'chunked') return content;
  const { kind, size, etag } = content;
  return { kind, size, etag, bytes: await inlineBytes(content, mend) };
}

async function inlineBytes(content: InlineContent, mend: Mend): Promise<Uint8Array> {
  try {
    return content.bytes;
  } catch (error) {
    if (!(error instanceof ContentUnreadable)) throw error;
    const mended = await mend(error.file);
    if (typeof mended === 'string') throw new ContentLost(noGoodCopy(error.message));
    return mended;
  }
}

/** The part of each chunk that lies within the range; chunks outside it are not read. */
function piecesOf(content: ChunkedContent, start: number, end: number): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (const { hash, size } of content.chunks) {
    if (at >= end) break;
    if (at + size > start) {
      pieces.push({ hash, size, start: Math.max(0, start - at), end: Math.min(size, end - at) });
    }
    at += size;
  }
  return pieces;
}

/** The bytes, or the reason why there are none. Never rejects: nobody may be waiting any more. */
async function readPiece(
  piece: Piece,
  fetcher: ChunkFetcher,
  repaired: () => void,
): Promise<Uint8Array | string> {
  let read: ChunkRead;
  try {
    const result = await fetcher.readRepaired(piece.hash);
    if (result.repaired) repaired();
    read = result.read;
  } catch (error) {
    return `chunk ${piece.hash}: ${String(error)}`;
  }
  if (!read.ok) return noGoodCopy(read.message);
  if (read.bytes.length !== piece.size) return `chunk ${piece.hash} is not of its size`;
  return read.bytes.subarray(piece.start, piece.end);
}
