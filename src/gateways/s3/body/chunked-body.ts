import type { RequestHeaders } from '../request-headers.js';
import { headerValue } from '../request-headers.js';
import type { S3Failure } from '../s3-error.js';
import { invalidArgument, s3Failure } from '../s3-error.js';
import type { PayloadRule } from '../signature/payload-rule.js';
import { readTrailerNames } from './announced-digests.js';
import type { ChunkedForm } from './aws-chunked-decoder.js';
import { AwsChunkedDecoder } from './aws-chunked-decoder.js';

/** What a body throws that turns out not to be what was announced. */
export class BodyRefused extends Error {
  override readonly name = 'BodyRefused';
  readonly failure: S3Failure;

  constructor(failure: S3Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/**
 * What an aws-chunked body holds, as it comes. Pieces are handed on before the signature of their
 * chunk has come; the end is told only after everything was found right. Throws BodyRefused where
 * it was not, and keeps the reason in `failure`. To be read once.
 */
export class ChunkedBody implements AsyncIterable<Uint8Array> {
  failure: S3Failure | null = null;
  readonly #source: AsyncIterable<Uint8Array>;
  readonly #decoder: AwsChunkedDecoder;

  constructor(source: AsyncIterable<Uint8Array>, form: ChunkedForm) {
    this.#source = source;
    this.#decoder = new AwsChunkedDecoder(form);
  }

  /** By lower-case name; whole only once the end was told. */
  get trailers(): ReadonlyMap<string, string> {
    return this.#decoder.trailers;
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    const pieces: Uint8Array[] = [];
    for await (const bytes of this.#source) {
      const failure = this.#decoder.take(bytes, (payload) => pieces.push(payload));
      yield* pieces;
      pieces.length = 0;
      if (failure) this.#refuse(failure);
    }
    const failure = this.#decoder.finish();
    if (failure) this.#refuse(failure);
  }

  #refuse(failure: S3Failure): never {
    this.failure = failure;
    throw new BodyRefused(failure);
  }
}

export type ReadChunkedForm = { readonly ok: true; readonly form: ChunkedForm } | S3Failure;

/** What a request says of its aws-chunked body. */
export function readChunkedForm(
  headers: RequestHeaders,
  payload: Extract<PayloadRule, { kind: 'chunked' }>,
): ReadChunkedForm {
  const length = headerValue(headers, 'x-amz-decoded-content-length');
  if (length === undefined) {
    return s3Failure(
      'MissingContentLength',
      'You must provide the x-amz-decoded-content-length HTTP header.',
    );
  }
  if (!/^\d{1,15}$/.test(length)) {
    return invalidArgument('Invalid length', 'x-amz-decoded-content-length', length);
  }
  const trailers = readTrailerNames(headers, payload);
  if (!trailers.ok) return trailers;
  return {
    ok: true,
    form: {
      signing: payload.signing,
      trailer: payload.trailer,
      trailerNames: trailers.names,
      decodedLength: Number(length),
    },
  };
}
