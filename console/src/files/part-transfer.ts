import { filePath } from '../api/sdk.ts';
import { isFields } from '../api/http.ts';
import { keptUploads } from './kept-uploads.ts';
import {
  committed,
  transfer,
  type Transferred,
  type UploadEnd,
  type UploadWatch,
} from './upload-transfer.ts';

/** Files from this size on go in parts. */
export const IN_PARTS_FROM_BYTES = 24 * 1024 * 1024;
const PART_BYTES = 8 * 1024 * 1024;
const PARTS_LIMIT = 10_000;

/**
 * Sends a large file in parts: what was sent stays sent, over a pause, a lost connection, and a
 * reload after which the same file is chosen again.
 */
export async function uploadInParts(
  name: string,
  file: File,
  watch: UploadWatch,
): Promise<UploadEnd> {
  const path = filePath(name);
  const quiet = { signal: watch.signal, progress: () => undefined };
  const opened = await open(name, file, path, quiet);
  if (!('upload' in opened)) return opened;
  const { upload, known } = opened;
  const partBytes = Math.max(PART_BYTES, Math.ceil(file.size / PARTS_LIMIT));
  for (let part = 1, start = 0; start < file.size; part += 1, start += partBytes) {
    const body = file.slice(start, start + partBytes);
    if (known.get(part) !== body.size) {
      const progress = (bytes: number): void => watch.progress(start + Math.min(bytes, body.size));
      const sentTo = `${path}?upload=${upload}&part=${part}`;
      const sent = await transfer('PUT', sentTo, {}, body, { ...quiet, progress });
      if (sent.kind !== 'answered') return ended(sent, name, file);
    }
    watch.progress(start + body.size);
  }
  const done = await transfer(
    'POST',
    `${path}?upload=${upload}&size=${file.size}`,
    {},
    null,
    quiet,
  );
  if (done.kind !== 'answered') return ended(done, name, file);
  keptUploads.forget(name, file);
  return committed(done.answer);
}

/** Gives up what was sent of a file, so that the store need not wait a week to do so. */
export function abandon(name: string, file: File): void {
  const upload = keptUploads.find(name, file);
  keptUploads.forget(name, file);
  if (upload === null) return;
  const quiet = { signal: new AbortController().signal, progress: () => undefined };
  void transfer('DELETE', `${filePath(name)}?upload=${upload}`, {}, null, quiet);
}

type Opened =
  | { readonly upload: string; readonly known: ReadonlyMap<number, number> }
  | Exclude<UploadEnd, { kind: 'committed' }>;

async function open(name: string, file: File, path: string, quiet: UploadWatch): Promise<Opened> {
  const kept = keptUploads.find(name, file);
  if (kept !== null) {
    const there = await transfer('GET', `${path}?upload=${kept}`, {}, null, quiet);
    if (there.kind === 'answered') return { upload: kept, known: sizesOf(there.answer.parts) };
    if (there.kind !== 'rejected' || there.code !== 'no_such_upload') return there;
  }
  const headers = { 'content-type': file.type || 'application/octet-stream' };
  const begun = await transfer('POST', `${path}?upload`, headers, null, quiet);
  if (begun.kind !== 'answered') return begun;
  const upload = String(begun.answer.upload);
  keptUploads.keep(name, file, upload);
  return { upload, known: new Map() };
}

/** An upload that is over is begun anew at the next attempt. */
function ended(
  end: Exclude<Transferred, { kind: 'answered' }>,
  name: string,
  file: File,
): UploadEnd {
  if (end.kind !== 'rejected' || end.code !== 'no_such_upload') return end;
  keptUploads.forget(name, file);
  return { kind: 'again', message: end.message };
}

function sizesOf(parts: unknown): ReadonlyMap<number, number> {
  const known = Array.isArray(parts) ? parts.filter(isFields) : [];
  return new Map(known.map(({ part, size }) => [Number(part), Number(size)]));
}
