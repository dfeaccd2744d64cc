import { fileURLToPath } from 'node:url';
import { type HuntResult, hunt, isKilled, medianSeeds } from '../../simulator/mutants/hunt.js';
import type { Mutant } from '../../simulator/mutants/mutant.js';
import { Workshop } from '../../simulator/mutants/workshop.js';
import type { ExitCode } from '../exit-code.js';
import { EXIT, UsageError } from '../exit-code.js';
import { tableLines } from '../figures.js';
import type { World } from '../world.js';
import { write } from '../world.js';

/** `quorate sim --mutants`: status 0 when every mutant is killed from every start point. */
export async function huntMutants(
  world: World,
  ids: boolean | string,
  json: boolean,
  jobs: number,
): Promise<ExitCode> {
  const root = fileURLToPath(new URL('../../../', import.meta.url));
  const workshop = await Workshop.open(root);
  if (workshop === null) {
    throw new UsageError('--mutants needs a source checkout with its development packages');
  }
  const wanted = typeof ids === 'string' ? ids.split(',') : null;
  const all = await workshop.mutants();
  const chosen = wanted === null ? all : all.filter(({ id }) => wanted.includes(id));
  const missing = wanted?.find((id) => !all.some((mutant) => mutant.id === id));
  if (missing !== undefined) throw new UsageError(`there is no mutant ${missing}`);
  const results = await huntAll(world, workshop, chosen, jobs);
  const text = json ? JSON.stringify(results.map(toJson)) : report(results);
  await write(world.out, `${text}\n`);
  return results.every((result) => isAsExpected(result, results)) && !world.stopped.aborted
    ? EXIT.ok
    : EXIT.failed;
}

async function huntAll(
  world: World,
  workshop: Workshop,
  mutants: readonly Mutant[],
  jobs: number,
): Promise<HuntResult[]> {
  const results: HuntResult[] = [];
  const { stopped } = world;
  const waiting = [...mutants];
  const lane = async (): Promise<void> => {
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      if (stopped.aborted) return;
      const result = await hunt(workshop, mutant);
      results.push(result);
      if (world.err.isTTY !== true) continue;
      world.err.write(
        `\r\x1b[K${results.length} of ${mutants.length}: ${row(result).join('  ')}\n`,
      );
    }
  };
  await Promise.all(Array.from({ length: jobs }, lane));
  return mutants.flatMap((mutant) => results.filter((result) => result.mutant === mutant));
}

/**
 * A mutant that is known to change nothing must not be killed either, since its reason would be
 * wrong; and what covers for it has to be seen when that is dropped, if it was tried here.
 */
function isAsExpected(result: HuntResult, all: readonly HuntResult[]): boolean {
  const { mutant, kills, problem } = result;
  if (problem !== '') return false;
  if (mutant.redundant === undefined) return isKilled(result);
  const { guard } = mutant.redundant;
  const tried = all.find((other) => other.mutant.id === guard);
  return kills.length === 0 && (tried === undefined || isKilled(tried));
}

function row(result: HuntResult): string[] {
  const { mutant, kills, seedsRun, scenario, problem } = result;
  const { id, redundant } = mutant;
  const median = medianSeeds(result);
  const invariants = [...new Set(kills.map(({ invariant }) => invariant))].join(', ');
  if (problem !== '') return [id, 'BROKEN', '', '', problem];
  if (redundant !== undefined) {
    if (kills.length > 0) return [id, 'KILLED', invariants, '', 'called redundant, and is not'];
    return [id, 'redundant', `see ${redundant.guard}`, '', redundant.reason];
  }
  if (scenario !== null) return [id, 'killed', `scenario ${mutant.scenario}`, '\u2013', ''];
  if (median !== null) return [id, 'killed', invariants, String(median), ''];
  const partly = kills.length > 0 ? `, killed from ${kills.length} of 3 starts` : '';
  return [id, 'SURVIVED', invariants, '', `${seedsRun} seeds${partly}`];
}

function report(results: readonly HuntResult[]): string {
  const killed = results.filter(isKilled).length;
  const redundant = results.filter(({ mutant }) => mutant.redundant !== undefined).length;
  const bad = results.filter((result) => !isAsExpected(result, results)).length;
  const rows = [['MUTANT', 'FATE', 'BY', 'MEDIAN SEEDS', ''], ...results.map(row)];
  const verdict = [
    `${killed} of ${results.length} mutants killed`,
    ...(redundant > 0 ? [`${redundant} redundant, where the code guards twice`] : []),
    ...(bad > 0 ? [`${bad} NOT AS EXPECTED`] : []),
  ];
  return [...tableLines(rows), '', `Verdict: ${verdict.join(', ')}.`].join('\n');
}

function toJson(result: HuntResult): object {
  const { mutant, kills, seedsRun, scenario, problem } = result;
  const { id, title, redundant } = mutant;
  const median = medianSeeds(result);
  const told = { id, title, redundant: redundant ?? null, scenario: mutant.scenario ?? null };
  return { ...told, by: scenario, medianSeeds: median, kills, seedsRun, problem };
}
