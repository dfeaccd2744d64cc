import type { FlatHeaders } from '../http-exchange.js';
import type { FileVersion } from '../service-types.js';
import { metadataHeaders } from './object-metadata.js';
import type { Validators } from './read-conditions.js';
import type { Tag } from './tags.js';

/*
 * What S3 knows of an object beside its bytes, as metadata of the file. `etag` is what conditions of
 * writes are judged by; what begins with `s3:` is S3's own.
 */

export const FIELD = {
  /** MD5 of the content in hex, or of the parts' MD5s with `-` and their number. */
  etag: 'etag',
  /** `crc32c FULL_OBJECT <base64>`: algorithm, type and value of the additional checksum. */
  checksum: 's3:checksum',
  /** Sizes of parts in bytes, `8388608*3,17` for three of one size and a last one. */
  parts: 's3:parts',
  /** The tags as a query string. */
  tags: 's3:tags',
  /** `+`: has a version id of its own; a number: that of this earlier version, carried forward. */
  version: 's3:version',
  /** Of a version that was carried forward: when it was written, in milliseconds. */
  modified: 's3:modified',
  /** Of a delete: it is a delete marker. */
  marker: 's3:marker',
  /** Of a delete: it erased what there was, and is nothing to be seen. */
  erased: 's3:erased',
} as const;

/**
 * An entity tag without its quotes. Objects that came by another way have the BLAKE3 hash of their
 * content and `-1`: clients take what has a `-` for no MD5.
 */
export function etagOf({ content, metadata }: FileVersion): string {
  return metadata[FIELD.etag] ?? `${content?.etag ?? ''}-1`;
}

const OWN_ETAG = /^([0-9a-f]{64})-1$/;

/** The etag as the store's conditions know it. */
export function storeEtag(etag: string): string {
  return OWN_ETAG.exec(etag)?.[1] ?? etag;
}

export interface ObjectChecksum {
  readonly algorithm: string;
  readonly type: 'FULL_OBJECT' | 'COMPOSITE';
  /** As in headers: base64, with `-N` for a composite one. */
  readonly value: string;
}

export function checksumOf({ metadata }: FileVersion): ObjectChecksum | null {
  const [algorithm, type, value] = metadata[FIELD.checksum]?.split(' ') ?? [];
  if (algorithm === undefined || value === undefined) return null;
  return type === 'COMPOSITE' || type === 'FULL_OBJECT' ? { algorithm, type, value } : null;
}

export function checksumField({ algorithm, type, value }: ObjectChecksum): string {
  return `${algorithm} ${type} ${value}`;
}

/** Sizes of the parts in their order; null for an object that was not put in parts. */
export function partSizesOf({ metadata }: FileVersion): readonly number[] | null {
  const text = metadata[FIELD.parts];
  if (text === undefined) return null;
  return text.split(',').flatMap((run) => {
    const [size, count = '1'] = run.split('*');
    return Array.from({ length: Number(count) }, () => Number(size));
  });
}

export function partsField(sizes: readonly number[]): string {
  const runs: string[] = [];
  for (let at = 0; at < sizes.length; ) {
    let end = at + 1;
    while (end < sizes.length && sizes[end] === sizes[at]) end += 1;
    runs.push(end - at === 1 ? String(sizes[at]) : `${sizes[at]}*${end - at}`);
    at = end;
  }
  return runs.join(',');
}

export function tagsOf({ metadata }: FileVersion): readonly Tag[] {
  return [...new URLSearchParams(metadata[FIELD.tags] ?? '')].map(([key, value]) => ({
    key,
    value,
  }));
}

export function tagsField(tags: readonly Tag[]): string {
  return new URLSearchParams(
    tags.map(({ key, value }): [string, string] => [key, value]),
  ).toString();
}

export function modifiedMsOf({ metadata, modifiedMs }: FileVersion): number {
  const carried = metadata[FIELD.modified];
  return carried === undefined ? modifiedMs : Number(carried);
}

/** What conditions of reads are judged against. */
export function validatorsOf(file: FileVersion): Validators {
  return { etag: etagOf(file), modifiedMs: modifiedMsOf(file) };
}

/** The headers of GET and HEAD that say what the object is; `overrides` by name. */
export function objectHeaders(
  file: FileVersion,
  overrides: ReadonlyMap<string, string> = new Map(),
): FlatHeaders {
  const headers = [
    'ETag',
    `"${etagOf(file)}"`,
    'Last-Modified',
    new Date(modifiedMsOf(file)).toUTCString(),
    'Accept-Ranges',
    'bytes',
  ];
  for (const [name, value] of overrides) headers.push(name, value);
  const own = metadataHeaders(file.metadata);
  for (let at = 0; at < own.length; at += 2) {
    if (!overrides.has(own[at]!)) headers.push(own[at]!, own[at + 1]!);
  }
  const tags = tagsOf(file).length;
  if (tags > 0) headers.push('x-amz-tagging-count', String(tags));
  return headers;
}
