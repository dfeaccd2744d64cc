import type { Command } from 'commander';
import type { ShareAnswer } from '../client/share-answers.js';
import type { CommandRunner } from './command-runner.js';
import type { ExitCode } from './exit-code.js';
import { EXIT, UsageError } from './exit-code.js';
import { dateText, printable, tableLines } from './figures.js';
import { readPassword } from './password-prompt.js';
import type { ClusterOptions } from './session.js';
import { Session, storeCommand } from './session.js';
import { bucketName, storeName, versionNumber } from './store-name.js';

interface ShareOptions extends ClusterOptions {
  readonly for: string;
  readonly password?: boolean;
  readonly version?: string;
  readonly note?: string;
  readonly list?: boolean;
  readonly revoke?: string;
}

const UNIT_SECONDS: Readonly<Record<string, number>> = {
  m: 60,
  h: 3600,
  d: 86_400,
  w: 7 * 86_400,
};
const LIMIT_SECONDS = 365 * 86_400;

export function addShareCommand(program: Command, run: CommandRunner): void {
  storeCommand(
    program,
    'share [name]',
    'make a link to a file or folder, for people without a key',
    [
      'share docs/report.pdf                    # whoever has the link may read it for 7 days',
      'share docs/2026/ --for 12h               # everything below it',
      'share docs/report.pdf --password --version 3',
      'share docs/report.pdf --password <secret.txt',
      'share --list',
      'share --revoke ABCDEFGHIJKLMNOP',
    ],
  )
    .option('--for <time>', 'how long it is good: 30m, 12h, 7d, 4w, at most 365d', '7d')
    .option('--password', 'ask for a password (first line of the standard input)')
    .option('--version <n>', 'always this version instead of the newest')
    .option('--note <text>', 'what it is for')
    .option('--list', 'show the links you may end, of NAME or all')
    .option('--revoke <id>', 'end a link at once, at every site')
    .action((name: string | undefined, options: ShareOptions) =>
      run((world) => {
        const session = new Session(world, options);
        if (options.revoke !== undefined) return revoke(session, options.revoke);
        if (options.list === true) return list(session, name);
        if (name === undefined) throw new UsageError('say what is to be shared, or --list');
        return share(session, sharedName(name), options);
      }),
    );
}

async function share(session: Session, name: string, options: ShareOptions): Promise<ExitCode> {
  const { version, note, password } = options;
  const seconds = secondsOf(options.for);
  const secret = password === true ? await readPassword(session.world) : undefined;
  const made = await session.client.createShare({
    name,
    seconds,
    ...(version !== undefined && { version: versionNumber(version) }),
    ...(note !== undefined && { note }),
    ...(secret !== undefined && { password: secret }),
  });
  if (!made.ok) return session.fail(made);
  const urls = session.sites.map(({ url }) => url + made.value.path);
  const nearest = session.sites.find(({ site }) => site === made.site)?.url ?? '';
  const url = nearest + made.value.path;
  await session.show({ ...made.value, url, urls }, () => url);
  if (!session.json) {
    await session.note(
      `good until ${dateText(made.value.ends)} at every site; ` +
        `end it with: quorate share --revoke ${made.value.id}`,
    );
  }
  return EXIT.ok;
}

async function list(session: Session, name: string | undefined): Promise<ExitCode> {
  const listed = await session.client.shares(name === undefined ? name : sharedName(name));
  if (!listed.ok) return session.fail(listed);
  const { shares } = listed.value;
  const rows = shares.map((each) => [
    each.id,
    dateText(each.ends),
    each.hasPassword ? 'password' : '',
    each.maker,
    whatOf(each),
    printable(each.note),
  ]);
  await session.show(shares, () =>
    rows.length === 0
      ? 'no links: make one with quorate share NAME'
      : tableLines([['LINK', 'ENDS', '', 'MADE BY', 'OF', 'NOTE'], ...rows]).join('\n'),
  );
  return EXIT.ok;
}

async function revoke(session: Session, id: string): Promise<ExitCode> {
  if (!/^[A-Z2-7]{16}$/.test(id)) {
    // Not repeated: it may be the whole link.
    throw new UsageError('that is no id of a link: quorate share --list shows them');
  }
  const revoked = await session.client.revokeShare(id);
  if (!revoked.ok) return session.fail(revoked);
  await session.show(revoked.value, () => `link ${id} to ${whatOf(revoked.value)} is ended`);
  return EXIT.ok;
}

function whatOf({ name, version }: ShareAnswer): string {
  return printable(name) + (version === null ? '' : ` (version ${version})`);
}

/** A file, a folder, or with nothing behind its slash a whole bucket. */
function sharedName(text: string): string {
  if (!text.includes('/'))
    throw new UsageError(`"${text}": write ${bucketName(text)}/ for all of it`);
  if (text.indexOf('/') === text.length - 1) return `${bucketName(text.slice(0, -1))}/`;
  return storeName(text);
}

function secondsOf(text: string): number {
  const [, count, unit = ''] = /^(\d{1,6})([mhdw])$/.exec(text) ?? [];
  const seconds = Number(count ?? 0) * (UNIT_SECONDS[unit] ?? 0);
  if (seconds >= 1 && seconds <= LIMIT_SECONDS) return seconds;
  throw new UsageError(`--for ${text}: say 30m, 12h, 7d or 4w, at most 365d`);
}
