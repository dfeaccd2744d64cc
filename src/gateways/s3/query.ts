import { percentDecode } from '../raw-target.js';
import type { S3Failure } from './s3-error.js';
import { s3Failure } from './s3-error.js';

export interface QueryParameter {
  readonly name: string;
  /** '' for a name without `=`, too: `?acl` and `?acl=` are one. */
  readonly value: string;
}

export type S3Query =
  | { readonly ok: true; readonly parameters: readonly QueryParameter[] }
  | S3Failure;

const PARAMETER_LIMIT = 64;
const NO_PARAMETERS: S3Query = { ok: true, parameters: [] };

/** Takes a query apart, in the order sent. A `+` is a space, as in forms and in S3. */
export function readS3Query(rawQuery: string): S3Query {
  if (rawQuery === '') return NO_PARAMETERS;
  const parts = rawQuery.split('&', PARAMETER_LIMIT + 1);
  if (parts.length > PARAMETER_LIMIT) {
    return s3Failure('InvalidURI', `The query has more than ${PARAMETER_LIMIT} parameters.`);
  }
  const parameters: QueryParameter[] = [];
  for (const part of parts) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = decodeForm(equals < 0 ? part : part.slice(0, equals));
    const value = decodeForm(equals < 0 ? '' : part.slice(equals + 1));
    if (!name.ok || !value.ok) {
      return s3Failure('InvalidURI', "Couldn't parse the specified URI: its query is not UTF-8.");
    }
    parameters.push({ name: name.text, value: value.text });
  }
  return { ok: true, parameters };
}

function decodeForm(raw: string): ReturnType<typeof percentDecode> {
  return percentDecode(raw.includes('+') ? raw.replaceAll('+', '%20') : raw);
}
