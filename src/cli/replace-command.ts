import type { Command } from 'commander';
import type { SitePlace } from '../client/http-client.js';
import { actOnSite, viewsOf } from './cluster-commands.js';
import type { CommandRunner } from './command-runner.js';
import type { ExitCode } from './exit-code.js';
import { EXIT, UsageError } from './exit-code.js';
import { type ClusterOptions, requireSite, Session, storeCommand } from './session.js';
import { changeLines } from './status-screen.js';

const LOOK_EVERY_MS = 1000;

type ReplaceOptions = ClusterOptions & {
  readonly at?: string;
  readonly city?: string;
  readonly started?: boolean;
};

/** `site replace`: another machine in the place of one that is gone for good. */
export function addReplaceCommand(site: Command, run: CommandRunner): void {
  storeCommand(
    site,
    'replace <name>',
    'give the place of a site whose machine is gone for good to another one',
    [
      'site replace nyc                       # of a store that "quorate up" runs: an empty folder',
      'site replace nyc --separate            # the new machine is at the old address',
      'site replace nyc --at 10.0.0.9:4100,http://10.0.0.9:4101',
    ],
  )
    .option('--separate', 'the site is not run by "quorate up": start the new machine yourself')
    .option('--at <host:port,url>', 'where the new machine is for the other sites and for clients')
    .option('--city <text>', 'its display name, with --at (default: its name)')
    .action((name: string, options: ReplaceOptions & { readonly separate?: boolean }) =>
      run((world) => replace(new Session(world, options), name, options)),
    );
}

async function replace(
  session: Session,
  name: string,
  options: ReplaceOptions & { readonly separate?: boolean },
): Promise<ExitCode> {
  requireSite(session.sites, name);
  const place = options.at === undefined ? null : placeOf(name, options.at, options.city);
  const isOurs = options.separate !== true && place === null;
  if (isOurs) {
    const killed = await actOnSite(session, name, 'kill', true);
    if (killed !== EXIT.ok) return killed;
  }
  const others = session.sites.filter(({ site }) => site !== name);
  const client = session.clientOf({ sites: others });
  for (;;) {
    const begun = await client.changeSites(name, 'replace', { address: place });
    if (begun.ok) break;
    // The others notice after a while that it is gone.
    if (!isOurs || begun.code !== 'site_is_up' || session.world.stopped.aborted) {
      return session.fail(begun);
    }
    await pause();
  }
  if (isOurs) {
    const started = await actOnSite(session, name, 'start-empty', true);
    if (started !== EXIT.ok) return started;
  } else {
    await session.note(
      `The disks that ${name} had are refused from now on. Start the new machine with an empty ` +
        `data folder: quorate site --config ${name}.toml`,
    );
  }
  return follow(session, name);
}

/** Says how far it is until it is done; Ctrl-C leaves it to go on by itself. */
async function follow(session: Session, name: string): Promise<ExitCode> {
  let told = '';
  while (!session.world.stopped.aborted) {
    const views = await viewsOf(session);
    const source = views.find(
      ({ cluster, endpoint }) => cluster && endpoint.site !== name,
    )?.cluster;
    if (source && source.change == null) {
      await session.show({ site: name, replaced: true }, () => `${name} is replaced.`);
      return EXIT.ok;
    }
    const line = source ? (changeLines(source, views).at(-1) ?? '') : '';
    if (line !== told && line !== '') await session.note(line);
    told = line;
    await pause();
  }
  await session.note('It goes on without this command: quorate status says how far it is.');
  return EXIT.failed;
}

function placeOf(site: string, text: string, city: string | undefined): SitePlace {
  const [, host = '', port = '', url = ''] = /^([^,]+):(\d{1,5}),(https?:\/\/.+)$/.exec(text) ?? [];
  if (host === '' || !URL.canParse(url)) {
    throw new UsageError(`--at "${text}": expected host:port,url as in the example`);
  }
  return { display_name: city ?? site, host, peer_port: Number(port), http_url: url };
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
}
