import { randomBytes, randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { Content, FileVersion } from '../protocol/file-version.js';
import type { ReadFailure, WriteOutcome } from './file-service.js';
import { inlineContent } from './inline-content.js';
import type { ObjectService } from './object-service.js';
import { readRecordJson } from './record-json.js';
import type { DigestName } from './site-context.js';
import { SYSTEM_BUCKET } from './site-names.js';

/*
 * Uploads in parts, by whichever gateway, as records that every site knows: one for the upload, under its bucket and key
 * so that they list in the order of keys, and one for each part, whose content is the part's.
 */

const UPLOADS = 'uploads/';
const PARTS = 'parts/';
/** Between key and id: no key contains it, and it sorts before every other character. */
const SEPARATOR = '\0';
const UPLOAD_ID = /^[0-9a-f]{32}$/;
const PART_DIGITS = 5;
/** Metadata of a part's record. */
export const PART_FIELD = { md5: 'md5', checksum: 'checksum' } as const;

/** The most parts of one upload. */
export const PART_LIMIT = 10_000;
/** Every part but the last has to have this size. */
export const PART_LEAST_BYTES = 5 * 1024 * 1024;

export type UploadFailure =
  | { readonly ok: false; readonly reason: 'no_such_upload'; readonly message: string }
  | {
      readonly ok: false;
      readonly reason: 'not_written';
      readonly outcome: Exclude<WriteOutcome, { outcome: 'committed' }>;
    }
  | ReadFailure;

export interface BegunUpload {
  readonly bucket: string;
  readonly key: string;
  readonly id: string;
  readonly initiatedMs: number;
}

export interface Upload extends BegunUpload {
  /** The access key that began it. */
  readonly initiator: string;
  /** What the object will have. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly checksum: {
    readonly name: Exclude<DigestName, 'md5'>;
    readonly type: 'FULL_OBJECT' | 'COMPOSITE';
  } | null;
}

export interface Part {
  readonly partNumber: number;
  readonly md5: string;
  /** In hex, of the upload's algorithm; '' where it has none. */
  readonly checksum: string;
  readonly size: number;
  readonly modifiedMs: number;
  readonly content: Content;
}

const SCHEMA = z.object({
  v: z.literal(1),
  initiator: z.string(),
  metadata: z.record(z.string(), z.string()),
  checksum: z
    .object({
      name: z.enum(['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256']),
      type: z.enum(['FULL_OBJECT', 'COMPOSITE']),
    })
    .nullable(),
});

const NO_SUCH_UPLOAD: UploadFailure = {
  ok: false,
  reason: 'no_such_upload',
  message: 'there is no such upload of this name, or it was completed or abandoned',
};

function notWritten(
  outcome: Extract<UploadFailure, { reason: 'not_written' }>['outcome'],
): UploadFailure {
  return { ok: false, reason: 'not_written', outcome };
}

function uploadPath(bucket: string, key: string, id: string): string {
  return `${UPLOADS}${bucket}/${key}${SEPARATOR}${id}`;
}

function partPath(id: string, partNumber: number): string {
  return `${PARTS}${id}/${String(partNumber).padStart(PART_DIGITS, '0')}`;
}

/** The request id of the write that completes an upload: it is one write, whoever asks for it. */
export function completionId(id: string): string {
  return `s3-complete/${id}`;
}

/** Begins an upload. */
export async function beginUpload(
  service: ObjectService,
  upload: Pick<Upload, 'bucket' | 'key' | 'initiator' | 'metadata' | 'checksum'>,
): Promise<{ readonly ok: true; readonly id: string } | UploadFailure> {
  const id = randomBytes(16).toString('hex');
  const { bucket, key, initiator, metadata, checksum } = upload;
  const record = Buffer.from(JSON.stringify({ v: 1, initiator, metadata, checksum }));
  const path = uploadPath(bucket, key, id);
  const options = { requestId: randomUUID(), ifAbsent: true };
  const outcome = await service.records.put(path, inlineContent(record), options);
  return outcome.outcome === 'committed' ? { ok: true, id } : notWritten(outcome);
}

/** The upload with this id, if it is still under way. */
export async function findUpload(
  service: ObjectService,
  bucket: string,
  key: string,
  id: string,
): Promise<{ readonly ok: true; readonly upload: Upload } | UploadFailure> {
  if (!UPLOAD_ID.test(id)) return NO_SUCH_UPLOAD;
  const read = await service.records.read(uploadPath(bucket, key, id));
  if (!read.ok) return read;
  const upload = read.record && uploadOf(read.record);
  return upload === null ? NO_SUCH_UPLOAD : { ok: true, upload };
}

function uploadOf(record: FileVersion): Upload | null {
  const begun = begunOf(record);
  const stored = readRecordJson(record, SCHEMA);
  if (begun === null || stored === null) return null;
  const { v: _version, ...fields } = stored;
  return { ...begun, ...fields };
}

/** What the name and the time of a record say of its upload, whatever is in it. */
function begunOf({ name, modifiedMs }: FileVersion): BegunUpload | null {
  const path = name.slice(name.indexOf('/') + 1 + UPLOADS.length);
  const slash = path.indexOf('/');
  const end = path.lastIndexOf(SEPARATOR);
  if (slash < 0 || end < slash) return null;
  return {
    bucket: path.slice(0, slash),
    key: path.slice(slash + 1, end),
    id: path.slice(end + 1),
    initiatedMs: modifiedMs,
  };
}

/** Uploads of a bucket after this one, in the order of keys and then of ids. */
export async function uploadsOf(
  service: ObjectService,
  bucket: string,
  from: {
    readonly prefix: string;
    readonly key: string;
    readonly id: string;
    readonly limit: number;
  },
): Promise<{ readonly ok: true; readonly uploads: readonly Upload[] } | UploadFailure> {
  const { prefix, key, id, limit } = from;
  // Without an id: behind every upload of the key.
  const after = key === '' ? '' : uploadPath(bucket, key, id === '' ? 'g' : id);
  const listed = await service.records.list({
    prefix: `${UPLOADS}${bucket}/${prefix}`,
    limit,
    ...(after !== '' && { after }),
  });
  if (!listed.ok) return listed;
  return { ok: true, uploads: listed.files.flatMap((file) => uploadOf(file) ?? []) };
}

/** The uploads of all buckets, a page of them after this path of a record; null: cannot be read. */
export async function allUploads(
  service: ObjectService,
  after: string,
): Promise<{ readonly uploads: readonly BegunUpload[]; readonly next: string | null } | null> {
  const listed = await service.records.list({ prefix: UPLOADS, ...(after !== '' && { after }) });
  if (!listed.ok) return null;
  const last = listed.files.at(-1)?.name;
  const isEnd = listed.next === null || last === undefined;
  return {
    uploads: listed.files.flatMap((file) => begunOf(file) ?? []),
    next: isEnd ? null : last.slice(last.indexOf('/') + 1),
  };
}

/** The site that acts for an upload's record just now; '' while none does. */
export function uploadPrimary(service: ObjectService, upload: BegunUpload): string {
  const { bucket, key, id } = upload;
  return service.primaryOf(`${SYSTEM_BUCKET}/${uploadPath(bucket, key, id)}`).primary;
}

/** The site that acts for the first part of the upload with this id; '' while none does. */
export function partsPrimary(service: ObjectService, id: string): string {
  return service.primaryOf(`${SYSTEM_BUCKET}/${partPath(id, 1)}`).primary;
}

/** Keeps a part; one with the same number is replaced. */
export async function putPart(
  service: ObjectService,
  id: string,
  partNumber: number,
  part: { readonly content: Content; readonly md5: string; readonly checksum: string },
): Promise<{ readonly ok: true; readonly modifiedMs: number } | UploadFailure> {
  const metadata = { [PART_FIELD.md5]: part.md5, [PART_FIELD.checksum]: part.checksum };
  const outcome = await service.records.put(partPath(id, partNumber), part.content, {
    requestId: randomUUID(),
    metadata,
  });
  if (outcome.outcome !== 'committed') return notWritten(outcome);
  return { ok: true, modifiedMs: outcome.file.modifiedMs };
}

/** Parts that have come, in the order of their numbers, from after this one on. */
export async function partsOf(
  service: ObjectService,
  id: string,
  afterNumber: number,
  limit: number,
): Promise<{ readonly ok: true; readonly parts: readonly Part[] } | UploadFailure> {
  const parts: Part[] = [];
  let after = partPath(id, afterNumber);
  while (parts.length < limit) {
    const pageLimit = Math.min(1000, limit - parts.length);
    const listed = await service.records.list({
      prefix: `${PARTS}${id}/`,
      after,
      limit: pageLimit,
    });
    if (!listed.ok) return listed;
    for (const file of listed.files) parts.push(partOf(file));
    if (listed.next === null) break;
    const last = listed.files.at(-1);
    if (last === undefined) break;
    after = last.name.slice(last.name.indexOf('/') + 1);
  }
  return { ok: true, parts };
}

function partOf({ name, content, metadata, modifiedMs }: FileVersion): Part {
  if (content === null) throw new Error(`${name} is listed without content`);
  return {
    partNumber: Number(name.slice(-PART_DIGITS)),
    md5: metadata[PART_FIELD.md5] ?? '',
    checksum: metadata[PART_FIELD.checksum] ?? '',
    size: content.size,
    modifiedMs,
    content,
  };
}

const REMOVALS_AT_ONCE = 32;

/** Ends an upload: from here on there is none with this id. Its parts go in their own time. */
export async function endUpload(
  service: ObjectService,
  { bucket, key, id }: Pick<Upload, 'bucket' | 'key' | 'id'>,
): Promise<UploadFailure | null> {
  const outcome = await service.records.remove(uploadPath(bucket, key, id), {
    requestId: randomUUID(),
  });
  const isGone = outcome.outcome === 'rejected' && outcome.reason === 'no_such_file';
  if (outcome.outcome !== 'committed' && !isGone) return notWritten(outcome);
  // What is left by a failure here, the collector of abandoned uploads finds.
  void removeParts(service, id).catch(() => undefined);
  return null;
}

/** Removes an upload's parts; what cannot be removed now stays for another time. */
export async function removeParts(service: ObjectService, id: string): Promise<void> {
  for (;;) {
    const listed = await service.records.list({ prefix: `${PARTS}${id}/` });
    if (!listed.ok || listed.files.length === 0) return;
    const left = [...listed.files];
    let failed = false;
    const work = async (): Promise<void> => {
      for (let file = left.pop(); file !== undefined; file = left.pop()) {
        const path = file.name.slice(file.name.indexOf('/') + 1);
        const outcome = await service.records.remove(path, { requestId: randomUUID() });
        if (outcome.outcome !== 'committed') failed = true;
      }
    };
    await Promise.all(Array.from({ length: REMOVALS_AT_ONCE }, work));
    if (failed) return;
  }
}

/** Ids of uploads that have parts, each once, at most a page of them after this one. */
export async function idsWithParts(
  service: ObjectService,
  afterId: string,
): Promise<{ readonly ids: readonly string[]; readonly next: string | null } | null> {
  const listed = await service.records.list({
    prefix: PARTS,
    ...(afterId !== '' && { after: `${PARTS}${afterId}/~` }),
  });
  if (!listed.ok) return null;
  const ids = new Set(
    listed.files.map(({ name }) => name.slice(name.indexOf('/') + 1 + PARTS.length).split('/')[0]!),
  );
  const last = [...ids].at(-1);
  return { ids: [...ids], next: listed.next === null ? null : (last ?? null) };
}
