import type { StoredContent } from '../../../site/object-service.js';
import { requestBody } from '../../http-body.js';
import {
  type AnnouncedDigests,
  compareDigests,
  readAnnouncedDigests,
} from '../body/announced-digests.js';
import { ChunkedBody, readChunkedForm } from '../body/chunked-body.js';
import { type ChecksumName, type DigestName, digestToBase64 } from '../body/digests.js';
import { type S3Failure, s3Failure } from '../s3-error.js';
import type { S3Request } from '../s3-request.js';

type Content = Extract<StoredContent, { ok: true }>['content'];

/** A body that was received, stored and found to be what it was announced to be. */
export interface ReceivedBody {
  readonly ok: true;
  readonly content: Content;
  readonly md5: string;
  /** The additional checksum, where the request has one or `checksum` was asked for. */
  readonly checksum: { readonly name: ChecksumName; readonly hex: string } | null;
}

/** The longest body of one request, as in S3. */
export const BODY_LIMIT_BYTES = 5 * 1024 * 1024 * 1024;

/**
 * Receives the body of an object or of a part. `checksum` is computed in any case; a body announced
 * with another one is refused, as parts of one upload agree.
 */
export async function receiveBody(
  request: S3Request,
  checksum: ChecksumName | null = null,
): Promise<ReceivedBody | S3Failure> {
  const headers = request.headers;
  const announced = readAnnouncedDigests(headers, request.payload);
  if (!announced.ok) return announced;
  const { payload } = request;
  const length = request.request.headers['content-length'];
  if (payload.kind !== 'chunked' && length === undefined) return s3Failure('MissingContentLength');
  const size = length === undefined ? undefined : Number(length);
  if (payload.kind !== 'chunked') {
    return storeBody(request, requestBody(request, size), size, announced, checksum);
  }
  const form = readChunkedForm(headers, payload);
  if (!form.ok) return form;
  const body = new ChunkedBody(requestBody(request, size), form.form);
  const stored = await storeBody(request, body, form.form.decodedLength, announced, checksum, body);
  return body.failure ?? stored;
}

/** Stores a body and compares what it is with what it was announced to be. */
export async function storeBody(
  request: S3Request,
  body: AsyncIterable<Uint8Array>,
  size: number | undefined,
  announced: AnnouncedDigests,
  asked: ChecksumName | null,
  chunked?: ChunkedBody,
): Promise<ReceivedBody | S3Failure> {
  if ((size ?? 0) > BODY_LIMIT_BYTES) return s3Failure('EntityTooLarge');
  const name = announced.checksum?.name ?? asked;
  const wanted = new Set<DigestName>([
    'md5',
    ...announced.wanted,
    ...(name === null ? [] : [name]),
  ]);
  const stored = await request.service.store(body, {
    digests: [...wanted],
    ...(size !== undefined && { size, positionBytes: partIndex(request) * size }),
  });
  if (!stored.ok) return notStored(stored);
  const { content, digests } = stored;
  const mismatch = compareDigests(announced, digests, chunked?.trailers);
  if (mismatch !== null) return mismatch;
  const checksum = name === null ? null : { name, hex: digests[name] ?? '' };
  return { ok: true, content, md5: digests.md5 ?? '', checksum };
}

/** How many parts come before this one: 0 for what is no part. */
function partIndex({ query }: S3Request): number {
  const part = query.get('partNumber') ?? '';
  return /^[1-9]\d{0,4}$/.test(part) ? Number(part) - 1 : 0;
}

export function notStored({ reason, message }: Extract<StoredContent, { ok: false }>): S3Failure {
  switch (reason) {
    case 'body_incomplete':
      return s3Failure('IncompleteBody', message);
    case 'too_large':
      return s3Failure('EntityTooLarge', message);
    case 'overloaded':
      return s3Failure('SlowDown', message);
    case 'storage_failed':
    case 'quorum_unavailable':
    case 'site_stopping':
      return s3Failure('ServiceUnavailable', message);
  }
}

/** The additional checksum as a header of the answer. */
export function checksumHeaders({ checksum }: ReceivedBody): string[] {
  if (checksum === null) return [];
  return [
    `x-amz-checksum-${checksum.name}`,
    digestToBase64(checksum.hex),
    'x-amz-checksum-type',
    'FULL_OBJECT',
  ];
}
