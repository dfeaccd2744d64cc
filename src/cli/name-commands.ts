import type { Command } from 'commander';
import type { ExitCode } from './exit-code.js';
import { EXIT, UsageError, worseExit } from './exit-code.js';
import { bytesText, dateText, printable, tableLines } from './figures.js';
import { removeFolder } from './folder-transfer.js';
import type { CommandRunner } from './command-runner.js';
import type { ClusterOptions, ConditionOptions } from './session.js';
import { readConditionOptions, Session, storeCommand, withConditions } from './session.js';
import {
  bucketAndPrefix,
  bucketName,
  lastSegment,
  nameUnder,
  storeName,
  versionNumber,
} from './store-name.js';

type Options = ClusterOptions & ConditionOptions & { readonly recursive?: boolean };
type CopyOptions = Options & { readonly version?: string };

/** ls, stat, log, restore, rm, mv and cp: names and versions; no bytes come to this machine. */
export function addNameCommands(program: Command, run: CommandRunner): void {
  storeCommand(program, 'ls [name]', 'list buckets, or the files of a bucket', [
    'ls',
    'ls docs',
    'ls docs/2026/',
    'ls -r docs                           # everything below',
  ])
    .option('-r, --recursive', 'everything below, not one level')
    .action((name: string | undefined, options: Options) =>
      run((world) => {
        const session = new Session(world, options);
        return name === undefined ? listBuckets(session) : list(session, name, options);
      }),
    );
  storeCommand(program, 'stat <name>', 'show what is known of a file', [
    'stat docs/file1.txt',
  ]).action((name: string, options: Options) =>
    run((world) => stat(new Session(world, options), storeName(name))),
  );
  storeCommand(program, 'log <name>', 'list the versions of a file, deletes included', [
    'log docs/file1.txt',
  ]).action((name: string, options: Options) =>
    run((world) => log(new Session(world, options), storeName(name))),
  );
  withConditions(
    storeCommand(program, 'restore <name> <version>', 'make an old version the newest', [
      'restore docs/file1.txt 3',
    ]),
  ).action((name: string, version: string, options: Options) =>
    run(async (world) => {
      const session = new Session(world, options);
      const settings = readConditionOptions(options);
      const wanted = versionNumber(version);
      const result = await session.client.restore(storeName(name), wanted, settings);
      return session.finish(
        result,
        ({ file }) => `${printable(name)} is at version ${file.version}, as version ${wanted} was`,
      );
    }),
  );
  withConditions(
    storeCommand(program, 'rm <names...>', 'delete files; their history stays', [
      'rm docs/a.txt docs/b.txt',
      'rm -r docs/old/                      # everything under a prefix',
    ]),
  )
    .option('-r, --recursive', 'delete everything under a prefix')
    .action((names: string[], options: Options) =>
      run((world) => remove(new Session(world, options), names, options)),
    );
  addCopyCommands(program, run);
}

function addCopyCommands(program: Command, run: CommandRunner): void {
  withConditions(
    storeCommand(program, 'mv <from> <to>', 'rename within the store', [
      'mv docs/a.txt docs/b.txt',
      'mv docs/a.txt archive/',
    ]),
  ).action((from: string, to: string, options: Options) =>
    run(async (world) => {
      const session = new Session(world, options);
      const target = nameUnder(to, lastSegment(storeName(from)));
      const result = await session.client.move(from, target, readConditionOptions(options));
      return session.finish(
        result,
        ({ file }) => `${printable(target)} is at version ${file.version}`,
      );
    }),
  );
  withConditions(
    storeCommand(program, 'cp <from> <to>', 'copy within the store', [
      'cp docs/a.txt docs/b.txt',
      'cp docs/a.txt archive/ --version 2',
    ]),
  )
    .option('--version <n>', 'this version instead of the newest')
    .action((from: string, to: string, options: CopyOptions) =>
      run(async (world) => {
        const session = new Session(world, options);
        const target = nameUnder(to, lastSegment(storeName(from)));
        const { version } = options;
        const result = await session.client.copy(from, target, {
          ...readConditionOptions(options),
          ...(version !== undefined && { version: versionNumber(version) }),
        });
        return session.finish(
          result,
          ({ file }) => `${printable(target)} is at version ${file.version}`,
        );
      }),
    );
}

/** mb, rb and buckets. */
export function addBucketCommands(program: Command, run: CommandRunner): void {
  storeCommand(program, 'mb <bucket>', 'make a bucket', ['mb docs']).action(
    (bucket: string, options: ClusterOptions) =>
      run(async (world) => {
        const session = new Session(world, options);
        const result = await session.client.createBucket(bucketName(bucket));
        return session.finish(result, () => `bucket ${bucket} is there`);
      }),
  );
  storeCommand(program, 'rb <bucket>', 'remove an empty bucket', ['rb docs']).action(
    (bucket: string, options: ClusterOptions) =>
      run(async (world) => {
        const session = new Session(world, options);
        const result = await session.client.removeBucket(bucketName(bucket));
        return session.finish(result, () => `bucket ${bucket} is gone`);
      }),
  );
  storeCommand(program, 'buckets', 'list the buckets', ['buckets', 'buckets --json']).action(
    (options: ClusterOptions) => run((world) => listBuckets(new Session(world, options))),
  );
}

async function listBuckets(session: Session): Promise<ExitCode> {
  const listed = await session.client.buckets();
  if (!listed.ok) return session.fail(listed);
  const { buckets } = listed.value;
  await session.show(buckets, () =>
    buckets.length === 0
      ? 'no buckets yet: make one with quorate mb NAME'
      : tableLines(buckets.map(({ name, created }) => [name, dateText(created)])).join('\n'),
  );
  return EXIT.ok;
}

async function list(session: Session, name: string, options: Options): Promise<ExitCode> {
  const { bucket, prefix } = bucketAndPrefix(name);
  const delimiter = options.recursive ? {} : { delimiter: '/' };
  let cursor: string | null = '';
  while (cursor !== null) {
    const page = await session.client.list({ bucket, prefix, cursor, ...delimiter });
    if (!page.ok) return session.fail(page);
    const { files, prefixes } = page.value;
    if (session.json) {
      for (const path of prefixes) await session.line(JSON.stringify({ prefix: path }));
      for (const file of files) await session.line(JSON.stringify(file));
    } else {
      const rows = prefixes.map((path) => ['', '', '', printable(path)]);
      for (const file of files) {
        rows.push([
          `v${file.version}`,
          bytesText(file.size),
          dateText(file.modified),
          printable(file.path),
        ]);
      }
      for (const line of tableLines(rows)) await session.line(line);
    }
    cursor = page.value.next;
  }
  return EXIT.ok;
}

async function stat(session: Session, name: string): Promise<ExitCode> {
  const head = await session.client.get(name, { headOnly: true });
  if (!head.ok) return session.fail(head);
  const primary = await session.client.primaryOf(name);
  if (!primary.ok) return session.fail(primary);
  const { body: _, ...file } = head.value;
  const { home, rule } = primary.value;
  await session.show({ name, ...file, home, rule }, () =>
    tableLines([
      ['name', printable(name)],
      ['version', String(file.version)],
      ['size', `${bytesText(file.size)} (${file.size} bytes)`],
      ['type', file.contentType],
      ['modified', file.modified],
      ['etag', file.etag],
      [
        'primary',
        `${file.primary} in epoch ${file.epoch}${home === file.primary ? '' : `, home ${home}`}`,
      ],
      ['rule', `${rule.pattern} -> ${rule.sites.join(', ')}`],
      ['served by', `${file.site} (${file.freshness})`],
    ]).join('\n'),
  );
  return EXIT.ok;
}

async function log(session: Session, name: string): Promise<ExitCode> {
  let before: number | undefined;
  do {
    const page = await session.client.history(name, before);
    if (!page.ok) return session.fail(page);
    const { versions, next } = page.value;
    if (session.json) {
      for (const version of versions) await session.line(JSON.stringify(version));
    } else {
      const rows = versions.map((file) => [
        `v${file.version}`,
        file.deleted ? 'deleted' : bytesText(file.size),
        dateText(file.modified),
        `epoch ${file.epoch}`,
        file.etag?.slice(0, 15) ?? '',
      ]);
      for (const line of tableLines(rows)) await session.line(line);
    }
    before = next ?? undefined;
  } while (before !== undefined);
  return EXIT.ok;
}

async function remove(session: Session, names: string[], options: Options): Promise<ExitCode> {
  const conditions = readConditionOptions(options);
  if (options.recursive) {
    if (Object.keys(conditions).length > 0) {
      throw new UsageError('conditions and --request-id speak of one file: leave out -r');
    }
    let exit: ExitCode = EXIT.ok;
    for (const source of names.map(bucketAndPrefix)) {
      exit = worseExit(exit, await removeFolder(session, source));
    }
    return exit;
  }
  if (names.length > 1 && Object.keys(conditions).length > 0) {
    throw new UsageError('conditions and --request-id speak of one file: name only one');
  }
  let exit: ExitCode = EXIT.ok;
  for (const name of names.map(storeName)) {
    const result = await session.client.remove(name, conditions);
    const finished = await session.finish(
      result,
      ({ file }) => `${printable(name)} is deleted (version ${file.version})`,
    );
    exit = worseExit(exit, finished);
  }
  return exit;
}
