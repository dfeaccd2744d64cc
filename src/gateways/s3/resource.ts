import { checkBucketName, checkPathText } from '../../site/site-names.js';
import { percentDecode, type RequestTarget } from '../raw-target.js';
import { type QueryParameter, readS3Query } from './query.js';
import { type S3Failure, s3Failure } from './s3-error.js';

/** What a request speaks of. */
export type Resource =
  | {
      readonly ok: true;
      /** As sent: what a signature is about. */
      readonly rawPath: string;
      readonly rawQuery: string;
      /** '' for the service itself. */
      readonly bucket: string;
      /** '' for the bucket itself. */
      readonly key: string;
      readonly query: ReadonlyMap<string, string>;
      readonly parameters: readonly QueryParameter[];
    }
  | S3Failure;

/** Buckets as host names: `<bucket>.localhost`, which every system resolves to itself. */
const VIRTUAL_HOST = /^([a-z0-9][a-z0-9.-]+)\.localhost(?::\d+)?$/i;

/** Path style (`/bucket/key`), or the bucket in the host's name. */
export function readResource({ path, query: rawQuery }: RequestTarget, host?: string): Resource {
  const parameters = readS3Query(rawQuery);
  if (!parameters.ok) return parameters;
  const query = new Map<string, string>();
  for (const { name, value } of parameters.parameters) {
    if (!query.has(name)) query.set(name, value);
  }
  if (!path.startsWith('/')) return s3Failure('InvalidURI');
  const virtual = VIRTUAL_HOST.exec(host ?? '')?.[1]?.toLowerCase();
  const slash = path.indexOf('/', 1);
  const rawBucket = virtual ?? (slash < 0 ? path.slice(1) : path.slice(1, slash));
  const rawKey = virtual === undefined ? (slash < 0 ? '' : path.slice(slash + 1)) : path.slice(1);
  const bucket = percentDecode(rawBucket);
  const key = percentDecode(rawKey);
  if (!bucket.ok || !key.ok) return s3Failure('InvalidURI');
  if (bucket.text === '' && key.text !== '') return s3Failure('InvalidURI');
  if (bucket.text !== '' && !checkBucketName(bucket.text).ok) {
    return s3Failure('InvalidBucketName', undefined, { BucketName: bucket.text });
  }
  const fault = keyFault(key.text);
  if (fault !== null) return fault;
  return {
    ok: true,
    rawPath: path,
    rawQuery,
    bucket: bucket.text,
    key: key.text,
    query,
    parameters: parameters.parameters,
  };
}

const KEY_LIMIT_BYTES = 1024;

/** Why a text cannot be a key; null if it can, or if it is empty. */
export function keyFault(key: string): S3Failure | null {
  if (Buffer.byteLength(key) > KEY_LIMIT_BYTES) return s3Failure('KeyTooLongError');
  const check = checkPathText(key);
  return check.ok ? null : s3Failure('InvalidObjectName', check.message);
}
