import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readBasePort, SITES } from '../cluster-address.js';
import type { ExitCode } from '../exit-code.js';
import { EXIT } from '../exit-code.js';
import { tableLines } from '../figures.js';
import type { World } from '../world.js';
import { write } from '../world.js';
import { adminKeyFileOf, DEFAULT_DATA_FOLDER } from '../own-key.js';
import { readWan } from './cluster-plan.js';
import type { CoordinatorKind } from './etcd-plan.js';
import type { Supervisor } from './supervisor.js';
import { startSupervisor } from './supervisor.js';

export interface UpOptions {
  readonly data: string;
  readonly wan: string;
  readonly basePort: string;
  readonly fsync: boolean;
  readonly coordinator: CoordinatorKind;
}

/** The command that starts a site's process; `dist/cli/up` is two below the package's `dist`. */
export function siteCommand(): { file: string; arguments: string[] } {
  const program = fileURLToPath(new URL('../../../bin/quorate.js', import.meta.url));
  return { file: process.execPath, arguments: [...engineOptions(), program, 'site', '--config'] };
}

/**
 * The helper threads of three garbage collectors would wait for each other on few processors:
 * there each collects in its own thread, which costs a third less in all.
 */
function engineOptions(): string[] {
  return availableParallelism() < 2 * SITES.length ? ['--single-threaded-gc'] : [];
}

/** `quorate up`: runs the cluster until it is told to stop. */
export async function up(world: World, options: UpOptions): Promise<ExitCode> {
  const dataFolder = resolve(world.folder, options.data);
  const wan = readWan(options.wan);
  const basePort = readBasePort(options.basePort);
  const report = (message: string): void => {
    world.err.write(`quorate: ${message}\n`);
  };
  const { stopped } = world;
  const started = await startSupervisor({
    dataFolder,
    basePort,
    wan,
    fsync: options.fsync,
    coordinator: options.coordinator,
    siteCommand: siteCommand(),
    report,
  });
  if (!started.ok) {
    await write(world.err, `quorate: ${started.message}\n`);
    return EXIT.failed;
  }
  await write(
    world.out,
    screen(started.supervisor, dataFolder, Object.keys(wan).length > 0, options),
  );
  if (!stopped.aborted) {
    await new Promise((done) => stopped.addEventListener('abort', done, { once: true }));
  }
  await write(world.out, '\nStopping the sites ...\n');
  await started.supervisor.stop();
  await write(world.out, 'Stopped. Every file is there again after the next start.\n');
  return EXIT.ok;
}

function screen(
  { sites }: Supervisor,
  dataFolder: string,
  hasWan: boolean,
  options: UpOptions,
): string {
  const rows = sites.map(({ site, displayName, host, httpPort, s3Port }) => [
    `  ${site}`,
    displayName,
    `http://${host}:${httpPort}`,
    ...(s3Port === undefined ? [] : [`S3 at http://${host}:${s3Port}`]),
  ]);
  const isOwnFolder = options.data === DEFAULT_DATA_FOLDER;
  const port =
    (options.basePort === '7400' ? '' : ` --base-port ${options.basePort}`) +
    (isOwnFolder ? '' : ` --data ${options.data}`);
  return [
    `Quorate is running: ${sites.length === 3 ? 'three' : sites.length} sites, every file on each of them.`,
    '',
    ...tableLines(rows),
    '',
    `  data in ${dataFolder}`,
    `  private: requests need a key; quorate finds the administrator's in ${adminKeyFileOf(options.data)}`,
    `  ${hasWan ? 'distances between the cities are emulated (--wan off: none)' : 'no emulated distances'}`,
    ...(options.fsync ? [] : ['  WITHOUT FSYNC: what is acknowledged can be lost']),
    '',
    'Try in another terminal:',
    `  npx quorate mb docs${port}`,
    `  echo hello | npx quorate put - docs/file1.txt${port}`,
    `  npx quorate cat docs/file1.txt --near lon${port}`,
    `  npx quorate status${port}`,
    `  npx quorate site kill nyc${port}          # then read and write on`,
    `  npx quorate key create${port}             # for aws and other S3 tools`,
    '',
    'Ctrl-C stops it.',
    '',
  ].join('\n');
}
