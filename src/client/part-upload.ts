import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { Answer, Failure } from './attempts.js';
import type { WriteResult, WriteSettings } from './write-result.js';
import { readAnswer } from './read-answer.js';
import { type KnownPart, type PartCalls, type PartRange, sendParts } from './sent-parts.js';
import type { Call } from './site-endpoint.js';

/** What is sent: the same bytes whenever they are asked for. */
export interface PartSource {
  readonly size: number;
  /** From `start` up to `end`, exclusive. */
  read(start: number, end: number): AsyncIterable<Uint8Array>;
}

export interface PartSettings {
  /**
   * An upload that an earlier attempt has begun. If it was completed, that is the outcome; if it is
   * over otherwise, it is begun anew.
   */
  readonly upload?: string;
  /** Told which upload it is, before anything is sent. */
  readonly onUpload?: (upload: string) => Promise<void>;
  /** Told of bytes that are there: sent just now, or found there. */
  readonly onBytes?: (bytes: number) => void;
  /** Default 16 MiB; larger where there would be too many. */
  readonly partBytes?: number;
}

/** What the client lends to send parts with. */
export interface UploadCalls {
  send(call: Omit<Call, 'silenceLimitMs'>): Promise<Answer | Failure>;
  complete(path: string): Promise<WriteResult>;
}

const PART_BYTES = 16 * 1024 * 1024;
const AT_ONCE = 2;

const Begun = z.object({ upload: z.string() });
const Known = z.object({
  parts: z.array(z.object({ part: z.number(), size: z.number(), md5: z.string() })),
});
const Kept = z.object({ md5: z.string() });

/** `path`: of the file, encoded. */
export async function putInParts(
  calls: UploadCalls,
  path: string,
  source: PartSource,
  settings: WriteSettings & PartSettings,
): Promise<WriteResult> {
  const { upload, onUpload, onBytes, partBytes = PART_BYTES } = settings;
  const complete = (begun: string): Promise<WriteResult> =>
    calls.complete(`${path}?upload=${begun}&size=${source.size}`);
  const sent = await sendParts<Ended>(partCalls(calls, complete, path, source, settings), {
    sizeBytes: source.size,
    partBytes,
    partsAtOnce: AT_ONCE,
    upload,
    onUpload,
    onBytes,
  });
  return sent.ok ? complete(sent.value) : sent.result;
}

interface Ended {
  readonly ok: false;
  readonly result: WriteResult;
}

function partCalls(
  { send }: UploadCalls,
  complete: (upload: string) => Promise<WriteResult>,
  path: string,
  source: PartSource,
  { contentType }: WriteSettings,
): PartCalls<Ended> {
  return {
    begin: async () => {
      const headers = contentType === undefined ? {} : { 'content-type': contentType };
      const answer = await send({ method: 'POST', path: `${path}?upload`, headers });
      const read = answer.ok ? await readAnswer(answer, Begun) : answer;
      return read.ok ? { ok: true, value: read.value.upload } : notSent(read);
    },
    known: async (upload) => {
      const answer = await send({ method: 'GET', path: `${path}?upload=${upload}` });
      if (!answer.ok && answer.code === 'no_such_upload') {
        // It may have been completed, by a request whose answer was lost: then that is it.
        const result = await complete(upload);
        const isOver = result.outcome === 'rejected' && result.code === 'no_such_upload';
        return isOver ? { ok: true, value: null } : { ok: false, result };
      }
      const read = answer.ok ? await readAnswer(answer, Known) : answer;
      return read.ok ? { ok: true, value: read.value.parts } : notSent(read);
    },
    send: async (upload, { part, start, end }) => {
      const answer = await send({
        method: 'PUT',
        path: `${path}?upload=${upload}&part=${part}`,
        headers: { 'content-length': String(end - start) },
        body: () => source.read(start, end),
      });
      const read = answer.ok ? await readAnswer(answer, Kept) : answer;
      return read.ok ? null : notSent(read);
    },
    isSame: (range, there) => isSame(source, range, there),
  };
}

async function isSame(
  source: PartSource,
  { start, end }: PartRange,
  { md5 }: KnownPart,
): Promise<boolean> {
  const digest = createHash('md5');
  for await (const piece of source.read(start, end)) digest.update(piece);
  return digest.digest('hex') === md5;
}

/** Of the file nothing is changed before its upload is completed. */
function notSent({ code, message, site }: Failure): Ended {
  return {
    ok: false,
    result: { outcome: 'rejected', code, message, site, currentVersion: null },
  };
}
