import type { FlatHeaders } from '../http-exchange.js';
import type { S3Failure } from './s3-error.js';

/** What an operation answers when it did what was asked. */
export interface S3Answer {
  readonly ok: true;
  readonly status: number;
  readonly headers: FlatHeaders;
  /** A document; its type is among the headers. */
  readonly body?: string;
  /** An object's bytes instead of a document. */
  readonly content?: { readonly length: number; bytes(): AsyncIterable<Uint8Array> };
}

export interface RefusedAnswer extends S3Failure {
  /** Beside what every error has. */
  readonly headers?: FlatHeaders;
}

export type S3Result = S3Answer | RefusedAnswer;

export function xmlAnswer(body: string, headers: FlatHeaders = []): S3Answer {
  return {
    ok: true,
    status: 200,
    headers: ['Content-Type', 'application/xml', ...headers],
    body,
  };
}

export function emptyAnswer(status: 200 | 204, headers: FlatHeaders = []): S3Answer {
  return { ok: true, status, headers };
}
