import type { Command } from 'commander';
import { BackupUnreadable } from '../../site/backup/restore-site.js';
import { ArchiveUnreadable } from '../../site/backup/shard-archive.js';
import type { CommandRunner } from '../command-runner.js';
import { EXIT, type ExitCode, UsageError } from '../exit-code.js';
import { bytesText, countText, tableLines } from '../figures.js';
import { type ClusterOptions, exampleText, Session, storeCommand } from '../session.js';
import { type World, write } from '../world.js';
import { type BackupTarget, TargetFailed } from './backup-target.js';
import { checkBackup, pruneBackups } from './check-backup.js';
import { BackupFailed, createBackup } from './create-backup.js';
import { openTarget, type TargetOptions } from './open-target.js';
import { restoreInto, type RestorePlace } from './restore-backup.js';
import { backupNames, readManifest } from './stored-backups.js';

type KeptOptions = TargetOptions & { readonly json?: boolean };

/** backup create|list|check|restore|prune: the whole store, in a folder or a bucket. */
export function addBackupCommands(program: Command, run: CommandRunner): void {
  const backup = program
    .command('backup')
    .description('keep the whole store in a folder or an S3 bucket, and make it anew from there')
    .addHelpText(
      'after',
      exampleText(['backup create /mnt/backups', 'backup list s3://backups/quorate']),
    );
  withTarget(
    storeCommand(backup, 'create <target>', 'keep everything, with its history, as it is now', [
      'backup create /mnt/backups',
      'backup create s3://backups/quorate --endpoint https://s3.example.org',
    ]),
  ).action((text: string, options: ClusterOptions & TargetOptions) =>
    run((world) => create(new Session(world, options), openTarget(world, text, options))),
  );
  kept(backup, 'list <target>', 'list the backups there', ['backup list /mnt/backups']).action(
    (text: string, options: KeptOptions) =>
      run((world) => list(world, openTarget(world, text, options), options)),
  );
  kept(backup, 'check <target> [name]', 'read all of a backup (default: the newest)', [
    'backup check /mnt/backups',
  ]).action((text: string, name: string | undefined, options: KeptOptions) =>
    run((world) => check(world, openTarget(world, text, options), name, options)),
  );
  kept(backup, 'prune <target>', 'remove all but the newest backups', [
    'backup prune /mnt/backups --keep 7',
  ])
    .requiredOption('--keep <n>', 'how many to keep')
    .action((text: string, options: KeptOptions & { readonly keep: string }) =>
      run((world) => prune(world, openTarget(world, text, options), options)),
    );
  kept(backup, 'restore <target> [name]', 'fill the empty data folder of a site, or of `up`', [
    'backup restore /mnt/backups --config nyc.toml   # at every site, before any is started',
    'backup restore /mnt/backups --data ./.quorate',
  ])
    .option('--config <file>', "the site's configuration")
    .option('--data <folder>', 'the folder of `quorate up`, for all of its sites')
    .option('--seal-key <file>', 'seal.key of the store that was kept, for its access keys')
    .action((text: string, name: string | undefined, options: KeptOptions & RestorePlace) =>
      run((world) => restore(world, openTarget(world, text, options), name, options)),
    );
}

function withTarget(command: Command): Command {
  return command
    .option('--endpoint <url>', 'the S3 service of s3:// targets (default: $AWS_ENDPOINT_URL)')
    .option('--endpoint-ca <file>', 'authority of its certificate, in PEM');
}

function kept(
  parent: Command,
  usage: string,
  description: string,
  examples: readonly string[],
): Command {
  const command = parent.command(usage).description(description);
  return withTarget(command)
    .option('--json', 'print JSON for programs')
    .addHelpText('after', exampleText(examples));
}

async function create(session: Session, target: BackupTarget): Promise<ExitCode> {
  const { world } = session;
  return orFailure(world, async () => {
    const tell = progress(world, session.json);
    const { manifest, sent } = await createBackup(session.client, target, Date.now(), tell);
    const records = manifest.shards.reduce((sum, shard) => sum + shard.records, 0);
    await session.show({ ...manifest, sent }, () =>
      [
        `backup ${manifest.name} is in ${target.name}`,
        `${countText(records)} records, ${countText(manifest.chunks.count)} chunks ` +
          `(${bytesText(manifest.chunks.bytes)}), of which ${countText(sent.count)} ` +
          `(${bytesText(sent.bytes)}) were new`,
      ].join('\n'),
    );
    return EXIT.ok;
  });
}

function list(world: World, target: BackupTarget, { json }: KeptOptions): Promise<ExitCode> {
  return orFailure(world, async () => {
    const names = await backupNames(target);
    const manifests = await Promise.all(names.map((name) => readManifest(target, name)));
    const rows = manifests.map(({ name, takenAt, shards, chunks }) => [
      name,
      takenAt.slice(0, 19).replace('T', ' '),
      shards.map(({ shard, position }) => `${shard} ${position.epoch}/${position.seq}`).join(', '),
      bytesText(chunks.bytes + shards.reduce((sum, shard) => sum + shard.bytes, 0)),
    ]);
    const head = ['BACKUP', 'TAKEN (UTC)', 'POSITIONS', 'SIZE'];
    const text = names.length === 0 ? 'there is none' : tableLines([head, ...rows]).join('\n');
    await write(world.out, `${json === true ? JSON.stringify(manifests) : text}\n`);
    return EXIT.ok;
  });
}

function check(
  world: World,
  target: BackupTarget,
  given: string | undefined,
  { json = false }: KeptOptions,
): Promise<ExitCode> {
  return orFailure(world, async () => {
    const name = await chosen(target, given);
    const checked = await checkBackup(target, name, progress(world, json));
    const { records, chunks, bytes, faults } = checked;
    const read = `${countText(records)} records and ${countText(chunks)} chunks (${bytesText(bytes)})`;
    const verdict =
      faults.length === 0
        ? `backup ${name} can be restored: ${read} were read`
        : `backup ${name} cannot be restored whole:\n${faults.join('\n')}`;
    await write(world.out, `${json ? JSON.stringify({ name, ...checked }) : verdict}\n`);
    return faults.length === 0 ? EXIT.ok : EXIT.failed;
  });
}

function prune(
  world: World,
  target: BackupTarget,
  { keep, json }: KeptOptions & { readonly keep: string },
): Promise<ExitCode> {
  if (!/^[1-9]\d{0,5}$/.test(keep)) throw new UsageError('--keep has to be 1 or more');
  return orFailure(world, async () => {
    const removed = await pruneBackups(target, await backupNames(target), Number(keep));
    const text = `${removed.backups.length} backups and ${countText(removed.chunks)} chunks are removed`;
    await write(world.out, `${json === true ? JSON.stringify(removed) : text}\n`);
    return EXIT.ok;
  });
}

function restore(
  world: World,
  target: BackupTarget,
  given: string | undefined,
  options: KeptOptions & RestorePlace,
): Promise<ExitCode> {
  return orFailure(world, async () => {
    const name = await chosen(target, given);
    const restored = await restoreInto(world, target, name, options);
    if (typeof restored === 'string') {
      await write(world.err, `quorate: ${restored}\n`);
      return EXIT.failed;
    }
    const text = restored.map(
      ({ site, records, chunks, bytes }) =>
        `${site}: ${countText(records)} records, ${countText(chunks)} chunks (${bytesText(bytes)})`,
    );
    const words = [`backup ${name} is restored; start no site before all have been`, ...text];
    await write(
      world.out,
      `${options.json === true ? JSON.stringify({ name, sites: restored }) : words.join('\n')}\n`,
    );
    return EXIT.ok;
  });
}

async function chosen(target: BackupTarget, given: string | undefined): Promise<string> {
  const names = await backupNames(target);
  const name = given ?? names.at(-1);
  if (name !== undefined && names.includes(name)) return name;
  const which = given === undefined ? 'no backup' : `no backup ${given}`;
  throw new BackupUnreadable(`there is ${which} in ${target.name}`);
}

function progress(world: World, json: boolean): (text: string) => void {
  if (world.err.isTTY !== true || json) return () => undefined;
  return (text) => void world.err.write(`\r\x1b[K${text}`);
}

async function orFailure(world: World, work: () => Promise<ExitCode>): Promise<ExitCode> {
  try {
    return await work();
  } catch (error) {
    const isKnown =
      error instanceof TargetFailed ||
      error instanceof BackupUnreadable ||
      error instanceof ArchiveUnreadable ||
      error instanceof BackupFailed;
    if (!isKnown) throw error;
    await write(world.err, `quorate: ${error.message}\n`);
    return EXIT.failed;
  }
}
