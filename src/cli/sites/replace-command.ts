import type { Command } from 'commander';
import type { CommandRunner } from '../command-runner.js';
import type { ExitCode } from '../exit-code.js';
import { EXIT } from '../exit-code.js';
import { pause } from '../pause.js';
import { type ClusterOptions, requireSite, Session, storeCommand } from '../session.js';
import { followChange, LOOK_EVERY_MS, readPlace } from './follow-change.js';
import { actOnSite } from './supervisor-call.js';

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
  const place = options.at === undefined ? null : readPlace(name, options.at, options.city);
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
    await pause(LOOK_EVERY_MS, session.world.stopped);
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
  const ended = (): [boolean, string] => [true, `${name} is replaced.`];
  return followChange(session, { site: name, ended });
}
