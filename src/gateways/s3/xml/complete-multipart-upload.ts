import { PART_LIMIT } from '../../../site/uploads.js';
import type { ChecksumElement, Digests } from '../body/digests.js';
import { CHECKSUM_NAMES, checksumElement, digestFromBase64 } from '../body/digests.js';
import type { S3Failure } from '../s3-error.js';
import { s3Failure } from '../s3-error.js';
import type { XmlElement } from './xml-reader.js';
import { malformedXml } from './xml-reader.js';
import type { Occurrence } from './xml-shape.js';
import { readChildren, readRoot } from './xml-shape.js';

export const COMPLETE_LIMIT_BYTES = 6 * 1024 * 1024;

export interface CompletedPart {
  /** 1 to 10,000. */
  readonly partNumber: number;
  /** Without quotes. */
  readonly etag: string;
  /** What the client says the part's checksums are. */
  readonly checksums: Digests;
}

export type CompletedParts =
  | { readonly ok: true; readonly parts: readonly CompletedPart[] }
  | S3Failure;

type PartChild = 'PartNumber' | 'ETag' | ChecksumElement;

const PART_CHILDREN = {
  PartNumber: 'one',
  ETag: 'one',
  ...Object.fromEntries(CHECKSUM_NAMES.map((name) => [checksumElement(name), 'optional'])),
} as Readonly<Record<PartChild, Occurrence>>;

/** The body of CompleteMultipartUpload: at least one part, in ascending order. */
export function readCompleteMultipartUpload(bytes: Uint8Array): CompletedParts {
  const document = readRoot(bytes, 'CompleteMultipartUpload');
  if (!document.ok) return document;
  const children = readChildren(document.root, { Part: 'many' });
  if (!children.ok) return children;
  const elements = children.all('Part');
  if (elements.length === 0) return malformedXml('there is no Part');
  if (elements.length > PART_LIMIT) return malformedXml(`there are more than ${PART_LIMIT} parts`);
  const parts: CompletedPart[] = [];
  for (const element of elements) {
    const read = readPart(element);
    if (!read.ok) return read;
    const before = parts.at(-1);
    if (before && before.partNumber >= read.part.partNumber) return s3Failure('InvalidPartOrder');
    parts.push(read.part);
  }
  return { ok: true, parts };
}

function readPart(
  element: XmlElement,
): { readonly ok: true; readonly part: CompletedPart } | S3Failure {
  const children = readChildren(element, PART_CHILDREN);
  if (!children.ok) return children;
  const number = children.text('PartNumber')!.trim();
  const partNumber = /^\d{1,5}$/.test(number) ? Number(number) : 0;
  if (partNumber < 1 || partNumber > PART_LIMIT) {
    return malformedXml(`a PartNumber is not from 1 to ${PART_LIMIT}`);
  }
  const checksums: { -readonly [K in keyof Digests]: Digests[K] } = {};
  for (const name of CHECKSUM_NAMES) {
    const text = children.text(checksumElement(name));
    if (text === undefined) continue;
    const digest = digestFromBase64(name, text.trim());
    if (digest === null) return s3Failure('InvalidDigest');
    checksums[name] = digest;
  }
  const etag = children
    .text('ETag')!
    .trim()
    .replace(/^"(.*)"$/, '$1');
  return { ok: true, part: { partNumber, etag, checksums } };
}
