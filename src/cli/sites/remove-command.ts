import type { Command } from 'commander';
import type { CommandRunner } from '../command-runner.js';
import type { ExitCode } from '../exit-code.js';
import { EXIT } from '../exit-code.js';
import { type ClusterOptions, Session, storeCommand } from '../session.js';
import { counts, followChange } from './follow-change.js';
import { askSupervisor } from './supervisor-call.js';

/** `site remove` and `site cancel`: one site fewer, and a change that is given up. */
export function addRemoveCommands(site: Command, run: CommandRunner): void {
  storeCommand(site, 'remove <name>', 'let the running cluster go on without a site', [
    'site remove fra',
    'site remove lon --rehome      # the next site becomes the home of what was at home there',
  ])
    .option('--rehome', 'also if files have their home there')
    .action((name: string, options: ClusterOptions & { readonly rehome?: boolean }) =>
      run((world) => remove(new Session(world, options), name, options.rehome === true)),
    );
  storeCommand(site, 'cancel <name>', 'give up adding or removing a site, if that still can be', [
    'site cancel fra',
  ]).action((name: string, options: ClusterOptions) =>
    run(async (world) => {
      const session = new Session(world, options);
      const cancelled = await session.client.changeSites(name, 'cancel', {});
      if (!cancelled.ok) return session.fail(cancelled);
      await session.show({ site: name, cancelled: true }, () => `${name}: all stays as it was.`);
      return EXIT.ok;
    }),
  );
}

async function remove(session: Session, name: string, rehome: boolean): Promise<ExitCode> {
  const others = session.sites.filter(({ site }) => site !== name);
  const begun = await session.clientOf({ sites: others }).changeSites(name, 'remove', { rehome });
  if (!begun.ok) return session.fail(begun);
  const exit = await followChange(session, {
    site: name,
    ended: (cluster) =>
      counts(cluster, name)
        ? [false, `${name} was not removed: the change was given up.`]
        : [true, doneText(name, cluster.replicas, cluster.writeQuorum, session.isLocal)],
  });
  // Its process ends by itself; one that did not run has to be told of.
  if (exit === EXIT.ok && session.isLocal && session.sites.some(({ site }) => site === name)) {
    await askSupervisor(session, name, { action: 'forget' });
  }
  return exit;
}

function doneText(name: string, replicas: number, writeQuorum: number, isLocal: boolean): string {
  const rest = isLocal ? '' : ' Its machine can be switched off, and its disk be wiped.';
  return `${name} is removed: ${replicas} sites, a write needs ${writeQuorum}.${rest}`;
}
