import { fileURLToPath } from 'node:url';
import { employ } from '../../simulator/batch/crew.js';
import { type ShrunkFailure, shrinkSeed, tellFailure } from '../../simulator/batch/failure.js';
import { type SeedReport, runSeed } from '../../simulator/batch/seed-run.js';
import { Tally } from '../../simulator/batch/tally.js';
import type { ExitCode } from '../exit-code.js';
import { EXIT, UsageError } from '../exit-code.js';
import { countText } from '../figures.js';
import type { World } from '../world.js';
import { write } from '../world.js';
import { batchJson, batchText } from './sim-report.js';
import { type BatchSettings, type SimOptions, readJobs, readSettings } from './sim-settings.js';
import { traceSeed } from './trace-file.js';

/** A batch ends early after so many failing seeds: more of them tell nothing new. */
const FAILURE_LIMIT = 10;
/** In a batch, one seed in so many is run a second time and compared. */
const TWICE_EVERY = 10;

/** `quorate sim`: status 0 for a clean verdict only. */
export async function simulate(world: World, options: SimOptions): Promise<ExitCode> {
  if (options.mutants !== undefined) {
    const { huntMutants } = await import('./mutants-command.js');
    return huntMutants(world, options.mutants, options.json === true, readJobs(options.jobs));
  }
  if (options.explore !== undefined) {
    const { exploreBounds } = await import('./explore-command.js');
    return exploreBounds(world, options.explore, options.json === true);
  }
  const batch = readSettings(options);
  const { trace } = options;
  if (trace !== undefined) {
    if (!batch.isSingle) throw new UsageError('--trace writes one run: name it with --seed');
    await traceSeed(world, trace, batch.from, batch.settings);
  }
  const tally = new Tally();
  const startMs = performance.now();
  const problem = await runBatch(world, batch, tally);
  const realMs = performance.now() - startMs;
  const [first] = tally.failures;
  if (first !== undefined && world.err.isTTY === true) world.err.write('shrinking …\r\x1b[K');
  const shrunk = first === undefined ? null : shrinkSeed(first.seed, batch.settings);
  const result = { batch, tally, realMs, problem, shrunk, ...(trace ? { trace } : {}) };
  const text = options.json === true ? batchJson(result) : batchText(result, tellShrunk(shrunk));
  await write(world.out, `${text}\n`);
  const isClean = tally.failures.length + tally.shortfalls().length === 0 && problem === '';
  return isClean ? EXIT.ok : EXIT.failed;
}

function tellShrunk(shrunk: ShrunkFailure | null): string {
  return shrunk === null ? '' : tellFailure(shrunk);
}

/** Adds every report to the tally; gives what kept the batch from its end, or ''. */
async function runBatch(world: World, batch: BatchSettings, tally: Tally): Promise<string> {
  const { from, count, isSingle, jobs, settings } = batch;
  const progress = new BatchProgress(world, batch, tally);
  if (isSingle) {
    tally.add(runSeed(from, settings, true));
    return '';
  }
  const { stopped } = world;
  const endMs = performance.now() + batch.limitMs;
  const heard = (report: SeedReport): boolean => {
    tally.add(report);
    progress.show();
    const isOver = performance.now() >= endMs || tally.failures.length >= FAILURE_LIMIT;
    return !isOver && !stopped.aborted;
  };
  const worker = fileURLToPath(new URL('../../simulator/batch/worker.js', import.meta.url));
  const orders = Array.from({ length: jobs }, (_, job) => ({
    from: from + job,
    stride: jobs,
    count: Math.ceil((count - job) / jobs),
    settings,
    twiceEvery: TWICE_EVERY,
  }));
  const ends = await Promise.all(orders.map((order) => employ(worker, order, heard)));
  progress.end();
  tally.failures.sort((a, b) => a.seed - b.seed);
  if (stopped.aborted) return 'interrupted';
  return ends.find(({ end }) => end === 'failed')?.problem ?? '';
}

/** One line on the error stream, on terminals only. */
class BatchProgress {
  #shownMs = 0;

  constructor(
    readonly world: World,
    readonly batch: BatchSettings,
    readonly tally: Tally,
  ) {}

  show(): void {
    const nowMs = performance.now();
    if (this.world.err.isTTY !== true || nowMs - this.#shownMs < 200) return;
    this.#shownMs = nowMs;
    const { seeds, simulatedMs, operations, failures } = this.tally;
    const of = this.batch.limitMs === Infinity ? ` of ${countText(this.batch.count)}` : '';
    const failed = failures.length === 0 ? '' : `, ${failures.length} FAILED`;
    const hours = (simulatedMs / 3_600_000).toFixed(1);
    this.world.err.write(
      `\r\x1b[K${countText(seeds)}${of} seeds, ${hours} simulated hours, ` +
        `${countText(operations)} operations${failed}`,
    );
  }

  end(): void {
    if (this.#shownMs > 0) this.world.err.write('\r\x1b[K');
  }
}
