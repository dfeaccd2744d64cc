import type { RequestHeaders } from '../request-headers.js';
import { headerValue } from '../request-headers.js';
import type { S3Failure } from '../s3-error.js';
import { s3Failure } from '../s3-error.js';
import type { PayloadRule } from '../signature/payload-rule.js';
import type { ChecksumName, DigestName, Digests } from './digests.js';
import {
  checksumAlgorithm,
  checksumHeader,
  checksumOfAlgorithm,
  checksumOfHeader,
  digestFromBase64,
  digestToBase64,
} from './digests.js';

/** What a request says its body's digests are. All in lower-case hexadecimal. */
export interface AnnouncedDigests {
  readonly ok: true;
  /** Those to compute so that the announcement can be judged. */
  readonly wanted: readonly DigestName[];
  readonly contentMd5: string | null;
  /** The literal `x-amz-content-sha256`. */
  readonly payloadSha256: string | null;
  /** The additional checksum, which is kept with the object. */
  readonly checksum: AnnouncedChecksum | null;
}

export interface AnnouncedChecksum {
  readonly name: ChecksumName;
  /** null: a trailer will tell. */
  readonly hex: string | null;
}

type ReadChecksum = { readonly ok: true; readonly checksum: AnnouncedChecksum | null } | S3Failure;

/**
 * Reads Content-MD5, `x-amz-checksum-…`, `x-amz-sdk-checksum-algorithm` and `x-amz-trailer`. With
 * `checksumsOf` 'object', as in CompleteMultipartUpload, the checksums in headers are those of an
 * object that the body only speaks of, and are not looked at.
 */
export function readAnnouncedDigests(
  headers: RequestHeaders,
  payload: PayloadRule,
  checksumsOf: 'body' | 'object' = 'body',
): AnnouncedDigests | S3Failure {
  const codings = headerValue(headers, 'content-encoding') ?? '';
  if (payload.kind !== 'chunked' && /(?:^|[\s,])aws-chunked(?:$|[\s,])/i.test(codings)) {
    // Taken as it is, the chunks' sizes and signatures would be stored as part of the object.
    return refuse('Content-Encoding aws-chunked needs an x-amz-content-sha256 of STREAMING-….');
  }
  const md5 = headerValue(headers, 'content-md5');
  const contentMd5 = md5 === undefined ? null : digestFromBase64('md5', md5.trim());
  if (md5 !== undefined && contentMd5 === null) {
    return s3Failure('InvalidDigest', 'The Content-MD5 you specified is not valid.');
  }
  const read = readChecksum(headers, payload, checksumsOf);
  if (!read.ok) return read;
  const { checksum } = read;
  const payloadSha256 = payload.kind === 'sha256' ? payload.sha256 : null;
  const wanted = new Set<DigestName>();
  if (contentMd5 !== null) wanted.add('md5');
  if (payloadSha256 !== null) wanted.add('sha256');
  if (checksum) wanted.add(checksum.name);
  return { ok: true, wanted: [...wanted], contentMd5, payloadSha256, checksum };
}

function readChecksum(
  headers: RequestHeaders,
  payload: PayloadRule,
  checksumsOf: 'body' | 'object',
): ReadChecksum {
  const given: AnnouncedChecksum[] = [];
  for (const header in headers) {
    if (checksumsOf === 'object') break;
    const name = checksumOfHeader(header);
    if (name === undefined) continue;
    const hex = digestFromBase64(name, headerValue(headers, header)!.trim());
    if (hex === null) return refuse(`Value for ${header} header is invalid.`);
    given.push({ name, hex });
  }
  const trailer = readTrailerNames(headers, payload);
  if (!trailer.ok) return trailer;
  for (const header of trailer.names) given.push({ name: checksumOfHeader(header)!, hex: null });
  const [checksum = null, second] = given;
  if (second) {
    return refuse(
      'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
    );
  }
  const algorithm = headerValue(headers, 'x-amz-sdk-checksum-algorithm');
  if (algorithm !== undefined && checksumsOf === 'body') {
    const name = checksumOfAlgorithm(algorithm.trim());
    if (!checksum && name !== undefined) {
      return refuse(
        'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or ' +
          'x-amz-trailer headers were found.',
      );
    }
    if (name === undefined || name !== checksum!.name) {
      return refuse('Value for x-amz-sdk-checksum-algorithm header is invalid.');
    }
  }
  return { ok: true, checksum };
}

function refuse(message: string): S3Failure {
  return s3Failure('InvalidRequest', message);
}

export type TrailerNames = { readonly ok: true; readonly names: readonly string[] } | S3Failure;

/** The trailers that `x-amz-trailer` announces: none, or one with a checksum. */
export function readTrailerNames(headers: RequestHeaders, payload: PayloadRule): TrailerNames {
  const announced = headerValue(headers, 'x-amz-trailer');
  if (announced === undefined || announced.trim() === '') return { ok: true, names: [] };
  const names = announced.split(',').map((name) => name.trim().toLowerCase());
  if (names.length > 1 || names.some((name) => checksumOfHeader(name) === undefined)) {
    return refuse('The value specified in the x-amz-trailer header is not supported');
  }
  if (payload.kind !== 'chunked' || !payload.trailer) {
    return refuse('x-amz-trailer needs an x-amz-content-sha256 that says there is a trailer.');
  }
  return { ok: true, names };
}

/**
 * What does not fit of what was announced and what came, or null. `trailers` are those of the body,
 * by lower-case name; they have been checked to be those announced.
 */
export function compareDigests(
  announced: AnnouncedDigests,
  actual: Digests,
  trailers: ReadonlyMap<string, string> = new Map(),
): S3Failure | null {
  const { contentMd5, payloadSha256, checksum } = announced;
  if (payloadSha256 !== null && actual.sha256 !== payloadSha256) {
    return s3Failure('XAmzContentSHA256Mismatch', undefined, {
      ClientComputedContentSHA256: payloadSha256,
      S3ComputedContentSHA256: actual.sha256 ?? '',
    });
  }
  if (contentMd5 !== null && actual.md5 !== contentMd5) {
    return s3Failure('BadDigest', 'The Content-MD5 you specified did not match what we received.', {
      ExpectedDigest: digestToBase64(contentMd5),
      CalculatedDigest: digestToBase64(actual.md5 ?? ''),
    });
  }
  if (!checksum) return null;
  const { name } = checksum;
  const hex = checksum.hex ?? digestFromBase64(name, trailers.get(checksumHeader(name)) ?? '');
  if (hex === null) return refuse(`Value for ${checksumHeader(name)} trailing header is invalid.`);
  if (hex === actual[name]) return null;
  return s3Failure(
    'BadDigest',
    `The ${checksumAlgorithm(name)} you specified did not match the calculated checksum.`,
  );
}

/** What remains of Content-Encoding once the transfer is done; undefined when nothing does. */
export function storedContentEncoding(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const codings = value.split(',').map((coding) => coding.trim());
  const kept = codings.filter((coding) => coding.toLowerCase() !== 'aws-chunked' && coding !== '');
  return kept.length === 0 ? undefined : kept.join(',');
}
