import { mkdir, opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExitCode } from './exit-code.js';
import { EXIT, exitOfFailure, exitOfWrite, worseExit } from './exit-code.js';
import { printable } from './figures.js';
import { localBytes, saveWhole, TargetFolder } from './local-files.js';
import { mediaTypeOf } from './media-type.js';
import { Progress } from './progress.js';
import type { Session } from './session.js';

/** Files on their way at once. */
const IN_FLIGHT = 32;

interface Tally {
  files: number;
  failed: number;
  skipped: number;
  exit: ExitCode;
}

/** Puts every regular file below a folder under `bucket/prefix`; links are left out. */
export async function putFolder(
  session: Session,
  folder: string,
  target: { readonly bucket: string; readonly prefix: string },
): Promise<ExitCode> {
  const progress = new Progress(session.world);
  const tally: Tally = { files: 0, failed: 0, skipped: 0, exit: EXIT.ok };
  const base = `${target.bucket}/${withSlash(target.prefix)}`;
  await inParallel(walk(folder, '', tally), async (relative) => {
    const path = join(folder, relative);
    const name = base + relative;
    try {
      const { size } = await stat(path);
      const result = await session.client.put(
        name,
        () => localBytes(path, size, (bytes) => progress.add(bytes)),
        { size, contentType: mediaTypeOf(relative) },
      );
      if (result.outcome === 'committed') tally.files += 1;
      else await countFailure(session, tally, name, result.message, exitOfWrite(result));
    } catch (error) {
      await countFailure(session, tally, name, messageOf(error), EXIT.failed);
    }
  });
  return finish(session, tally, progress, 'put');
}

/** Gets every file under `bucket/prefix` into a local folder, never outside of it. */
export async function getFolder(
  session: Session,
  source: { readonly bucket: string; readonly prefix: string },
  folder: string,
): Promise<ExitCode> {
  await mkdir(folder, { recursive: true });
  const progress = new Progress(session.world);
  const tally: Tally = { files: 0, failed: 0, skipped: 0, exit: EXIT.ok };
  const target = new TargetFolder(folder);
  const prefix = withSlash(source.prefix);
  await inParallel(allPaths(session, source.bucket, prefix, tally), async (path) => {
    const name = `${source.bucket}/${path}`;
    const place = await target.place(path.slice(prefix.length));
    if (!place.ok) return countFailure(session, tally, name, place.message, EXIT.failed);
    const opened = await session.client.get(name);
    if (!opened.ok) {
      return countFailure(session, tally, name, opened.message, exitOfFailure(opened));
    }
    const { body, size } = opened.value;
    try {
      await saveWhole(place.path, body, size, (bytes) => progress.add(bytes));
      tally.files += 1;
    } catch (error) {
      await countFailure(session, tally, name, messageOf(error), EXIT.failed);
    }
  });
  return finish(session, tally, progress, 'got');
}

/** Deletes every file under `bucket/prefix`. */
export async function removeFolder(
  session: Session,
  source: { readonly bucket: string; readonly prefix: string },
): Promise<ExitCode> {
  const progress = new Progress(session.world);
  const tally: Tally = { files: 0, failed: 0, skipped: 0, exit: EXIT.ok };
  await inParallel(allPaths(session, source.bucket, source.prefix, tally), async (path) => {
    const name = `${source.bucket}/${path}`;
    const result = await session.client.remove(name);
    if (result.outcome === 'committed') tally.files += 1;
    else await countFailure(session, tally, name, result.message, exitOfWrite(result));
  });
  return finish(session, tally, progress, 'removed');
}

async function* walk(root: string, relative: string, tally: Tally): AsyncIterable<string> {
  for await (const entry of await opendir(join(root, relative))) {
    const path = relative === '' ? entry.name : `${relative}/${entry.name}`;
    if (entry.isDirectory()) yield* walk(root, path, tally);
    else if (entry.isFile()) yield path;
    else tally.skipped += 1;
  }
}

async function* allPaths(
  session: Session,
  bucket: string,
  prefix: string,
  tally: Tally,
): AsyncIterable<string> {
  let cursor: string | null = '';
  while (cursor !== null) {
    const page = await session.client.list({ bucket, prefix, cursor });
    if (!page.ok) {
      return countFailure(session, tally, bucket, page.message, exitOfFailure(page));
    }
    for (const file of page.value.files) yield file.path;
    cursor = page.value.next;
  }
}

async function inParallel<T>(
  items: AsyncIterable<T>,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const iterator = items[Symbol.asyncIterator]();
  const worker = async (): Promise<void> => {
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
      await work(next.value);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
}

async function countFailure(
  session: Session,
  tally: Tally,
  name: string,
  message: string,
  exit: ExitCode,
): Promise<void> {
  tally.failed += 1;
  tally.exit = worseExit(tally.exit, exit);
  await session.note(`quorate: ${printable(name)}: ${message}`);
}

async function finish(
  session: Session,
  tally: Tally,
  progress: Progress,
  did: string,
): Promise<ExitCode> {
  progress.end();
  const { files, failed, skipped } = tally;
  await session.show({ files, failed, skipped }, () => {
    const parts = [`${did} ${files} ${files === 1 ? 'file' : 'files'}, ${progress.summary()}`];
    if (failed > 0) parts.push(`${failed} failed`);
    if (skipped > 0) parts.push(`${skipped} left out (not regular files)`);
    return parts.join('; ');
  });
  return tally.exit;
}

function withSlash(prefix: string): string {
  return prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
