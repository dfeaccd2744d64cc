import type { Caller } from '../../site/access/caller.js';
import {
  type AccessLevel,
  permits,
  permitsFile,
  permitsPrefix,
  permitsSome,
} from '../../site/access/rights.js';
import type { ReadFailure, WriteOutcome } from '../../site/file-service.js';
import type { BucketState, ObjectService } from '../../site/object-service.js';
import type { HttpExchange } from '../http-exchange.js';
import type { PayloadRule } from './signature/payload-rule.js';
import type { QueryParameter } from './query.js';
import type { RequestHeaders } from './request-headers.js';
import type { UploadFailure } from '../../site/uploads.js';
import { type S3Failure, s3Failure } from './s3-error.js';

/** A request that has been understood and whose signature, if it has one, is good. */
export interface S3Request extends HttpExchange {
  readonly service: ObjectService;
  readonly site: string;
  /** Told to the client, to be found again in logs. */
  readonly id: string;
  readonly method: string;
  /** '' for the list of buckets. */
  readonly bucket: string;
  /** '' for the bucket itself. */
  readonly key: string;
  readonly query: ReadonlyMap<string, string>;
  /** The query as sent. */
  readonly parameters: readonly QueryParameter[];
  /** Those of a presigned URL among them. */
  readonly headers: RequestHeaders;
  readonly caller: Caller;
  /** How the body is to be read and what it was signed as. */
  readonly payload: PayloadRule;
  /** Where the client believes the server is: for answers that name an address. */
  readonly origin: string;
}

/** What of a bucket a request is about: what begins so, or whatever the caller may touch of it. */
type Within = { readonly prefix: string } | 'some';

/**
 * The bucket, if there is one and the caller may do this with what the request is about: the object
 * that it names, else all of the bucket, unless `within` says less.
 */
export async function openBucket(
  request: S3Request,
  level: AccessLevel,
  within?: Within,
): Promise<BucketState | S3Failure> {
  const { bucket, service } = request;
  const isPermitted = isPermittedWithin(request, level, within);
  // Who may not even read is not told whether there is such a bucket, unless anybody may read it.
  if (!isPermitted && level !== 'read') return denied();
  const state = await service.bucket(bucket);
  if (!state.ok) return isPermitted ? readRefused(state) : denied();
  return isPermitted || state.settings.anonymousRead ? state : denied();
}

function isPermittedWithin(
  { caller, bucket, key }: S3Request,
  level: AccessLevel,
  within?: Within,
): boolean {
  const { rights } = caller;
  if (within === 'some') return permitsSome(rights, bucket, level);
  if (within !== undefined) return permitsPrefix(rights, bucket, within.prefix, level);
  return key === '' ? permits(rights, bucket, level) : permitsFile(rights, bucket, key, level);
}

export function denied(): S3Failure {
  return s3Failure('AccessDenied');
}

/** A read that the site could not do, in S3's words. */
export function readRefused({ reason, message }: ReadFailure): S3Failure {
  switch (reason) {
    case 'no_such_bucket':
      return s3Failure('NoSuchBucket');
    case 'no_such_file':
      return s3Failure('NoSuchKey');
    case 'no_such_version':
      return s3Failure('NoSuchVersion');
    case 'invalid_name':
      return s3Failure('InvalidArgument', message);
    case 'overloaded':
      return s3Failure('SlowDown', message);
    case 'quorum_unavailable':
    case 'no_primary':
    case 'moving':
    case 'timeout':
    case 'storage_failed':
    case 'site_stopping':
      return s3Failure('ServiceUnavailable', message);
  }
}

/** Why an upload in parts could not be found or kept. */
export function uploadRefused(failure: UploadFailure): S3Failure {
  switch (failure.reason) {
    case 'no_such_upload':
      return s3Failure('NoSuchUpload');
    case 'not_written':
      return writeRefused(failure.outcome);
    default:
      return readRefused(failure);
  }
}

type Uncommitted = Exclude<WriteOutcome, { outcome: 'committed' }>;

/** A write that did not take effect, or perhaps did, in S3's words. */
export function writeRefused(outcome: Uncommitted): S3Failure {
  const { message } = outcome;
  if (outcome.outcome === 'unknown') {
    return s3Failure('InternalError', `The write may or may not have taken effect: ${message}`);
  }
  switch (outcome.reason) {
    case 'precondition_failed':
      return s3Failure('PreconditionFailed');
    case 'no_such_bucket':
      return s3Failure('NoSuchBucket');
    case 'bucket_not_empty':
      return s3Failure('BucketNotEmpty');
    case 'bucket_exists':
      return s3Failure('BucketAlreadyExists');
    case 'no_such_file':
      return s3Failure('NoSuchKey');
    case 'no_such_version':
      return s3Failure('NoSuchVersion');
    case 'too_large':
      return s3Failure('EntityTooLarge', message);
    case 'body_incomplete':
      return s3Failure('IncompleteBody', message);
    case 'overloaded':
      return s3Failure('SlowDown', message);
    case 'invalid_name':
    case 'invalid_since':
    case 'names_have_files':
    case 'unknown_site':
      return s3Failure('InvalidArgument', message);
    case 'quorum_unavailable':
    case 'no_primary':
    case 'moving':
    case 'storage_failed':
    case 'site_stopping':
      return s3Failure('ServiceUnavailable', message);
  }
}
