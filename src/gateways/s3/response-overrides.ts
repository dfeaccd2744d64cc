import type { QueryParameter } from './query.js';
import type { S3Failure } from './s3-error.js';
import { invalidArgument, s3Failure } from './s3-error.js';

/** Query parameters of GET and HEAD that replace headers of the answer. */
const OVERRIDES: ReadonlyMap<string, string> = new Map([
  ['response-cache-control', 'Cache-Control'],
  ['response-content-disposition', 'Content-Disposition'],
  ['response-content-encoding', 'Content-Encoding'],
  ['response-content-language', 'Content-Language'],
  ['response-content-type', 'Content-Type'],
  ['response-expires', 'Expires'],
]);

const SENDABLE = /^[\x20-\x7e]{1,1024}$/;

export type ResponseOverrides =
  /** Values by header name. */
  { readonly ok: true; readonly headers: ReadonlyMap<string, string> } | S3Failure;

/** Reads `response-…`. Whoever shows no key may not have answers made up for others. */
export function readResponseOverrides(
  parameters: readonly QueryParameter[],
  anonymous: boolean,
): ResponseOverrides {
  const headers = new Map<string, string>();
  for (const { name, value } of parameters) {
    const header = OVERRIDES.get(name);
    if (header === undefined) continue;
    if (anonymous) {
      return s3Failure(
        'InvalidRequest',
        'Request specific response headers cannot be used for anonymous GET requests.',
      );
    }
    if (!SENDABLE.test(value)) {
      return invalidArgument('A header cannot have this value.', name, value);
    }
    headers.set(header, value);
  }
  return { ok: true, headers };
}
