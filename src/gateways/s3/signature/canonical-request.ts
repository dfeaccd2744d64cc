import { createHash } from 'node:crypto';
import type { QueryParameter } from '../query.js';
import type { RequestHeaders } from '../request-headers.js';
import type { S3Failure } from '../s3-error.js';
import { s3Failure } from '../s3-error.js';
import { canonicalPath, canonicalQuery } from './uri-encoding.js';

/** A request as it came in, nothing decoded. */
export interface SignedRequest {
  readonly method: string;
  /** Percent-encoded, without the query. */
  readonly rawPath: string;
  /** Percent-encoded, without the `?`. */
  readonly rawQuery: string;
  /** By lower-case name, each byte a character, as Node gives them. */
  readonly headers: RequestHeaders;
}

export const ALGORITHM = 'AWS4-HMAC-SHA256';

const HEADER_NAMES = /^[!#$%&'*+\-.^_`|~0-9a-z]+(?:;[!#$%&'*+\-.^_`|~0-9a-z]+)*$/;

export type SignedHeaders = { readonly ok: true; readonly names: readonly string[] } | S3Failure;

/**
 * The headers that a signature covers, out of `a;b;c`. `host` and everything that S3 itself gives
 * a meaning to (`x-amz-…`) have to be among them, as otherwise somebody could add to the request.
 */
export function readSignedHeaders(list: string, headers: RequestHeaders): SignedHeaders {
  const names = list.split(';');
  if (!HEADER_NAMES.test(list)) {
    return s3Failure('SignatureDoesNotMatch', 'SignedHeaders is not a list of lower-case names.');
  }
  const signed = new Set(names);
  const missing = Object.keys(headers).filter(
    (name) => (name === 'host' || name.startsWith('x-amz-')) && !signed.has(name),
  );
  if (missing.length > 0 || !signed.has('host')) {
    return s3Failure(
      'AccessDenied',
      'There were headers present in the request which were not signed',
      { HeadersNotSigned: missing.length > 0 ? missing.join(', ') : 'host' },
    );
  }
  return { ok: true, names };
}

export type CanonicalRequest = { readonly ok: true; readonly text: string } | S3Failure;

/** The request in the one form that is signed. */
export function canonicalRequest(
  { method, rawPath, headers }: SignedRequest,
  parameters: readonly QueryParameter[],
  signedHeaders: readonly string[],
  payload: string,
): CanonicalRequest {
  const path = canonicalPath(rawPath);
  if (!path.ok) return path;
  let lines = `${method}\n${path.path}\n${canonicalQuery(parameters)}\n`;
  for (const name of signedHeaders) lines += `${name}:${canonicalHeader(headers[name])}\n`;
  return { ok: true, text: `${lines}\n${signedHeaders.join(';')}\n${payload}` };
}

function canonicalHeader(value: string | readonly string[] | undefined): string {
  if (value === undefined) return '';
  if (typeof value !== 'string') return value.map(canonicalHeader).join(',');
  // Not \s and trim(): 0xA0 and 0x85 are parts of UTF-8 characters here.
  return value.replace(/^[\t ]+|[\t ]+$/g, '').replace(/[\t ]+/g, ' ');
}

/** What a signing key is applied to. */
export function stringToSign(amzDate: string, scope: string, canonical: string): string {
  return `${ALGORITHM}\n${amzDate}\n${scope}\n${sha256(canonical)}`;
}

export function sha256(text: string): string {
  return createHash('sha256').update(text, 'latin1').digest('hex');
}
