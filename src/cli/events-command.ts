import type { Command } from 'commander';
import type { HttpClient } from '../client/http-client.js';
import type { ToldEvent } from '../client/events-answer.js';
import type { CommandRunner } from './command-runner.js';
import type { ExitCode } from './exit-code.js';
import { EXIT, UsageError } from './exit-code.js';
import { printable } from './figures.js';
import { type ClusterOptions, requireSite, Session, storeCommand } from './session.js';
import { pause } from './pause.js';

const ASK_EVERY_MS = 1000;
const SILENCE_LIMIT_MS = 5000;
const DEFAULT_EVENTS = '50';
/** As many as a site keeps. */
const EVENTS_LIMIT = 1000;

type EventsOptions = ClusterOptions & { readonly follow?: boolean; readonly limit: string };

interface Source {
  readonly site: string;
  readonly client: HttpClient;
  /** The newest that was shown; undefined before the first. */
  lastId: number | undefined;
}

/** `quorate events`: what happened at all sites, by time. */
export function addEventsCommand(program: Command, run: CommandRunner): void {
  storeCommand(
    program,
    'events',
    'show what happened: who became primary and why, what was lost and repaired',
    ['events', 'events --follow', 'events --near lon --limit 200   # of this site only'],
  )
    .option('-f, --follow', 'go on with each event as it happens, until Ctrl-C')
    .option('--limit <n>', `how many at first, 1 to ${EVENTS_LIMIT}`, DEFAULT_EVENTS)
    .action((options: EventsOptions) =>
      run((world) => events(new Session(world, options), options)),
    );
}

async function events(session: Session, options: EventsOptions): Promise<ExitCode> {
  const limit = /^\d{1,4}$/.test(options.limit) ? Number(options.limit) : 0;
  if (limit < 1 || limit > EVENTS_LIMIT) {
    throw new UsageError(`--limit ${options.limit}: it has to be 1 to ${EVENTS_LIMIT}`);
  }
  const { near } = options;
  const sites = near === undefined ? session.sites : [requireSite(session.sites, near)];
  const sources = sites.map((endpoint): Source => {
    const { site } = endpoint;
    const retries = { deadlineMs: 0, backoffMs: [0, 0] } as const;
    const settings = { sites: [endpoint], near: site, retries, silenceLimitMs: SILENCE_LIMIT_MS };
    return { site, client: session.clientOf(settings), lastId: undefined };
  });
  const first = await ask(sources, limit);
  for (const message of first.failures) await session.note(`quorate: ${message}`);
  if (first.failures.length === sources.length) return EXIT.unavailable;
  for (const event of first.events.slice(-limit)) await show(session, event);
  const { stopped } = session.world;
  while (options.follow === true && !stopped.aborted) {
    await pause(ASK_EVERY_MS, stopped);
    for (const event of (await ask(sources, EVENTS_LIMIT)).events) await show(session, event);
  }
  return EXIT.ok;
}

/** What is new at the sites, by time; a site that does not answer is asked again the next time. */
async function ask(
  sources: readonly Source[],
  limit: number,
): Promise<{ events: ToldEvent[]; failures: string[] }> {
  const events: ToldEvent[] = [];
  const failures: string[] = [];
  await Promise.all(
    sources.map(async (source) => {
      const told = await source.client.events(source.lastId, limit);
      if (!told.ok) return void failures.push(`${source.site}: ${told.message}`);
      source.lastId = told.value.events.at(-1)?.id ?? source.lastId ?? 0;
      events.push(...told.value.events);
    }),
  );
  return { events: events.sort((a, b) => a.atMs - b.atMs), failures };
}

function show(session: Session, event: ToldEvent): Promise<void> {
  return session.show(event, () => eventLine(event));
}

/** One event as a line for people. */
export function eventLine({ atMs, site, level, kind, message }: ToldEvent): string {
  const time = new Date(atMs).toISOString().replace('T', ' ').slice(0, 23);
  const mark = level === 'info' ? ' ' : '!';
  return `${time} ${mark} ${site.padEnd(4)} ${kind.padEnd(15)} ${printable(message)}`;
}
