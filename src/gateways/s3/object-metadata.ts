import {
  CONTENT_HEADER_KEYS,
  CONTENT_TYPE_KEY,
  DEFAULT_CONTENT_TYPE,
  USER_METADATA_PREFIX,
} from '../file-metadata.js';
import { storedContentEncoding } from './body/announced-digests.js';
import type { RequestHeaders } from './request-headers.js';
import { headerValue } from './request-headers.js';
import type { S3Failure } from './s3-error.js';
import { invalidArgument, s3Failure } from './s3-error.js';

const META_HEADER = 'x-amz-meta-';
/** Names, without `x-amz-meta-`, and values of one object together, in UTF-8 bytes. */
const USER_METADATA_LIMIT_BYTES = 2048;
/** Values of the headers that describe content, together. */
const CONTENT_HEADERS_LIMIT_BYTES = 4096;
const DEFAULT_S3_CONTENT_TYPE = 'binary/octet-stream';

export type ObjectMetadata =
  | {
      readonly ok: true;
      /** By the keys of file-metadata.ts. */
      readonly metadata: Readonly<Record<string, string>>;
    }
  | S3Failure;

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * What an object keeps of the headers it is written with: those that describe its content, and
 * `x-amz-meta-…`, whose names are lower case. Values are read as UTF-8, or else as Latin-1.
 */
export function readObjectMetadata(headers: RequestHeaders): ObjectMetadata {
  const metadata: Record<string, string> = {};
  let described = 0;
  for (const name of CONTENT_HEADER_KEYS) {
    const sent = headerValue(headers, name);
    const value = name === 'content-encoding' ? storedContentEncoding(sent) : sent;
    if (value === undefined || value === '') continue;
    described += value.length;
    if (described > CONTENT_HEADERS_LIMIT_BYTES) return s3Failure('MetadataTooLarge');
    metadata[name] = decodeBytes(value);
  }
  metadata[CONTENT_TYPE_KEY] ??= DEFAULT_S3_CONTENT_TYPE;
  let size = 0;
  for (const header in headers) {
    if (!header.startsWith(META_HEADER)) continue;
    const name = header.slice(META_HEADER.length);
    const value = decodeBytes(headerValue(headers, header)!);
    if (name === '') return invalidArgument('Metadata needs a name.', header, value);
    size += name.length + Buffer.byteLength(value);
    metadata[`${USER_METADATA_PREFIX}${name}`] = value;
  }
  if (size > USER_METADATA_LIMIT_BYTES) {
    return s3Failure('MetadataTooLarge', undefined, {
      Size: String(size),
      MaxSizeAllowed: String(USER_METADATA_LIMIT_BYTES),
    });
  }
  return { ok: true, metadata };
}

/** Node gives each byte of a header as a character. */
function decodeBytes(latin1: string): string {
  if (/^[\x00-\x7f]*$/.test(latin1)) return latin1;
  try {
    return strictUtf8.decode(Buffer.from(latin1, 'latin1'));
  } catch {
    return latin1;
  }
}

const SENDABLE = /^[\x20-\x7e\t]*$/;
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const ENCODED_WORD_BYTES = 45;

/**
 * The headers of an answer that shows an object's metadata, names and values in turns. Values that
 * are not ASCII are encoded by RFC 2047, as S3 does. Names that no header can have, which other
 * interfaces may have given, are counted in `x-amz-missing-meta`.
 */
export function metadataHeaders(metadata: Readonly<Record<string, string>>): string[] {
  const headers: string[] = [];
  for (const name of CONTENT_HEADER_KEYS) {
    const value = metadata[name];
    const shown = name === CONTENT_TYPE_KEY ? (value ?? DEFAULT_CONTENT_TYPE) : value;
    if (shown === undefined) continue;
    const title = name.replace(/\b[a-z]/g, (letter) => letter.toUpperCase());
    headers.push(title, SENDABLE.test(shown) ? shown : encodeWords(shown));
  }
  let missing = 0;
  for (const key in metadata) {
    if (!key.startsWith(USER_METADATA_PREFIX)) continue;
    const name = key.slice(USER_METADATA_PREFIX.length);
    const value = metadata[key]!;
    if (!HEADER_NAME.test(name)) missing += 1;
    else headers.push(META_HEADER + name, SENDABLE.test(value) ? value : encodeWords(value));
  }
  if (missing > 0) headers.push('x-amz-missing-meta', String(missing));
  return headers;
}

/** RFC 2047: words of at most 75 characters, none of which cuts a character in two. */
function encodeWords(text: string): string {
  const words: string[] = [];
  let word = '';
  let bytes = 0;
  const flush = (): void => {
    words.push(`=?UTF-8?B?${Buffer.from(word).toString('base64')}?=`);
    word = '';
    bytes = 0;
  };
  for (const character of text) {
    const length = Buffer.byteLength(character);
    if (bytes + length > ENCODED_WORD_BYTES) flush();
    word += character;
    bytes += length;
  }
  flush();
  return words.join(' ');
}
