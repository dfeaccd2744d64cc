import { ContentDigests } from '../../../site/content-digests.js';
import { collectBody, sendContinue } from '../../http-body.js';
import { compareDigests, readAnnouncedDigests } from '../body/announced-digests.js';
import { ChunkedBody, readChunkedForm } from '../body/chunked-body.js';
import { type S3Failure, s3Failure } from '../s3-error.js';
import type { S3Request } from '../s3-request.js';

/**
 * The body of a request that is a document, and is what it was announced to be. `checksumsOf` as in
 * readAnnouncedDigests.
 */
export async function receiveDocument(
  request: S3Request,
  limitBytes: number,
  checksumsOf: 'body' | 'object' = 'body',
): Promise<Uint8Array | S3Failure> {
  const { payload } = request;
  const headers = request.headers;
  const announced = readAnnouncedDigests(headers, payload, checksumsOf);
  if (!announced.ok) return announced;
  sendContinue(request);
  const raw = await collectBody(request.request, limitBytes);
  if (raw === null) return s3Failure('MaxMessageLengthExceeded');
  const digests = new ContentDigests(announced.wanted);
  if (payload.kind !== 'chunked') {
    digests.update(raw);
    return compareDigests(announced, digests.results()) ?? raw;
  }
  const form = readChunkedForm(headers, payload);
  if (!form.ok) return form;
  const chunked = new ChunkedBody(once(raw), form.form);
  const pieces: Uint8Array[] = [];
  try {
    for await (const piece of chunked) pieces.push(piece);
  } catch (error) {
    if (chunked.failure !== null) return chunked.failure;
    throw error;
  }
  const body = Buffer.concat(pieces);
  digests.update(body);
  return compareDigests(announced, digests.results(), chunked.trailers) ?? body;
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
