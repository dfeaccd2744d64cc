import type { OpenedFile } from '../../../site/file-service.js';
import type { BucketState } from '../../../site/object-service.js';
import type { FlatHeaders } from '../../http-exchange.js';
import {
  checksumOf,
  etagOf,
  modifiedMsOf,
  objectHeaders,
  partSizesOf,
  validatorsOf,
} from '../object-fields.js';
import { judgeReadConditions } from '../read-conditions.js';
import { headerValue } from '../request-headers.js';
import { readResponseOverrides } from '../response-overrides.js';
import type { S3Answer, S3Result } from '../s3-answer.js';
import { invalidArgument, type S3Failure, s3Failure } from '../s3-error.js';
import { openBucket, type S3Request } from '../s3-request.js';
import { readObjectRange } from '../object-range.js';
import { findObject } from './find-object.js';
import { versionHeaders } from './write-object.js';

interface Span {
  readonly start: number;
  readonly end: number;
}

type Wanted =
  | { readonly ok: true; readonly span: Span | null; readonly parts?: number }
  | S3Failure;

/** GET and HEAD of an object: all of it, a range, or a part. */
export async function getObject(request: S3Request): Promise<S3Result> {
  const bucket = await openBucket(request, 'read');
  if (!bucket.ok) return bucket;
  const { query, caller, headers, parameters } = request;
  const overrides = readResponseOverrides(parameters, caller.keyId === '');
  if (!overrides.ok) return overrides;
  const found = await findObject(request, bucket, query.get('versionId'));
  if (!found.ok) return found;
  const { file } = found;
  const judged = judgeReadConditions(headers, validatorsOf(file));
  if (judged === 'not_modified') return notModified(bucket, found);
  if (judged !== 'holds') return judged;
  const wanted = wantedSpan(request, found);
  if (!wanted.ok) return wanted;
  const told = [
    ...objectHeaders(file, overrides.headers),
    ...versionHeaders(bucket, file),
    ...freshnessHeaders(found),
  ];
  const isWhole = wanted.span === null;
  if (isWhole && headerValue(headers, 'x-amz-checksum-mode')?.toUpperCase() === 'ENABLED') {
    told.push(...storedChecksumHeaders(found));
  }
  if (wanted.parts !== undefined) told.push('x-amz-mp-parts-count', String(wanted.parts));
  return contentAnswer(found, wanted.span, told);
}

function contentAnswer(found: OpenedFile, span: Span | null, headers: FlatHeaders): S3Answer {
  const size = found.file.content?.size ?? 0;
  if (span === null) {
    const content = { length: size, bytes: () => found.body() };
    return { ok: true, status: 200, headers, content };
  }
  headers.push('Content-Range', `bytes ${span.start}-${span.end - 1}/${size}`);
  const content = { length: span.end - span.start, bytes: () => found.body(span) };
  return { ok: true, status: 206, headers, content };
}

function notModified(bucket: BucketState, { file }: OpenedFile): S3Answer {
  const headers = [
    'ETag',
    `"${etagOf(file)}"`,
    'Last-Modified',
    new Date(modifiedMsOf(file)).toUTCString(),
    ...versionHeaders(bucket, file),
  ];
  return { ok: true, status: 304, headers };
}

/** What of the object is asked for; null: all of it. */
function wantedSpan({ headers, query }: S3Request, { file }: OpenedFile): Wanted {
  const size = file.content?.size ?? 0;
  const partText = query.get('partNumber');
  if (partText === undefined) {
    const read = readObjectRange(headers, size, validatorsOf(file));
    return read.ok ? { ok: true, span: read.range } : read;
  }
  if (headers.range !== undefined) {
    return s3Failure('InvalidRequest', 'Cannot specify both Range header and partNumber query');
  }
  const partNumber = /^\d{1,5}$/.test(partText) ? Number(partText) : 0;
  if (partNumber < 1 || partNumber > 10_000) {
    const message = 'Part number must be an integer between 1 and 10000, inclusive';
    return invalidArgument(message, 'partNumber', partText);
  }
  const sizes = partSizesOf(file);
  const own = (sizes ?? [size])[partNumber - 1];
  if (own === undefined) return s3Failure('InvalidPartNumber');
  const start = (sizes ?? []).slice(0, partNumber - 1).reduce((sum, each) => sum + each, 0);
  const span = own === 0 ? null : { start, end: start + own };
  return { ok: true, span, ...(sizes !== null && { parts: sizes.length }) };
}

function storedChecksumHeaders({ file }: OpenedFile): FlatHeaders {
  const checksum = checksumOf(file);
  if (checksum === null) return [];
  const { algorithm, type, value } = checksum;
  return [`x-amz-checksum-${algorithm}`, value, 'x-amz-checksum-type', type];
}

/** How the store knew that the answer is fresh, as in its own API. */
function freshnessHeaders({ file, served }: OpenedFile): FlatHeaders {
  return ['Quorate-Version', String(file.version), 'Quorate-Freshness', served.freshness];
}
