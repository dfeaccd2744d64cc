import type { Command } from 'commander';
import type { KeyAnswer } from '../client/answers.js';
import { isPattern } from '../site/access/rights.js';
import type { CommandRunner } from './command-runner.js';
import type { ExitCode } from './exit-code.js';
import { EXIT, UsageError } from './exit-code.js';
import { dateText, printable, tableLines } from './figures.js';
import type { ClusterOptions } from './session.js';
import { exampleText, Session, storeCommand } from './session.js';

type Right = KeyAnswer['rights'][number];
type CreateOptions = ClusterOptions & { readonly note: string; readonly allow?: readonly Right[] };

const LEVELS = ['read', 'write', 'owner'] as const;
const ID = /^QK[A-Z2-7]{18}$/;

export function addKeyCommands(program: Command, run: CommandRunner): void {
  const key = program
    .command('key')
    .description('make, list, change and revoke access keys')
    .addHelpText(
      'after',
      exampleText(['key create --note laptop', 'key list', 'key revoke QKABCDEFGHIJKLMNOPQR']),
    );
  storeCommand(key, 'create', 'make an access key; its secret is shown this once', [
    'key create                                  # for all buckets, with every right',
    'key create --note backup --allow backups=write',
    "key create --allow docs=read --allow 'docs/reports/*=write' --allow 'tmp-*=owner'",
    'key create --note prometheus --allow none  # for what any key may do',
  ])
    .option('--note <text>', 'what the key is for', '')
    .option(
      '--allow <buckets=level>',
      'read, write or owner of bucket, buckets*, bucket/prefix* or bucket/path',
      gather,
    )
    .action((options: CreateOptions) =>
      run((world) => create(new Session(world, options), options)),
    );
  storeCommand(key, 'list', 'list the keys and their rights', [
    'key list',
    'key list --json',
  ]).action((options: ClusterOptions) => run((world) => list(new Session(world, options))));
  storeCommand(key, 'revoke <id>', 'refuse a key from now on, at every site', [
    'key revoke QKABCDEFGHIJKLMNOPQR',
  ]).action((id: string, options: ClusterOptions) =>
    run(async (world) => {
      const session = new Session(world, options);
      const revoked = await session.client.revokeKey(keyId(id));
      if (!revoked.ok) return session.fail(revoked);
      await session.show(revoked.value, () => `key ${id} is revoked`);
      return EXIT.ok;
    }),
  );
  storeCommand(key, 'allow <id> <buckets> <level>', 'set what a key may do with buckets', [
    'key allow QKABCDEFGHIJKLMNOPQR docs write',
    "key allow QKABCDEFGHIJKLMNOPQR 'tmp-*' none    # takes the right for tmp-* away",
  ]).action((id: string, buckets: string, level: string, options: ClusterOptions) =>
    run(async (world) => {
      const session = new Session(world, options);
      const wanted = level === 'none' ? null : levelOf(level);
      const changed = await session.client.allowKey(keyId(id), bucketsOf(buckets), wanted);
      if (!changed.ok) return session.fail(changed);
      await session.show(changed.value, () => `key ${id}: ${rightsText(changed.value)}`);
      return EXIT.ok;
    }),
  );
}

async function create(session: Session, { note, allow }: CreateOptions): Promise<ExitCode> {
  const everything = [{ buckets: '*', level: 'owner' }] as const;
  const rights = allow ?? everything;
  const made = await session.client.createKey(note, [...rights]);
  if (!made.ok) return session.fail(made);
  const { id, secret } = made.value;
  const cluster = await session.client.cluster();
  const s3Url = cluster.ok ? cluster.value.s3Url : null;
  const environment = {
    AWS_ACCESS_KEY_ID: id,
    AWS_SECRET_ACCESS_KEY: secret,
    ...(s3Url != null && { AWS_ENDPOINT_URL: s3Url }),
    // Any will do, but many tools do not start without one.
    AWS_REGION: 'us-east-1',
  };
  await session.show({ ...made.value, environment }, () =>
    [
      `access key id      ${id}`,
      `secret access key  ${secret}`,
      `rights             ${rightsText(made.value)}`,
      '',
      'The secret is not shown again. For quorate, and as the header of HTTP requests',
      '(Authorization: Bearer …):',
      '',
      `export QUORATE_KEY=${id}.${secret}`,
      '',
      'For aws and other S3 tools:',
      '',
      ...Object.entries(environment).map(([name, value]) => `export ${name}=${value}`),
    ].join('\n'),
  );
  return EXIT.ok;
}

async function list(session: Session): Promise<ExitCode> {
  const listed = await session.client.keys();
  if (!listed.ok) return session.fail(listed);
  const { keys } = listed.value;
  const rows = keys.map((key) => [
    key.id,
    dateText(key.created),
    rightsText(key),
    printable(key.note),
  ]);
  await session.show(keys, () =>
    rows.length === 0
      ? 'no keys yet: make one with quorate key create'
      : tableLines([['ACCESS KEY ID', 'MADE', 'RIGHTS', 'NOTE'], ...rows]).join('\n'),
  );
  return EXIT.ok;
}

function gather(text: string, gathered: readonly Right[] = []): readonly Right[] {
  if (text === 'none') return gathered;
  const equals = text.lastIndexOf('=');
  if (equals < 0) throw new UsageError(`--allow ${text}: write BUCKETS=read, =write or =owner`);
  const right = {
    buckets: bucketsOf(text.slice(0, equals)),
    level: levelOf(text.slice(equals + 1)),
  };
  return [...gathered.filter(({ buckets }) => buckets !== right.buckets), right];
}

function bucketsOf(text: string): string {
  if (isPattern(text)) return text;
  throw new UsageError(`"${text}" is none of: bucket, buckets*, bucket/prefix*, bucket/path`);
}

function levelOf(text: string): Right['level'] {
  const level = LEVELS.find((known) => known === text);
  if (level !== undefined) return level;
  throw new UsageError(`"${text}" is no level: there are ${LEVELS.join(', ')}`);
}

function keyId(text: string): string {
  if (ID.test(text)) return text;
  // Not repeated: it may be the whole key.
  throw new UsageError('that is no access key id: quorate key list shows them');
}

function rightsText({ rights }: Pick<KeyAnswer, 'rights'>): string {
  if (rights.length === 0) return 'none';
  return rights.map(({ buckets, level }) => `${buckets}=${level}`).join(' ');
}
