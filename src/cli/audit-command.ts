import type { Command } from 'commander';
import type { AuditAnswer } from '../client/audit-answers.js';
import type { CommandRunner } from './command-runner.js';
import type { ExitCode } from './exit-code.js';
import { EXIT, UsageError } from './exit-code.js';
import { dateText, printable, tableLines } from './figures.js';
import type { ClusterOptions } from './session.js';
import { Session, storeCommand } from './session.js';

type AuditOptions = ClusterOptions & { readonly limit: string; readonly refused?: boolean };
type Entry = AuditAnswer['entries'][number];

const LIMIT = 1000;

export function addAuditCommand(program: Command, run: CommandRunner): void {
  storeCommand(program, 'audit', 'show who did what at each site, the newest last', [
    'audit',
    'audit --refused --limit 20',
    'audit --json',
  ])
    .option('--limit <n>', `of each site, 1 to ${LIMIT}`, '50')
    .option('--refused', 'only what was refused')
    .action((options: AuditOptions) => run((world) => audit(new Session(world, options), options)));
}

async function audit(session: Session, options: AuditOptions): Promise<ExitCode> {
  const limit = /^\d{1,4}$/.test(options.limit) ? Number(options.limit) : 0;
  if (limit < 1 || limit > LIMIT) throw new UsageError(`--limit is 1 to ${LIMIT}`);
  const answers = await Promise.all(
    session.sites.map((endpoint) =>
      session
        .clientOf({ sites: [endpoint], near: endpoint.site, retries: ONE_ATTEMPT })
        .audit(limit),
    ),
  );
  const first = answers.find((answer) => !answer.ok);
  const told = answers.filter((answer) => answer.ok);
  if (told.length === 0 && first?.ok === false) return session.fail(first);
  const entries = told
    .flatMap(({ value }) => value.entries)
    .filter(({ outcome }) => options.refused !== true || outcome === 'refused')
    .sort((a, b) => (a.at < b.at ? -1 : 1));
  await session.show(entries, () => tableLines([HEAD, ...entries.map(rowOf)]).join('\n'));
  if (first?.ok === false) await session.note(`quorate: not all sites answered: ${first.message}`);
  return first === undefined ? EXIT.ok : EXIT.unavailable;
}

const ONE_ATTEMPT = { deadlineMs: 0, backoffMs: [0, 0] } as const;
const HEAD = ['WHEN', 'SITE', 'WHO', 'FROM', 'BY', 'WHAT', 'OUTCOME'];

function rowOf({ at, site, who, from, by, act, what, outcome, answer }: Entry): string[] {
  const did = `${act} ${printable(what)}`;
  return [dateText(at), site, printable(who), from, by, did, `${outcome} (${printable(answer)})`];
}
