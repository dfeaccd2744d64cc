import type { DigestName } from '../../../site/site-context.js';

export type { DigestName, Digests } from '../../../site/site-context.js';

/*
 * The digests that S3 speaks of, what they are called where, and their forms: base64 in headers
 * and documents (hexadecimal for entity tags and signatures), hexadecimal in here.
 */

/** What S3 calls an additional checksum. */
export type ChecksumName = Exclude<DigestName, 'md5'>;

export const CHECKSUM_NAMES = [
  'crc32',
  'crc32c',
  'crc64nvme',
  'sha1',
  'sha256',
] as const satisfies readonly ChecksumName[];

/** How many bytes a digest has. */
export const DIGEST_LENGTHS: Readonly<Record<DigestName, number>> = {
  md5: 16,
  crc32: 4,
  crc32c: 4,
  crc64nvme: 8,
  sha1: 20,
  sha256: 32,
};

const CHECKSUM_HEADER = 'x-amz-checksum-';

export function checksumHeader(name: ChecksumName): string {
  return `${CHECKSUM_HEADER}${name}`;
}

/** The checksum whose value a header or trailer carries. Names are lower case. */
export function checksumOfHeader(header: string): ChecksumName | undefined {
  return CHECKSUM_NAMES.find((name) => header === checksumHeader(name));
}

/** As `x-amz-checksum-algorithm` and `ChecksumAlgorithm` have it: `CRC64NVME`. */
export function checksumAlgorithm(name: ChecksumName): string {
  return name.toUpperCase();
}

export function checksumOfAlgorithm(algorithm: string): ChecksumName | undefined {
  const name = algorithm.toLowerCase();
  return CHECKSUM_NAMES.find((known) => known === name);
}

/** As documents have it: `ChecksumCRC64NVME`. */
export type ChecksumElement = `Checksum${Uppercase<ChecksumName>}`;

export function checksumElement(name: ChecksumName): ChecksumElement {
  return `Checksum${name.toUpperCase() as Uppercase<ChecksumName>}`;
}

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** Base64 of exactly one digest to hexadecimal, or null. */
export function digestFromBase64(name: DigestName, base64: string): string | null {
  const length = DIGEST_LENGTHS[name];
  if (base64.length !== Math.ceil(length / 3) * 4 || !BASE64.test(base64)) return null;
  const bytes = Buffer.from(base64, 'base64');
  return bytes.byteLength === length ? bytes.toString('hex') : null;
}

export function digestToBase64(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64');
}
