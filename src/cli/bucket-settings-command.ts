import type { Command } from 'commander';
import type { BucketAnswer } from '../client/answers.js';
import type { BucketChange, CorsRuleWish } from '../client/bucket-change.js';
import type { CommandRunner } from './command-runner.js';
import type { ExitCode } from './exit-code.js';
import { EXIT, UsageError } from './exit-code.js';
import { dateText, tableLines } from './figures.js';
import type { ClusterOptions } from './session.js';
import { Session, storeCommand } from './session.js';
import { bucketName } from './store-name.js';

interface SettingOptions extends ClusterOptions {
  readonly versioning?: string;
  readonly anonymousRead?: string;
  readonly keepDays?: string;
  readonly keepVersions?: string;
  readonly owner?: string;
  readonly cors?: readonly string[];
}

const DAYS_LIMIT = 36_500;
const VERSIONS_LIMIT = 1_000_000;

export function addBucketSettingsCommand(program: Command, run: CommandRunner): void {
  storeCommand(program, 'bucket <name>', 'show or change the settings of a bucket', [
    'bucket docs',
    'bucket docs --versioning on',
    'bucket site --anonymous-read on              # anybody may read it over S3',
    'bucket docs --keep-days 90 --keep-versions 10',
    'bucket docs --cors https://app.example=GET,PUT --cors https://www.example',
    'bucket docs --cors none',
    'bucket archive --keep-days forever --keep-versions all',
  ])
    .option('--versioning <state>', 'on or suspended: S3 version ids of their own')
    .option('--anonymous-read <state>', 'on or off: S3 reads and listings without a key')
    .option('--keep-days <n>', 'how long replaced versions are kept, or "forever"')
    .option('--keep-versions <n>', 'how many replaced versions of a file are kept, or "all"')
    .option(
      '--cors <origin=methods>',
      'pages of ORIGIN (one * in it) may GET and HEAD, or what is said; in place of all others',
      (text: string, before: readonly string[] = []) => [...before, text],
    )
    .option('--owner <key>', 'the access key id that owns it, or "nobody"')
    .action((name: string, options: SettingOptions) =>
      run((world) => settings(new Session(world, options), bucketName(name), readChange(options))),
    );
}

async function settings(session: Session, name: string, change: BucketChange): Promise<ExitCode> {
  const told =
    Object.keys(change).length === 0
      ? await session.client.bucket(name)
      : await session.client.changeBucket(name, change);
  if (!told.ok) return session.fail(told);
  await session.show(told.value, () => settingsText(told.value));
  return EXIT.ok;
}

function readChange(options: SettingOptions): BucketChange {
  const { versioning, anonymousRead, keepDays, keepVersions, owner, cors } = options;
  const retention = {
    ...(keepDays !== undefined && { days: count('--keep-days', keepDays, DAYS_LIMIT, 'forever') }),
    ...(keepVersions !== undefined && {
      versions: count('--keep-versions', keepVersions, VERSIONS_LIMIT, 'all'),
    }),
  };
  if (retention.days === 0) throw new UsageError('--keep-days 0: at least one day is kept');
  return {
    ...(versioning !== undefined && {
      versioning: choice('--versioning', versioning, { on: 'enabled', suspended: 'suspended' }),
    }),
    ...(anonymousRead !== undefined && {
      anonymousRead: choice('--anonymous-read', anonymousRead, { on: true, off: false }),
    }),
    ...(Object.keys(retention).length > 0 && { retention }),
    ...(owner !== undefined && { owner: ownerOf(owner) }),
    ...(cors !== undefined && { cors: cors.flatMap(corsRuleOf) }),
  };
}

function choice<T>(option: string, text: string, known: Readonly<Record<string, T>>): T {
  const found = Object.entries(known).find(([word]) => word === text);
  if (found !== undefined) return found[1];
  throw new UsageError(`${option} ${text}: say ${Object.keys(known).join(' or ')}`);
}

function count(option: string, text: string, most: number, unlimited: string): number | null {
  if (text === unlimited) return null;
  const value = /^\d{1,7}$/.test(text) ? Number(text) : Number.NaN;
  if (value <= most) return value;
  throw new UsageError(`${option} ${text}: say a number up to ${most}, or "${unlimited}"`);
}

function ownerOf(text: string): string {
  if (text === 'nobody') return '';
  if (/^QK[A-Z2-7]{18}$/.test(text)) return text;
  throw new UsageError(`--owner ${text}: say an access key id (quorate key list), or "nobody"`);
}

const CORS_METHODS = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'];
const CORS_MAX_AGE_SECONDS = 3600;

/** None for "none". Pages may send any header, and see what says which version they got. */
function corsRuleOf(text: string): CorsRuleWish[] {
  if (text === 'none') return [];
  const equals = text.indexOf('=');
  const origin = equals < 0 ? text : text.slice(0, equals);
  const methods = equals < 0 ? ['GET', 'HEAD'] : text.slice(equals + 1).split(',');
  const wrong = methods.find((method) => !CORS_METHODS.includes(method));
  if (origin === '' || wrong !== undefined) {
    throw new UsageError(`--cors ${text}: say ORIGIN, ORIGIN=GET,PUT or none`);
  }
  return [
    {
      allowedOrigins: [origin],
      allowedMethods: methods,
      allowedHeaders: ['*'],
      exposeHeaders: ['ETag', 'Quorate-Version'],
      maxAgeSeconds: CORS_MAX_AGE_SECONDS,
    },
  ];
}

function settingsText(bucket: BucketAnswer): string {
  const { days, versions } = bucket.retention;
  const origins = bucket.cors.map(
    ({ allowedOrigins, allowedMethods }) =>
      `${allowedOrigins.join(' ')} (${allowedMethods.join(', ')})`,
  );
  return tableLines([
    ['bucket', bucket.name],
    ['made', dateText(bucket.created)],
    ['owner', bucket.owner === '' ? 'nobody' : bucket.owner],
    ['versioning', bucket.versioning === 'enabled' ? 'on' : bucket.versioning],
    ['anonymous read', bucket.anonymousRead ? 'on' : 'off'],
    [
      'replaced versions',
      `${daysText(days)}, ${versions === null ? 'any number' : `at most ${versions} of a file`}`,
    ],
    ['pages of', origins.length === 0 ? 'no other origin (CORS)' : origins.join(', ')],
  ]).join('\n');
}

function daysText(days: number | null): string {
  if (days === null) return 'kept for ever';
  return days === 1 ? 'kept for 1 day' : `kept for ${days} days`;
}
