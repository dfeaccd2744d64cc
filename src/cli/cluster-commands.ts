import type { Command } from 'commander';
import type { SiteEndpoint } from '../client/site-endpoint.js';
import { checkFileName } from '../site/site-names.js';
import { bucketName, storeName } from './store-name.js';
import type { ExitCode } from './exit-code.js';
import { EXIT, UsageError } from './exit-code.js';
import { printable, tableLines } from './figures.js';
import type { CommandRunner } from './command-runner.js';
import type { ClusterOptions } from './session.js';
import { exampleText, requireSite, Session, storeCommand } from './session.js';
import type { RunSite } from './site-command.js';
import { parentChannel, runSiteCommand } from './site-command.js';
import { actOnSite } from './sites/supervisor-call.js';
import type { SiteView } from './status-screen.js';
import { judge, statusScreen } from './status-screen.js';
import { write } from './world.js';
import { pause } from './pause.js';

const WATCH_STEP_MS = 1000;
const VIEW_LIMIT_MS = 1500;

type StatusOptions = ClusterOptions & { readonly watch?: boolean };

export function addStatusCommand(program: Command, run: CommandRunner): void {
  storeCommand(program, 'status', 'show every site, who is primary and who is behind', [
    'status',
    'status --watch',
    'status --json',
  ])
    .option('-w, --watch', 'keep it live until Ctrl-C')
    .action((options: StatusOptions) =>
      run((world) => status(new Session(world, options), options.watch === true)),
    );
}

async function status(session: Session, watch: boolean): Promise<ExitCode> {
  if (!watch) return showStatus(session, '');
  const { stopped, out } = session.world;
  const clear = out.isTTY === true && !session.json ? '\x1b[2J\x1b[H' : '';
  let exit: ExitCode = EXIT.ok;
  while (!stopped.aborted) {
    exit = await showStatus(session, clear);
    await pause(WATCH_STEP_MS, stopped);
  }
  return exit;
}

async function showStatus(session: Session, clear: string): Promise<ExitCode> {
  const views = await viewsOf(session);
  const verdict = judge(views);
  const value = {
    ...verdict,
    sites: views.map(({ endpoint: { site, url }, cluster }) => ({ site, url, cluster })),
  };
  const text = session.json ? JSON.stringify(value) : statusScreen(views);
  await write(session.world.out, `${clear}${text}\n`);
  return verdict.health === 'down' || verdict.health === 'read_only' ? EXIT.unavailable : EXIT.ok;
}

/**
 * Asks every site for itself: how far replicas are behind only the primaries know. Sites that the
 * others tell of are asked too, and those that have left are not counted any more.
 */
export async function viewsOf(session: Session): Promise<SiteView[]> {
  const views = await askAll(session, session.sites);
  const told = views.flatMap(({ cluster }) => (cluster ? [cluster.sites] : []));
  if (told.length === 0) return views;
  const [{ ca } = {}] = session.sites;
  const unknown = new Map<string, SiteEndpoint>();
  for (const { site, url } of told.flat()) {
    if (session.sites.some((known) => known.site === site) || !URL.canParse(url)) continue;
    unknown.set(site, { site, url, ...(ca !== undefined && { ca }) });
  }
  const isThere = (site: string): boolean =>
    told.some((sites) => sites.some((each) => each.site === site));
  const more = await askAll(session, [...unknown.values()]);
  return [...views.filter(({ endpoint }) => isThere(endpoint.site)), ...more];
}

function askAll(session: Session, sites: readonly SiteEndpoint[]): Promise<SiteView[]> {
  return Promise.all(
    sites.map(async (endpoint): Promise<SiteView> => {
      const client = session.clientOf({
        sites: [endpoint],
        near: endpoint.site,
        retries: { deadlineMs: 0, backoffMs: [0, 0] },
        silenceLimitMs: VIEW_LIMIT_MS,
      });
      const cluster = await client.cluster();
      return { endpoint, cluster: cluster.ok ? cluster.value : null };
    }),
  );
}

export function addPrimaryCommand(program: Command, run: CommandRunner): void {
  const primary = program
    .command('primary')
    .description('show or change which site is the primary of which files')
    .addHelpText('after', exampleText(['primary list', 'primary get docs/file1.txt']));
  storeCommand(primary, 'list', 'list the rules', ['primary list']).action(
    (options: ClusterOptions) =>
      run(async (world) => {
        const session = new Session(world, options);
        const table = await session.client.primaries();
        if (!table.ok) return session.fail(table);
        const rows = table.value.rules.map(({ pattern, sites }) => [
          printable(pattern),
          sites.join(', '),
        ]);
        await session.show(table.value, () => tableLines([['NAMES', 'HOME'], ...rows]).join('\n'));
        return EXIT.ok;
      }),
  );
  storeCommand(primary, 'get <name>', 'show the primary of one file', [
    'primary get docs/file1.txt',
  ]).action((name: string, options: ClusterOptions) =>
    run(async (world) => {
      const session = new Session(world, options);
      const found = await session.client.primaryOf(storeName(name));
      if (!found.ok) return session.fail(found);
      const { home, primary: acting, rule } = found.value;
      await session.show(found.value, () => {
        const now = acting === '' ? 'nobody' : acting;
        return `${printable(name)}: primary ${now}, home ${home}, by the rule ${printable(rule.pattern)}`;
      });
      return EXIT.ok;
    }),
  );
  storeCommand(primary, 'set <pattern> <site>', 'give names without files a home', [
    'primary set docs/report.pdf lon',
    "primary set 'docs/london/*' lon       # a prefix ends in *",
    "primary set '*/file4.txt' tor         # in any bucket",
  ]).action((pattern: string, site: string, options: ClusterOptions) =>
    run(async (world) => {
      const session = new Session(world, options);
      requireSite(session.sites, site);
      const changed = await session.client.setPrimary(checkPattern(pattern), site);
      if (!changed.ok) return session.fail(changed);
      await session.show(changed.value, () => `${printable(pattern)} -> ${site}`);
      return EXIT.ok;
    }),
  );
}

function checkPattern(pattern: string): string {
  const slash = pattern.indexOf('/');
  if (slash < 0) throw new UsageError(`"${pattern}": a pattern is bucket/path or bucket/prefix*`);
  const bucket = pattern.slice(0, slash);
  if (bucket !== '*') bucketName(bucket);
  const check = checkFileName(`any${pattern.slice(slash)}`);
  if (!check.ok) throw new UsageError(`"${pattern}": ${check.message}`);
  return pattern;
}

type SiteOptions = ClusterOptions & { readonly config?: string };

export function addSiteCommand(program: Command, run: CommandRunner, runSite: RunSite): Command {
  const site = program
    .command('site')
    .description('run one site, or stop, start or kill a site of a running cluster')
    .option('--config <file>', 'run the site that this TOML file describes')
    .addHelpText(
      'after',
      exampleText(['site --config nyc.toml', 'site stop nyc', 'site start nyc', 'site kill nyc']),
    )
    .action((options: SiteOptions) =>
      run((world) => {
        const { config } = options;
        if (config === undefined) {
          throw new UsageError('say --config FILE, or one of: site stop, site start, site kill');
        }
        return runSiteCommand(world, config, runSite, parentChannel());
      }),
    );
  const actions = [
    ['stop', 'stop a site: it hands its files over first'],
    ['start', 'start a site again'],
    ['kill', 'kill a site at once, as a power cut would'],
  ] as const;
  for (const [action, description] of actions) {
    storeCommand(site, `${action} <name>`, description, [`site ${action} nyc`]).action(
      (name: string, options: ClusterOptions) =>
        run((world) => actOnSite(new Session(world, options), name, action)),
    );
  }
  return site;
}
