import type { ByteRange } from '../../site/file-service.js';
import { readByteRange } from '../byte-range.js';
import { readEntityTags, tagsName } from './entity-tags.js';
import { readHttpDate } from './http-date.js';
import type { Validators } from './read-conditions.js';
import type { RequestHeaders } from './request-headers.js';
import { headerValue } from './request-headers.js';
import type { S3Failure } from './s3-error.js';
import { invalidArgument, s3Failure } from './s3-error.js';

export type ObjectRange =
  /** null: the whole object, with status 200. */
  { readonly ok: true; readonly range: ByteRange | null } | S3Failure;

const WHOLE: ObjectRange = { ok: true, range: null };

/**
 * What Range asks for of an object with `size` bytes. As in S3, more than one range and what is no
 * range give the whole; a range outside of the object is refused.
 */
export function readObjectRange(
  headers: RequestHeaders,
  size: number,
  current: Validators,
): ObjectRange {
  const value = headerValue(headers, 'range');
  if (value === undefined || !ifRangeHolds(headerValue(headers, 'if-range'), current)) return WHOLE;
  const read = readByteRange(value.trim(), size);
  switch (read.kind) {
    case 'range':
      return { ok: true, range: read.range };
    case 'malformed':
      return WHOLE;
    case 'unsatisfiable':
      return s3Failure('InvalidRange', undefined, {
        RangeRequested: value,
        ActualObjectSize: String(size),
      });
  }
}

function ifRangeHolds(value: string | undefined, { etag, modifiedMs }: Validators): boolean {
  if (value === undefined) return true;
  const date = readHttpDate(value);
  if (date !== null) return Math.floor(modifiedMs / 1000) * 1000 === date;
  return value.trim() !== '*' && tagsName(readEntityTags(value), etag, true);
}

export type CopyRange = { readonly ok: true; readonly range: ByteRange | null } | S3Failure;

/** What `x-amz-copy-source-range` asks for of a source: `bytes=first-last`, all of it there. */
export function readCopyRange(headers: RequestHeaders, size: number): CopyRange {
  const name = 'x-amz-copy-source-range';
  const value = headerValue(headers, name);
  if (value === undefined) return WHOLE;
  const [, first, last] = /^bytes=(\d{1,15})-(\d{1,15})$/.exec(value.trim()) ?? [];
  if (first === undefined || last === undefined || Number(last) < Number(first)) {
    return invalidArgument(
      'The x-amz-copy-source-range value must be of the form bytes=first-last where first and ' +
        'last are the zero-based offsets of the first and last bytes to copy',
      name,
      value,
    );
  }
  if (Number(last) >= size) {
    return invalidArgument(
      `Range specified is not valid for source object of size: ${size}`,
      name,
      value,
    );
  }
  return { ok: true, range: { start: Number(first), end: Number(last) + 1 } };
}
