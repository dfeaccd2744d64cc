import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { SitePlace } from '../../client/http-client.js';
import type { CommandRunner } from '../command-runner.js';
import type { ExitCode } from '../exit-code.js';
import { EXIT, UsageError } from '../exit-code.js';
import { type ClusterOptions, Session, storeCommand } from '../session.js';
import { counts, followChange, readPlace } from './follow-change.js';
import { askSupervisor } from './supervisor-call.js';

interface AddOptions extends ClusterOptions {
  readonly at?: string;
  readonly city?: string;
  readonly dir: string;
  readonly days?: string;
}

/** `site add`: one more site for a running cluster. */
export function addAddCommand(site: Command, run: CommandRunner): void {
  storeCommand(site, 'add <name[=address]>', 'add a site to the running cluster, and fill it', [
    'site add fra                          # of a store that "quorate up" runs',
    'site add fra=10.0.0.4                 # of one that "quorate init" made: writes its folder',
    'site add fra --at 10.0.0.4:7419,https://10.0.0.4:7411   # you write its configuration',
  ])
    .option('--city <text>', 'its display name (default: its name)')
    .option('--dir <folder>', "the cluster's folder, with ca.key", './quorate-cluster')
    .option('--days <n>', 'how long its certificates are valid (default: 365)')
    .option('--at <host:port,url>', 'where it is for the other sites and for clients')
    .action((name: string, options: AddOptions) =>
      run((world) => add(new Session(world, options), name, options)),
    );
}

async function add(session: Session, text: string, options: AddOptions): Promise<ExitCode> {
  const [, name = '', address] = /^([a-z0-9-]{1,32})(?:=(.+))?$/.exec(text) ?? [];
  if (name === '') {
    throw new UsageError(
      `"${text}": write NAME or NAME=ADDRESS; names are 1 to 32 of a-z, 0-9, "-"`,
    );
  }
  if (address !== undefined) return addWithFolder(session, name, address, options);
  if (options.at === undefined) return addLocally(session, name, options.city ?? name);
  const begun = await begin(session, name, readPlace(name, options.at, options.city));
  if (begun !== EXIT.ok) return begun;
  await session.note(`Start it now, with "added = true" in its configuration and an empty folder.`);
  return follow(session, name);
}

/** The supervisor of `quorate up` runs it. */
async function addLocally(session: Session, name: string, city: string): Promise<ExitCode> {
  const reply = await askSupervisor(session, name, { action: 'add', displayName: city });
  if (!reply.ok) return reply.exit;
  const { place } = reply.answer;
  if (place === undefined) throw new Error('the supervisor did not say where the site is');
  const begun = await begin(session, name, place);
  if (begun !== EXIT.ok) {
    if (await isSurelyUnknown(session, name)) {
      await askSupervisor(session, name, { action: 'forget' });
    }
    return begun;
  }
  const started = await askSupervisor(session, name, { action: 'start' });
  return started.ok ? follow(session, name) : started.exit;
}

/** Its configuration and certificates go beside those of the others. */
async function addWithFolder(
  session: Session,
  name: string,
  address: string,
  { dir, city, days }: AddOptions,
): Promise<ExitCode> {
  const { writeNewcomerFolder } = await import('../init/newcomer-folder.js');
  const { readDays } = await import('../init/init-command.js');
  const folder = resolve(session.world.folder, dir);
  const request = { site: name, address, city, days: readDays(days), nowMs: Date.now() };
  const written = await writeNewcomerFolder(folder, request);
  if (!written.ok) throw new UsageError(written.message);
  const begun = await begin(session, name, written.place);
  if (begun !== EXIT.ok) {
    if (await isSurelyUnknown(session, name)) await rm(written.folder, { recursive: true });
    return begun;
  }
  await session.note(
    [
      `${written.folder} goes to ${address}, as /etc/quorate. There:`,
      `  quorate doctor --config /etc/quorate/${name}.toml`,
      '  cp /etc/quorate/quorate.service /etc/systemd/system/ && systemctl enable --now quorate',
      `Here, in client.env: add ${name}=${written.place.http_url} to QUORATE_SITES.`,
      'This waits until it is filled; Ctrl-C leaves it to go on by itself.',
    ].join('\n'),
  );
  return follow(session, name);
}

async function begin(session: Session, name: string, address: SitePlace): Promise<ExitCode> {
  const begun = await session.client.changeSites(name, 'add', { address });
  return begun.ok ? EXIT.ok : session.fail(begun);
}

/** False also where nobody says: what was prepared for a site that may be coming stays. */
async function isSurelyUnknown(session: Session, name: string): Promise<boolean> {
  const cluster = await session.client.cluster();
  return cluster.ok && cluster.value.sites.every(({ site }) => site !== name);
}

function follow(session: Session, name: string): Promise<ExitCode> {
  return followChange(session, {
    site: name,
    ended: (cluster) =>
      counts(cluster, name)
        ? [
            true,
            `${name} is one of ${cluster.replicas} sites; a write needs ${cluster.writeQuorum}.`,
          ]
        : [false, `${name} was not added: the change was given up.`],
  });
}
