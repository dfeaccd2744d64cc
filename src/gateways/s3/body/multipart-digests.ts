import { createHash } from 'node:crypto';
import { ContentDigests } from '../../../site/content-digests.js';
import type { S3Failure } from '../s3-error.js';
import { s3Failure } from '../s3-error.js';
import type { CrcOfPart } from './crc-combination.js';
import { combineCrcs } from './crc-combination.js';
import type { ChecksumName } from './digests.js';
import { checksumAlgorithm, digestToBase64 } from './digests.js';

/** Over the whole object, or over the checksums of its parts. */
export type ChecksumType = 'FULL_OBJECT' | 'COMPOSITE';

/** The ETag of an object made of parts: the MD5 of their MD5s, and how many they are. */
export function multipartEtag(partMd5s: readonly string[]): string {
  const hash = createHash('md5');
  for (const md5 of partMd5s) hash.update(md5, 'hex');
  return `${hash.digest('hex')}-${partMd5s.length}`;
}

/** The type that an upload has which names none. */
export function defaultChecksumType(name: ChecksumName): ChecksumType {
  return name === 'crc64nvme' ? 'FULL_OBJECT' : 'COMPOSITE';
}

/** Reads `x-amz-checksum-type` of an upload with the given algorithm. */
export function readChecksumType(
  name: ChecksumName,
  type: string | undefined,
): { readonly ok: true; readonly type: ChecksumType } | S3Failure {
  if (type === undefined) return { ok: true, type: defaultChecksumType(name) };
  if (type !== 'FULL_OBJECT' && type !== 'COMPOSITE') {
    return s3Failure('InvalidRequest', 'Value for x-amz-checksum-type header is invalid.');
  }
  const isHash = name === 'sha1' || name === 'sha256';
  if (type === 'FULL_OBJECT' ? isHash : name === 'crc64nvme') {
    return s3Failure(
      'InvalidRequest',
      `The ${type} checksum type cannot be used with the ${name} checksum algorithm.`,
    );
  }
  return { ok: true, type };
}

/** The checksum of an object made of at least one part, in the form that headers have it in. */
export function multipartChecksum(
  name: ChecksumName,
  type: ChecksumType,
  parts: readonly CrcOfPart[],
): string {
  if (type === 'FULL_OBJECT' && name !== 'sha1' && name !== 'sha256') {
    return digestToBase64(combineCrcs(name, parts));
  }
  if (type === 'FULL_OBJECT') {
    throw new Error(`no ${checksumAlgorithm(name)} over a whole follows from those of its parts`);
  }
  const digests = new ContentDigests([name]);
  digests.update(Buffer.concat(parts.map(({ hex }) => Buffer.from(hex, 'hex'))));
  return `${digestToBase64(digests.results()[name]!)}-${parts.length}`;
}
