import type { Command } from 'commander';
import type { SiteEndpoint } from '../client/site-endpoint.js';
import type { UpkeepAnswer, VerifyAnswer } from '../client/upkeep-answers.js';
import type { CommandRunner } from './command-runner.js';
import type { ExitCode } from './exit-code.js';
import { EXIT } from './exit-code.js';
import { bytesText, countText, printable, tableLines } from './figures.js';
import { type ClusterOptions, requireSite, Session, storeCommand } from './session.js';

const ASK_EVERY_MS = 500;
/** Comparing reads all versions; nothing is said before it is done. */
const VERIFY_LIMIT_MS = 900_000;

type Scrub = UpkeepAnswer['scrub'];

/** What became of one site's pass. */
interface Pass {
  readonly site: string;
  /** Null when the site did not answer to the end. */
  readonly scrub: Scrub | null;
  readonly message: string;
}

/** scrub and verify: whether what the sites keep is good, and the same. */
export function addUpkeepCommands(program: Command, run: CommandRunner): void {
  storeCommand(
    program,
    'scrub [sites...]',
    'read everything that sites keep, and repair what is damaged',
    ['scrub', 'scrub nyc', 'scrub --json'],
  ).action((names: readonly string[], options: ClusterOptions) =>
    run((world) => scrub(new Session(world, options), names)),
  );
  storeCommand(
    program,
    'verify',
    'compare all sites: every version, and whether each site has its chunks',
    ['verify', 'verify --near lon', 'verify --json'],
  ).action((options: ClusterOptions) =>
    run((world) => verify(new Session(world, options), options)),
  );
}

async function scrub(session: Session, names: readonly string[]): Promise<ExitCode> {
  const sites =
    names.length === 0 ? session.sites : names.map((name) => requireSite(session.sites, name));
  const passes = await Promise.all(sites.map((site) => scrubSite(session, site)));
  await session.show(passes, () => scrubText(passes));
  if (passes.some(({ scrub: pass }) => pass === null)) return EXIT.unavailable;
  return passes.every(({ scrub: pass }) => pass?.findings.length === 0) ? EXIT.ok : EXIT.failed;
}

async function scrubSite(session: Session, endpoint: SiteEndpoint): Promise<Pass> {
  const { site } = endpoint;
  const client = session.clientOf({ sites: [endpoint], near: site });
  const begun = await client.scrub();
  if (!begun.ok) return { site, scrub: null, message: begun.message };
  const { passes } = begun.value.scrub;
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
    const asked = await client.cluster();
    if (!asked.ok) return { site, scrub: null, message: asked.message };
    const scrub = asked.value.upkeep?.scrub;
    if (scrub === undefined) return { site, scrub: null, message: 'it says nothing of scrubbing' };
    if (scrub.passes > passes) return { site, scrub, message: '' };
    if (session.world.stopped.aborted) {
      return { site, scrub: null, message: 'the pass goes on without this command' };
    }
    if (session.world.err.isTTY === true && !session.json) {
      await session.note(`${site}: ${countText(scrub.chunks)} chunks, ${bytesText(scrub.bytes)}`);
    }
  }
}

function scrubText(passes: readonly Pass[]): string {
  const rows = passes.map(({ site, scrub: pass, message }) => {
    if (pass === null) return [site, `did not finish: ${message}`];
    const seconds = Math.max(0.001, ((pass.endedMs ?? 0) - (pass.startedMs ?? 0)) / 1000);
    return [
      site,
      countText(pass.chunks),
      `${bytesText(pass.bytes)}, ${bytesText(pass.bytes / seconds)}/s`,
      countText(pass.records),
      countText(pass.damaged),
      countText(pass.missing),
      countText(pass.repaired),
    ];
  });
  const head = ['SITE', 'CHUNKS', 'CONTENT', 'RECORDS', 'DAMAGED', 'MISSING', 'REPAIRED'];
  const findings = passes.flatMap(({ site, scrub: pass }) =>
    (pass?.findings ?? []).map((finding) => `${site}: ${printable(finding)}`),
  );
  return [...tableLines([head, ...rows]), ...findings].join('\n');
}

async function verify(session: Session, options: ClusterOptions): Promise<ExitCode> {
  const { near } = options;
  const client = session.clientOf({
    sites: session.sites,
    silenceLimitMs: VERIFY_LIMIT_MS,
    ...(near !== undefined && { near }),
  });
  const verified = await client.verify();
  if (!verified.ok) return session.fail(verified);
  const { value, site } = verified;
  await session.show({ asked: site, ...value }, () => verifyText(value, site));
  return value.equal ? EXIT.ok : EXIT.failed;
}

function verifyText({ equal, views, chunks }: VerifyAnswer, asked: string): string {
  const rows = views.map(({ shard, site, position, reason, differences }) => {
    const here = chunks.find((check) => check.shard === shard && check.site === site);
    const place =
      position === null ? 'not compared' : `${position.epoch}/${countText(position.seq)}`;
    return [
      shard,
      site,
      place,
      position === null ? '?' : countText(differences.length),
      here?.references == null ? '?' : countText(here.lacking.length),
      reason,
    ];
  });
  const named = views.flatMap(({ shard, site, differences }) =>
    differences.map(({ record, at }) => {
      const who =
        at === 'both'
          ? `differs at ${asked} and ${site}`
          : `only at ${at === 'here' ? asked : site}`;
      return `${shard}: ${printable(record)}: ${who}`;
    }),
  );
  const lacking = chunks.flatMap((check) =>
    check.lacking.map(
      (what) => `${check.shard}: ${printable(what)}: chunks lacking at ${check.site}`,
    ),
  );
  const head = ['FILES OF', `${asked} AND`, 'POSITION', 'DIFFERENCES', 'LACKING CHUNKS', ''];
  const verdict = equal
    ? 'All sites are the same: divergence 0.'
    : 'Not all sites are known to be the same.';
  return [verdict, '', ...tableLines([head, ...rows]), ...named, ...lacking].join('\n');
}
