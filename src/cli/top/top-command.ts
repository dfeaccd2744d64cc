import type { Command } from 'commander';
import type { HttpClient } from '../../client/http-client.js';
import type { CommandRunner } from '../command-runner.js';
import type { ExitCode } from '../exit-code.js';
import { EXIT, UsageError } from '../exit-code.js';
import { pause } from '../pause.js';
import { type ClusterOptions, requireSite, Session, storeCommand } from '../session.js';
import { write } from '../world.js';
import { type Page, readMetrics } from './metric-samples.js';
import { PageChange } from './page-change.js';
import { siteFigures } from './site-figures.js';
import { type SiteNow, topScreen } from './top-screen.js';

const SILENCE_LIMIT_MS = 1500;
const DEFAULT_SECONDS = '2';
const LONGEST_SECONDS = 3600;

type TopOptions = ClusterOptions & { readonly once?: boolean; readonly interval: string };

interface Source {
  readonly site: string;
  readonly client: HttpClient;
  page: Page | null;
}

/** `quorate top`: what every site does now, from the difference of two pages of its metrics. */
export function addTopCommand(program: Command, run: CommandRunner): void {
  storeCommand(program, 'top', 'show what the store does now: operations, waits, messages, disks', [
    'top',
    'top --once --interval 10   # over ten seconds, then done',
    'top --json --near lon',
  ])
    .option('--once', 'show it once and end')
    .option('--interval <seconds>', 'over how long', DEFAULT_SECONDS)
    .action((options: TopOptions) => run((world) => top(new Session(world, options), options)));
}

async function top(session: Session, { near, once, interval }: TopOptions): Promise<ExitCode> {
  const seconds = Number(interval);
  if (!(seconds >= 0.1 && seconds <= LONGEST_SECONDS)) {
    const allowed = `0.1 to ${LONGEST_SECONDS} seconds`;
    throw new UsageError(`--interval ${interval}: it has to be ${allowed}`);
  }
  const sites = near === undefined ? session.sites : [requireSite(session.sites, near)];
  const sources = sites.map((endpoint): Source => {
    const retries = { deadlineMs: 0, backoffMs: [0, 0] } as const;
    const { site } = endpoint;
    const silenceLimitMs = SILENCE_LIMIT_MS;
    const client = session.clientOf({ sites: [endpoint], near: site, retries, silenceLimitMs });
    return { site, client, page: null };
  });
  const failures = await Promise.all(sources.map(look));
  const [failure] = failures.filter((each) => each !== null);
  if (failure !== undefined && failures.every((each) => each !== null)) {
    return session.fail(failure);
  }
  const { stopped, out } = session.world;
  const isScreen = out.isTTY === true && !session.json && once !== true;
  do {
    await pause(seconds * 1000, stopped);
    if (stopped.aborted) break;
    const now = await Promise.all(sources.map(figuresOf));
    const text = session.json ? JSON.stringify({ sites: now }) : topScreen(now);
    await write(out, `${isScreen ? '\x1b[2J\x1b[H' : ''}${text}\n`);
  } while (once !== true);
  return EXIT.ok;
}

/** Null, or why there is no page. */
async function look(source: Source): Promise<Failed | null> {
  const told = await source.client.metrics();
  source.page = told.ok ? readMetrics(told.value, performance.now()) : null;
  return told.ok ? null : told;
}

type Failed = Extract<Awaited<ReturnType<HttpClient['metrics']>>, { ok: false }>;

async function figuresOf(source: Source): Promise<SiteNow> {
  const { site, page: before } = source;
  await look(source);
  const { page: after } = source;
  // A site that is back has to be looked at twice.
  const isKnown = before !== null && after !== null;
  return { site, figures: isKnown ? siteFigures(new PageChange(before, after)) : null };
}
