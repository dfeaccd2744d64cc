import type { QueryParameter } from './query.js';
import type { RequestHeaders } from './request-headers.js';
import { headerValue } from './request-headers.js';
import type { S3Failure } from './s3-error.js';
import { invalidArgument, s3Failure } from './s3-error.js';

/*
 * No header that means something is passed over: every `x-amz-…` is understood somewhere, or is in
 * here with the values that ask for nothing special, or is harmless, or is refused with 501.
 * docs/s3.md has the same in a table.
 */

/** Those that some operation reads. */
const UNDERSTOOD = new Set([
  'x-amz-content-sha256',
  'x-amz-date',
  'x-amz-decoded-content-length',
  'x-amz-trailer',
  'x-amz-sdk-checksum-algorithm',
  'x-amz-checksum-algorithm',
  'x-amz-checksum-crc32',
  'x-amz-checksum-crc32c',
  'x-amz-checksum-crc64nvme',
  'x-amz-checksum-mode',
  'x-amz-checksum-sha1',
  'x-amz-checksum-sha256',
  'x-amz-checksum-type',
  'x-amz-copy-source',
  'x-amz-copy-source-if-match',
  'x-amz-copy-source-if-modified-since',
  'x-amz-copy-source-if-none-match',
  'x-amz-copy-source-if-unmodified-since',
  'x-amz-copy-source-range',
  'x-amz-max-parts',
  'x-amz-metadata-directive',
  'x-amz-mp-object-size',
  'x-amz-object-attributes',
  'x-amz-part-number-marker',
  'x-amz-tagging',
  'x-amz-tagging-directive',
]);

/** Those that change nothing that could be different here. */
const HARMLESS = new Set([
  // What a CDN and the SDK for browsers say of themselves.
  'x-amz-cf-id',
  'x-amz-user-agent',
  // Asks for RestoreStatus, which only archived objects have.
  'x-amz-optional-object-attributes',
]);

/** Those that ask for what is done anyhow when they have one of these values, lower case. */
const ALLOWED_VALUES: ReadonlyMap<string, readonly string[]> = new Map([
  ['x-amz-acl', ['private', 'bucket-owner-full-control']],
  ['x-amz-bucket-object-lock-enabled', ['false']],
  ['x-amz-object-ownership', ['bucketownerenforced']],
  ['x-amz-server-side-encryption-bucket-key-enabled', ['false']],
  ['x-amz-storage-class', ['standard']],
]);

const OWNER_HEADERS = ['x-amz-expected-bucket-owner', 'x-amz-source-expected-bucket-owner'];

/** Storage classes of S3; any other is not one. */
const STORAGE_CLASSES = [
  'STANDARD',
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER',
  'GLACIER_IR',
  'DEEP_ARCHIVE',
  'OUTPOSTS',
  'SNOW',
  'EXPRESS_ONEZONE',
  'FSX_OPENZFS',
];

/**
 * Refuses what would change the meaning of a request and is not implemented. `headers` are those of
 * effectiveHeaders; `ownerId` is the one owner that all buckets have here.
 */
export function refuseUnsupportedHeaders(
  headers: RequestHeaders,
  ownerId: string,
): S3Failure | null {
  if (headers['content-range'] !== undefined) return notImplemented('Content-Range');
  for (const name in headers) {
    if (!name.startsWith('x-amz-') || headers[name] === undefined) continue;
    if (UNDERSTOOD.has(name) || HARMLESS.has(name) || name.startsWith('x-amz-meta-')) continue;
    const value = headerValue(headers, name)!.trim();
    if (OWNER_HEADERS.includes(name)) {
      if (value === ownerId) continue;
      return s3Failure('AccessDenied', 'The bucket does not have the expected owner.');
    }
    if (name === 'x-amz-storage-class' && !STORAGE_CLASSES.includes(value)) {
      return s3Failure('InvalidStorageClass');
    }
    if (!ALLOWED_VALUES.get(name)?.includes(value.toLowerCase())) return notImplemented(name);
  }
  return null;
}

function notImplemented(header: string): S3Failure {
  return s3Failure('NotImplemented', undefined, { Header: header });
}

/** Parameters that operations read, or that ask for nothing. */
const KNOWN_PARAMETERS = new Set([
  ...['list-type', 'prefix', 'delimiter', 'marker', 'max-keys', 'encoding-type', 'start-after'],
  ...[
    'continuation-token',
    'fetch-owner',
    'key-marker',
    'version-id-marker',
    'versions',
    'uploads',
  ],
  ...[
    'upload-id-marker',
    'max-uploads',
    'uploadId',
    'partNumber',
    'part-number-marker',
    'max-parts',
  ],
  ...['versionId', 'versioning', 'location', 'cors', 'tagging', 'delete', 'attributes'],
  ...['max-buckets', 'bucket-region'],
  ...['response-cache-control', 'response-content-disposition', 'response-content-encoding'],
  ...['response-content-language', 'response-content-type', 'response-expires'],
]);

/** Parameters of S3 that ask for something that is not implemented. */
const UNSUPPORTED_PARAMETERS = new Set([
  ...['accelerate', 'acl', 'analytics', 'encryption', 'intelligent-tiering', 'inventory'],
  ...['legal-hold', 'lifecycle', 'logging', 'metadataConfiguration', 'metadataInventoryTable'],
  ...['metadataJournalTable', 'metadataTable', 'metrics', 'notification', 'object-lock'],
  ...['ownershipControls', 'policy', 'policyStatus', 'publicAccessBlock', 'renameObject'],
  ...['replication', 'requestPayment', 'restore', 'retention', 'select', 'select-type', 'session'],
  ...['torrent', 'website', 'abac', 'append'],
]);

/**
 * Refuses what the query asks for and is not implemented. What S3 does not know either is passed
 * over on reads, as S3 does (people add such to get around caches), and refused on writes; names
 * that begin with `x-` are the client's own everywhere.
 */
export function refuseUnsupportedParameters(
  method: string,
  parameters: readonly QueryParameter[],
): S3Failure | null {
  const reads = method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
  for (const { name, value } of parameters) {
    if (KNOWN_PARAMETERS.has(name) || name.toLowerCase().startsWith('x-')) continue;
    if (UNSUPPORTED_PARAMETERS.has(name)) {
      return s3Failure('NotImplemented', undefined, { Subresource: name });
    }
    if (!reads) return invalidArgument('This query parameter is not known here.', name, value);
  }
  return null;
}
