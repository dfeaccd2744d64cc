import type { KnownPart } from '../sent-parts.js';
import type { FileInfo, HistoryResult, ListResult } from './results.js';

/*
 * What the HTTP API says, as far as it is used; null for what is not understood. Keys that are not
 * known here are let pass: a newer site may say more.
 */

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields | null {
  return typeof value === 'object' && value !== null ? (value as Fields) : null;
}

/** The body as JSON; throws if it breaks off. */
export async function jsonOf(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function fileOf(value: unknown): (FileInfo & { readonly deleted: boolean }) | null {
  const file = fieldsOf(value);
  if (file === null) return null;
  const { bucket, path, version, size, etag, modified, contentType, deleted } = file;
  const metadata = fieldsOf(file.metadata) as Readonly<Record<string, string>> | null;
  if (typeof bucket !== 'string' || typeof path !== 'string' || metadata === null) return null;
  if (!Number.isSafeInteger(version) || !Number.isSafeInteger(size)) return null;
  if (typeof modified !== 'string' || typeof deleted !== 'boolean') return null;
  return {
    name: path === '' ? bucket : `${bucket}/${path}`,
    version: version as number,
    size: size as number,
    etag: typeof etag === 'string' ? etag : '',
    modified: new Date(modified),
    contentType: typeof contentType === 'string' ? contentType : null,
    metadata,
    deleted,
  };
}

function filesOf(value: unknown): (FileInfo & { readonly deleted: boolean })[] | null {
  if (!Array.isArray(value)) return null;
  const files = value.map(fileOf);
  return files.every((file) => file !== null) ? files : null;
}

export interface CommittedAnswer {
  readonly name: string;
  readonly version: number;
}

export async function readCommitted(response: Response): Promise<CommittedAnswer | null> {
  const answer = fieldsOf(await jsonOf(response));
  return answer?.outcome === 'committed' ? fileOf(answer.file) : null;
}

export async function readListing(
  response: Response,
): Promise<Extract<ListResult, { outcome: 'listed' }> | null> {
  const answer = fieldsOf(await jsonOf(response));
  const files = filesOf(answer?.files);
  if (answer === null || files === null || !Array.isArray(answer.prefixes)) return null;
  const prefixes = answer.prefixes.map(String);
  const next = typeof answer.next === 'string' ? answer.next : null;
  return { outcome: 'listed', files: files.map(({ deleted: _, ...file }) => file), prefixes, next };
}

export async function readHistory(
  response: Response,
): Promise<Extract<HistoryResult, { outcome: 'listed' }> | null> {
  const answer = fieldsOf(await jsonOf(response));
  const versions = filesOf(answer?.versions);
  if (answer === null || versions === null) return null;
  return {
    outcome: 'listed',
    versions,
    next: typeof answer.next === 'number' ? answer.next : null,
  };
}

const UPLOAD_ID = /^[0-9a-f]{32}$/;

export function isUploadId(value: unknown): value is string {
  return typeof value === 'string' && UPLOAD_ID.test(value);
}

/** The id of an upload that was begun. */
export async function readBegun(response: Response): Promise<string | null> {
  const answer = fieldsOf(await jsonOf(response));
  return isUploadId(answer?.upload) ? answer.upload : null;
}

export async function readParts(response: Response): Promise<readonly KnownPart[] | null> {
  const parts = fieldsOf(await jsonOf(response))?.parts;
  if (!Array.isArray(parts)) return null;
  const known = parts.map(partOf);
  return known.every((part) => part !== null) ? known : null;
}

function partOf(value: unknown): KnownPart | null {
  const { part, size, md5 } = fieldsOf(value) ?? {};
  if (!Number.isSafeInteger(part) || !Number.isSafeInteger(size)) return null;
  return typeof md5 === 'string' ? { part: part as number, size: size as number, md5 } : null;
}

export async function readFields(response: Response): Promise<Fields | null> {
  return fieldsOf(await jsonOf(response));
}
