import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { employ } from '../batch/crew.js';
import { type SeedReport, type SeedSettings, runSeed } from '../batch/seed-run.js';
import type { Mutant } from './mutant.js';
import { playAgainst } from './scenario-check.js';
import type { Workshop } from './workshop.js';

/** Three independent stretches of seeds. */
const STARTS = [1, 100_001, 200_001] as const;
const SEEDS = 300;
/** A mutant that is redundant has to survive these, from each start point. */
const REDUNDANT_SEEDS = 10;
/** The unchanged code, as this process runs it. */
const OWN_FOLDER = fileURLToPath(new URL('../../', import.meta.url));

export interface Kill {
  /** Seeds run until it failed, the failing one included. */
  readonly seeds: number;
  readonly seed: number;
  readonly invariant: string;
  readonly message: string;
  readonly settings: SeedSettings;
}

export interface HuntResult {
  readonly mutant: Mutant;
  /** One for each start point at which it was killed. */
  readonly kills: readonly Kill[];
  readonly seedsRun: number;
  /** What did not hold in the mutant's scenario; null where seeds decide. */
  readonly scenario: { readonly by: string; readonly message: string } | null;
  /** The copy could not be made or run; nothing is known of the mutant then. */
  readonly problem: string;
}

/** Plays a mutant's scenario, or runs its copy from each start point until a judge finds something. */
export async function hunt(workshop: Workshop, mutant: Mutant): Promise<HuntResult> {
  const built = await workshop.build(mutant);
  const nothing = { mutant, kills: [], seedsRun: 0, scenario: null, problem: '' };
  if (!built.ok) return { ...nothing, problem: built.reason };
  const result =
    mutant.scenario === undefined
      ? { ...nothing, ...(await huntBySeeds(built.folder, mutant)) }
      : { ...nothing, ...(await huntByScenario(workshop, built.folder, mutant.scenario)) };
  if (result.problem === '') await workshop.clear(mutant);
  return result;
}

async function huntByScenario(
  workshop: Workshop,
  folder: string,
  name: string,
): Promise<Pick<HuntResult, 'scenario' | 'problem'>> {
  const text = await readFile(workshop.scenarioPath(name), 'utf8');
  const own = await playAgainst(OWN_FOLDER, text);
  if (own.verdict !== 'holds') {
    return { scenario: null, problem: `the unchanged code fails ${name} too: ${own.message}` };
  }
  const played = await playAgainst(folder, text);
  if (played.verdict === 'killed') return { scenario: played, problem: '' };
  const problem = played.verdict === 'holds' ? '' : `${name} shows nothing: ${played.message}`;
  return { scenario: null, problem };
}

async function huntBySeeds(
  folder: string,
  mutant: Mutant,
): Promise<Pick<HuntResult, 'kills' | 'seedsRun' | 'problem'>> {
  const worker = join(folder, 'simulator', 'batch', 'worker.js');
  const kills: Kill[] = [];
  let seedsRun = 0;
  for (const start of STARTS) {
    const { kill, ran, problem } = await huntFrom(worker, mutant, start);
    seedsRun += ran;
    if (problem !== '') return { kills, seedsRun, problem };
    if (kill === null) continue;
    // A kill proves something only where the unchanged code is clean.
    const [own] = runSeed(kill.seed, kill.settings, false).findings;
    if (own !== undefined) {
      const again = `the unchanged code fails too at seed ${kill.seed}: ${own.message}`;
      return { kills, seedsRun, problem: again };
    }
    kills.push(kill);
  }
  return { kills, seedsRun, problem: '' };
}

async function huntFrom(
  worker: string,
  mutant: Mutant,
  from: number,
): Promise<{ readonly kill: Kill | null; readonly ran: number; readonly problem: string }> {
  const { only, sites, set } = mutant;
  const base: SeedSettings = {
    ...(sites === undefined ? {} : { sites }),
    ...(set === undefined ? {} : { set }),
  };
  const mixes: SeedSettings[] = only === undefined ? [base] : [{ ...base, only }, base];
  const most = mutant.redundant === undefined ? (mutant.seeds ?? SEEDS) : REDUNDANT_SEEDS;
  const count = Math.ceil(most / mixes.length);
  let ran = 0;
  let kill: Kill | null = null;
  for (const settings of mixes) {
    const order = { from, stride: 1, count, settings, twiceEvery: 0 };
    const { end, problem } = await employ(worker, order, (report: SeedReport) => {
      ran += 1;
      const [finding] = report.findings;
      if (finding === undefined) return true;
      const { invariant, message } = finding;
      kill = { seeds: ran, seed: report.seed, invariant, message, settings };
      return false;
    });
    if (kill !== null || end === 'failed') return { kill, ran, problem };
  }
  return { kill, ran, problem: '' };
}

/** Found by its scenario, or by seeds from every start point. */
export function isKilled(result: HuntResult): boolean {
  return result.scenario !== null || medianSeeds(result) !== null;
}

/** The middle of the numbers of seeds it took; null where it survived one of the start points. */
export function medianSeeds(result: HuntResult): number | null {
  const seeds = result.kills.map((kill) => kill.seeds).sort((a, b) => a - b);
  return seeds.length === STARTS.length ? (seeds[1] ?? null) : null;
}
