import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { Answer, Failure } from './attempts.js';
import type { WriteResult, WriteSettings } from './write-result.js';
import { readAnswer } from './read-answer.js';
import type { Call } from './site-endpoint.js';

/** What is sent: the same bytes whenever they are asked for. */
export interface PartSource {
  readonly size: number;
  /** From `start` up to `end`, exclusive. */
  read(start: number, end: number): AsyncIterable<Uint8Array>;
}

export interface PartSettings {
  /** An upload that an earlier attempt has begun; one that is over is begun anew. */
  readonly upload?: string;
  /** Told which upload it is, before anything is sent. */
  readonly onUpload?: (upload: string) => Promise<void>;
  /** Told of bytes that are there: sent just now, or found there. */
  readonly onBytes?: (bytes: number) => void;
  /** Default 16 MiB; larger where there would be too many. */
  readonly partBytes?: number;
}

export interface PartCalls {
  send(call: Omit<Call, 'silenceLimitMs'>): Promise<Answer | Failure>;
  complete(path: string): Promise<WriteResult>;
}

const PART_BYTES = 16 * 1024 * 1024;
const PARTS_LIMIT = 10_000;
const AT_ONCE = 2;

const Begun = z.object({ upload: z.string() });
const Known = z.object({
  parts: z.array(z.object({ part: z.number(), size: z.number(), md5: z.string() })),
});
const Kept = z.object({ md5: z.string() });
type Known = z.infer<typeof Known>['parts'];

/** `path`: of the file, encoded. */
export async function putInParts(
  calls: PartCalls,
  path: string,
  source: PartSource,
  settings: WriteSettings & PartSettings,
): Promise<WriteResult> {
  const opened = await open(calls, path, settings);
  if (!opened.ok) return notSent(opened);
  const { upload, known } = opened;
  await settings.onUpload?.(upload);
  const partBytes = Math.max(
    settings.partBytes ?? PART_BYTES,
    Math.ceil(source.size / PARTS_LIMIT),
  );
  const count = Math.max(1, Math.ceil(source.size / partBytes));
  const byNumber = new Map(known.map((part) => [part.part, part]));
  let next = 1;
  let failure: Failure | null = null;
  const worker = async (): Promise<void> => {
    while (failure === null && next <= count) {
      const part = next;
      next += 1;
      const start = (part - 1) * partBytes;
      const range = { part, start, end: Math.min(source.size, start + partBytes) };
      const there = byNumber.get(part);
      const isThere = there !== undefined && (await isSame(source, range, there));
      const sent = isThere
        ? null
        : await sendPart(calls, `${path}?upload=${upload}`, source, range);
      failure ??= sent;
      if (sent === null) settings.onBytes?.(range.end - range.start);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  if (failure !== null) return notSent(failure);
  return calls.complete(`${path}?upload=${upload}&size=${source.size}`);
}

interface PartRange {
  readonly part: number;
  readonly start: number;
  readonly end: number;
}

async function open(
  calls: PartCalls,
  path: string,
  { upload, contentType }: WriteSettings & PartSettings,
): Promise<{ readonly ok: true; readonly upload: string; readonly known: Known } | Failure> {
  if (upload !== undefined) {
    const known = await calls.send({ method: 'GET', path: `${path}?upload=${upload}` });
    if (known.ok) {
      const read = await readAnswer(known, Known);
      return read.ok ? { ok: true, upload, known: read.value.parts } : read;
    }
    if (known.code !== 'no_such_upload') return known;
  }
  const headers = contentType === undefined ? {} : { 'content-type': contentType };
  const begun = await calls.send({ method: 'POST', path: `${path}?upload`, headers });
  if (!begun.ok) return begun;
  const read = await readAnswer(begun, Begun);
  return read.ok ? { ok: true, upload: read.value.upload, known: [] } : read;
}

async function sendPart(
  calls: PartCalls,
  path: string,
  source: PartSource,
  { part, start, end }: PartRange,
): Promise<Failure | null> {
  const answer = await calls.send({
    method: 'PUT',
    path: `${path}&part=${part}`,
    headers: { 'content-length': String(end - start) },
    body: () => source.read(start, end),
  });
  if (!answer.ok) return answer;
  const read = await readAnswer(answer, Kept);
  return read.ok ? null : read;
}

async function isSame(
  source: PartSource,
  { start, end }: PartRange,
  there: Known[number],
): Promise<boolean> {
  if (there.size !== end - start) return false;
  const digest = createHash('md5');
  for await (const piece of source.read(start, end)) digest.update(piece);
  return digest.digest('hex') === there.md5;
}

/** Of the file nothing is changed before its upload is completed. */
function notSent({ code, message, site }: Failure): WriteResult {
  return { outcome: 'rejected', code, message, site, currentVersion: null };
}
