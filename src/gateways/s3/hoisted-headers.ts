import type { QueryParameter } from './query.js';
import type { RequestHeaders } from './request-headers.js';
import type { S3Failure } from './s3-error.js';
import { invalidArgument } from './s3-error.js';

/** What makes a presigned URL one, and is no header. */
const OF_THE_SIGNATURE = [
  'x-amz-algorithm',
  'x-amz-content-sha256',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-expires',
  'x-amz-security-token',
  'x-amz-signature',
  'x-amz-signedheaders',
];

/**
 * Checksums in a URL are of the body that there was when it was signed, which is none: SDKs put that
 * of zero bytes there. S3 passes over them, too.
 */
const SAYS_NOTHING = /^x-amz-(?:checksum-(?!algorithm|type|mode)|sdk-checksum-algorithm)/;

export type EffectiveHeaders = { readonly ok: true; readonly headers: RequestHeaders } | S3Failure;

/**
 * The headers of a request together with those that a presigned URL carries in its query, as SDKs
 * move everything that begins with `x-amz-` there. Call it after the signature was judged.
 */
export function effectiveHeaders(
  headers: RequestHeaders,
  parameters: readonly QueryParameter[],
): EffectiveHeaders {
  let merged: Record<string, string | readonly string[] | undefined> | undefined;
  for (const { name, value } of parameters) {
    const header = name.toLowerCase();
    if (!header.startsWith('x-amz-') || OF_THE_SIGNATURE.includes(header)) continue;
    if (SAYS_NOTHING.test(header)) continue;
    merged ??= { ...headers };
    // Like headers, each byte a character.
    const bytes = Buffer.from(value).toString('latin1');
    if (merged[header] !== undefined && merged[header] !== bytes) {
      return invalidArgument('A header and a query parameter contradict each other.', name, value);
    }
    merged[header] = bytes;
  }
  return { ok: true, headers: merged ?? headers };
}
