import { join } from 'node:path';
import { employ } from '../batch/crew.js';
import { type SeedReport, type SeedSettings, runSeed } from '../batch/seed-run.js';
import type { Mutant } from './mutant.js';
import type { Workshop } from './workshop.js';

/** Three independent stretches of seeds. */
const STARTS = [1, 100_001, 200_001] as const;
const SEEDS = 300;

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
  /** The copy could not be made or run; nothing is known of the mutant then. */
  readonly problem: string;
}

/** Runs a mutant's copy from each start point until a judge finds something. */
export async function hunt(workshop: Workshop, mutant: Mutant): Promise<HuntResult> {
  const built = await workshop.build(mutant);
  if (!built.ok) return { mutant, kills: [], seedsRun: 0, problem: built.reason };
  const worker = join(built.folder, 'simulator', 'batch', 'worker.js');
  const kills: Kill[] = [];
  let seedsRun = 0;
  for (const start of STARTS) {
    const { kill, ran, problem } = await huntFrom(worker, mutant, start);
    seedsRun += ran;
    if (problem !== '') return { mutant, kills, seedsRun, problem };
    if (kill === null) continue;
    // A kill proves something only where the unchanged code is clean.
    const [own] = runSeed(kill.seed, kill.settings, false).findings;
    if (own !== undefined) {
      const again = `the unchanged code fails too at seed ${kill.seed}: ${own.message}`;
      return { mutant, kills, seedsRun, problem: again };
    }
    kills.push(kill);
  }
  await workshop.clear(mutant);
  return { mutant, kills, seedsRun, problem: '' };
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
  const count = Math.ceil((mutant.seeds ?? SEEDS) / mixes.length);
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

/** The middle of the numbers of seeds it took; null where it survived one of the start points. */
export function medianSeeds(result: HuntResult): number | null {
  const seeds = result.kills.map((kill) => kill.seeds).sort((a, b) => a - b);
  return seeds.length === STARTS.length ? (seeds[1] ?? null) : null;
}
