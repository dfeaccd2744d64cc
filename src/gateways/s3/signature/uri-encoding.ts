import { percentDecode } from '../../raw-target.js';
import type { QueryParameter } from '../query.js';
import type { S3Failure } from '../s3-error.js';
import { s3Failure } from '../s3-error.js';

const UNRESERVED = /^[A-Za-z0-9\-._~]*$/;
const UNRESERVED_PATH = /^[A-Za-z0-9\-._~/]*$/;
/** What `encodeURIComponent` leaves alone though Signature V4 does not. */
const ALSO_ENCODED = /[!'()*]/g;

/** Percent-encodes all but the unreserved characters, in upper case, as Signature V4 has it. */
export function uriEncode(text: string): string {
  if (UNRESERVED.test(text)) return text;
  return encodeURIComponent(text).replace(
    ALSO_ENCODED,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

export type CanonicalPath = { readonly ok: true; readonly path: string } | S3Failure;

/**
 * The path as it is signed: decoded and encoded again once, so that it does not matter which
 * characters the sender left bare. Neither `.` and `..` nor repeated slashes mean anything.
 */
export function canonicalPath(rawPath: string): CanonicalPath {
  if (rawPath === '') return { ok: true, path: '/' };
  if (UNRESERVED_PATH.test(rawPath)) return { ok: true, path: rawPath };
  const decoded = percentDecode(rawPath);
  return decoded.ok
    ? { ok: true, path: decoded.text.split('/').map(uriEncode).join('/') }
    : s3Failure('InvalidURI', `Couldn't parse the specified URI: ${decoded.why}.`);
}

/** The query as it is signed: sorted by encoded name, then value. */
export function canonicalQuery(parameters: readonly QueryParameter[]): string {
  if (parameters.length === 0) return '';
  const encoded = parameters.map(({ name, value }) => [uriEncode(name), uriEncode(value)] as const);
  encoded.sort(([a, x], [b, y]) => order(a, b) || order(x, y));
  return encoded.map(([name, value]) => `${name}=${value}`).join('&');
}

function order(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
