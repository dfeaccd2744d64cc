import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import type { Download } from '../client/http-client.js';
import type { WriteResult, WriteSettings } from '../client/write-result.js';
import type { ExitCode } from './exit-code.js';
import { EXIT, UsageError } from './exit-code.js';
import { bytesText, printable } from './figures.js';
import { getFolder, messageOf, putFolder } from './folder-transfer.js';
import { localBytes, localRange, saveWhole } from './local-files.js';
import { mediaTypeOf } from './media-type.js';
import { Progress } from './progress.js';
import type { CommandRunner } from './command-runner.js';
import type { ClusterOptions, ConditionOptions } from './session.js';
import { readConditionOptions, Session, storeCommand, withConditions } from './session.js';
import { bucketAndPrefix, lastSegment, nameUnder, storeName, versionNumber } from './store-name.js';
import { UploadNote } from './upload-notes.js';
import { write } from './world.js';

type PutOptions = ClusterOptions & ConditionOptions & { recursive?: boolean; type?: string };
type GetOptions = ClusterOptions & {
  readonly recursive?: boolean;
  readonly version?: string;
  readonly local?: boolean;
};

/** Files from this size on go in parts. */
const IN_PARTS_FROM_BYTES = 64 * 1024 * 1024;

/** put, get and cat: bytes between this machine and the store. */
export function addTransferCommands(program: Command, run: CommandRunner): void {
  withConditions(
    storeCommand(program, 'put <local> <name>', 'store a local file, "-" for standard input', [
      'put report.pdf docs/report.pdf',
      'put report.pdf docs/                 # keeps its name',
      'date | quorate put - docs/now.txt',
      'put -r photos docs/photos            # a whole folder',
    ]),
  )
    .option('-r, --recursive', 'store every file of a folder')
    .option('--type <media type>', 'what the file is (default: as its name suggests)')
    .action((local: string, name: string, options: PutOptions) =>
      run((world) => put(new Session(world, options), local, name, options)),
    );
  storeCommand(program, 'get <name> [local]', 'fetch a file to this machine', [
    'get docs/report.pdf',
    'get docs/report.pdf old.pdf --version 3',
    'get -r docs/photos photos            # all under a prefix',
  ])
    .option('-r, --recursive', 'fetch every file under a prefix into a folder')
    .option('--version <n>', 'this version instead of the newest')
    .option('--local', 'whatever the site has, without asking the primary; may be old')
    .action((name: string, local: string | undefined, options: GetOptions) =>
      run((world) => get(new Session(world, options), name, local, options)),
    );
  storeCommand(program, 'cat <name>', 'print a file', [
    'cat docs/now.txt',
    'cat docs/now.txt --version 1',
    'cat docs/now.txt --near lon --local  # what London has, fresh or not',
  ])
    .option('--version <n>', 'this version instead of the newest')
    .option('--local', 'whatever the site has, without asking the primary; may be old')
    .action((name: string, options: GetOptions) =>
      run((world) => cat(new Session(world, options), storeName(name), options)),
    );
}

async function put(
  session: Session,
  local: string,
  target: string,
  options: PutOptions,
): Promise<ExitCode> {
  const conditions = readConditionOptions(options);
  if (local === '-') {
    if (options.recursive) throw new UsageError('standard input is no folder: leave out -r');
    return putStandardInput(session, storeName(target), options);
  }
  const path = resolve(session.world.folder, local);
  const found = await stat(path).catch((error: unknown) => {
    throw new UsageError(`${local} cannot be read: ${messageOf(error)}`);
  });
  if (options.recursive) {
    if (!found.isDirectory()) throw new UsageError(`${local} is no folder: leave out -r`);
    if (Object.keys(conditions).length > 0) {
      throw new UsageError('conditions and --request-id speak of one file: leave out -r');
    }
    return putFolder(session, path, bucketAndPrefix(target));
  }
  if (found.isDirectory()) throw new UsageError(`${local} is a folder: add -r`);
  return putFile(session, path, found.size, nameUnder(target, basename(path)), options);
}

async function putFile(
  session: Session,
  path: string,
  size: number,
  name: string,
  options: PutOptions,
): Promise<ExitCode> {
  const progress = new Progress(session.world, size);
  const onBytes = (bytes: number): void => progress.add(bytes);
  const contentType = options.type ?? mediaTypeOf(name);
  const settings = { ...readConditionOptions(options), size, contentType };
  const isLarge = size >= IN_PARTS_FROM_BYTES;
  const result = isLarge
    ? await putLarge(session, path, name, settings, onBytes)
    : await session.client.put(name, () => localBytes(path, size, onBytes), settings);
  progress.end();
  if (isLarge && result.outcome !== 'committed') {
    await session.note('quorate: the same command goes on where this one ended, within a week');
  }
  return session.finish(
    result,
    ({ file, primary }) =>
      `${printable(name)} is at version ${file.version} (${bytesText(file.size)}), committed by ${primary}`,
  );
}

/** In parts, which are not sent again when the command is repeated after a cut. */
async function putLarge(
  session: Session,
  path: string,
  name: string,
  settings: WriteSettings & { readonly size: number },
  onBytes: (bytes: number) => void,
): Promise<WriteResult> {
  const { size, contentType = '' } = settings;
  const { mtimeMs } = await stat(path);
  const about = [path, String(size), String(mtimeMs), name, contentType];
  const note = new UploadNote(session.world, [...about, ...session.sites.map(({ url }) => url)]);
  const upload = await note.read();
  const source = {
    size,
    read: (start: number, end: number) => localRange(path, start, end),
  };
  const result = await session.client.putInParts(name, source, {
    ...settings,
    onBytes,
    onUpload: (begun) => note.keep(begun),
    ...(upload !== null && { upload }),
  });
  if (result.outcome === 'committed') await note.forget();
  return result;
}

/** Keeps the input in a temporary file first: an attempt may have to be repeated. */
async function putStandardInput(
  session: Session,
  name: string,
  options: PutOptions,
): Promise<ExitCode> {
  const folder = await mkdtemp(join(tmpdir(), 'quorate-put-'));
  try {
    const path = join(folder, 'input');
    await pipeline(session.world.input, createWriteStream(path));
    const { size } = await stat(path);
    return await putFile(session, path, size, name, options);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function get(
  session: Session,
  name: string,
  local: string | undefined,
  options: GetOptions,
): Promise<ExitCode> {
  if (options.recursive) {
    if (options.version !== undefined) throw new UsageError('--version speaks of one file');
    const source = bucketAndPrefix(name);
    const fallback = lastSegment(name.replace(/\/+$/, ''));
    return getFolder(session, source, resolve(session.world.folder, local ?? fallback));
  }
  const wanted = storeName(name);
  const path = await localPath(session, wanted, local);
  const opened = await open(session, wanted, options);
  if (typeof opened === 'number') return opened;
  const progress = new Progress(session.world, opened.size);
  try {
    await saveWhole(path, opened.body, opened.size, (bytes) => progress.add(bytes));
  } catch (error) {
    progress.end();
    await session.note(`quorate: ${printable(name)} was not fetched: ${messageOf(error)}`);
    return EXIT.failed;
  }
  progress.end();
  const { body: _, ...facts } = opened;
  await session.show({ ...facts, path }, () => `${path}: ${summary(opened, progress)}`);
  return EXIT.ok;
}

function summary(opened: Download, progress: Progress): string {
  const age = opened.ageMs === null ? '' : `, up to ${opened.ageMs} ms old`;
  return `version ${opened.version} from ${opened.site} (${opened.freshness}${age}), ${progress.summary()}`;
}

async function localPath(
  session: Session,
  name: string,
  local: string | undefined,
): Promise<string> {
  const own = lastSegment(name);
  const isLocalName = own !== '' && own !== '.' && own !== '..' && !/[\\]/.test(own);
  const path = resolve(session.world.folder, local ?? '.');
  const isFolder = (await stat(path).catch(() => null))?.isDirectory() ?? false;
  if (!isFolder) return path;
  if (!isLocalName) throw new UsageError(`"${own}" cannot be a local file: say which to write`);
  return join(path, own);
}

async function cat(session: Session, name: string, options: GetOptions): Promise<ExitCode> {
  const opened = await open(session, name, options);
  if (typeof opened === 'number') return opened;
  try {
    for await (const piece of opened.body) await write(session.world.out, piece);
    return EXIT.ok;
  } catch (error) {
    await session.note(`quorate: ${printable(name)} broke off: ${messageOf(error)}`);
    return EXIT.failed;
  }
}

async function open(
  session: Session,
  name: string,
  options: GetOptions,
): Promise<Download | ExitCode> {
  const { version } = options;
  const opened = await session.client.get(name, {
    ...(version !== undefined && { version: versionNumber(version) }),
    consistency: options.local === true ? 'local' : 'strong',
  });
  return opened.ok ? opened.value : session.fail(opened);
}
