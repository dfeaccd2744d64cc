import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { readBasePort } from '../cluster-address.js';
import { EXIT, type ExitCode, UsageError } from '../exit-code.js';
import { messageOf } from '../folder-transfer.js';
import { type CoordinatorKind } from '../up/etcd-plan.js';
import { readWan } from '../up/cluster-plan.js';
import type { World } from '../world.js';
import { write } from '../world.js';
import { BenchCluster, BenchFailed, type ClusterOptions } from './bench-cluster.js';
import { type Figure, figureLines, isMet } from './figure.js';
import { type BenchSettings, PROCESSORS, type Workload } from './workload.js';
import { cachedWrites } from './workloads/cached-writes.js';
import { cachedReads } from './workloads/cached-reads.js';
import { clientMemory } from './workloads/client-memory.js';
import { leasedReads } from './workloads/leased-reads.js';
import { readMix } from './workloads/read-mix.js';
import { vanished } from './workloads/vanished.js';
import { catchUp } from './workloads/catch-up.js';
import { editedFile } from './workloads/edited-file.js';
import { parallelUploads } from './workloads/parallel-uploads.js';
import { failover, plannedStop } from './workloads/failover.js';
import { largeFile } from './workloads/large-file.js';
import { hostile } from './workloads/hostile.js';
import { overload } from './workloads/overload.js';
import { manyFiles } from './workloads/many-files.js';
import { rollingRestart } from './workloads/rolling-restart.js';
import { readThroughput, writeThroughput } from './workloads/throughput.js';
import { s3Latency } from './workloads/s3-latency.js';
import { s3Listing } from './workloads/s3-listing.js';
import { s3Throughput } from './workloads/s3-throughput.js';
import { writeLatency } from './workloads/write-latency.js';

export interface BenchOptions {
  readonly world: World;
  /** Names; none for all. */
  readonly workloads: readonly string[];
  readonly json?: boolean;
  readonly wan?: string;
  readonly basePort: string;
  readonly data?: string;
  readonly seconds?: string;
  readonly coordinator?: CoordinatorKind;
}

export const WORKLOADS: readonly Workload[] = [
  writeLatency,
  writeThroughput,
  readThroughput,
  cachedReads,
  leasedReads,
  cachedWrites,
  readMix,
  vanished,
  clientMemory,
  largeFile,
  editedFile,
  parallelUploads,
  failover,
  plannedStop,
  rollingRestart,
  catchUp,
  manyFiles,
  s3Throughput,
  s3Latency,
  s3Listing,
  overload,
  hostile,
];

interface Report {
  readonly workload: string;
  readonly wan: string;
  readonly processors: number;
  /** Load of the machine before the workload, over a minute. */
  readonly loadBefore: number;
  readonly figures: readonly (Figure & { readonly met: boolean | null })[];
  /** Why the workload came to no end; null when it did. */
  readonly failure: string | null;
}

/**
 * `quorate bench`: runs each workload on a fresh cluster of processes and prints its figures. The
 * status is `failed` when a workload came to no end or a goal was missed.
 */
export async function runBench(options: BenchOptions): Promise<ExitCode> {
  const { world, json = false } = options;
  const chosen = choose(options.workloads);
  if (options.wan !== undefined) readWan(options.wan);
  const secondsEach = readSeconds(options.seconds ?? '10');
  readBasePort(options.basePort);
  const given = options.data;
  const folder =
    given === undefined
      ? await mkdtemp(join(tmpdir(), 'quorate-bench-'))
      : resolve(world.folder, given);
  const { stopped } = world;
  const reports: Report[] = [];
  try {
    for (const workload of chosen) {
      if (stopped.aborted) break;
      const report = await runWorkload(workload, options, folder, secondsEach);
      reports.push(report);
      if (!json) await write(world.out, `${reportText(report, workload)}\n\n`);
      if (given === undefined) await rm(join(folder, workload.name), { recursive: true });
    }
  } finally {
    if (given === undefined) await rm(folder, { recursive: true, force: true });
  }
  if (json) await write(world.out, `${JSON.stringify(reports, null, 2)}\n`);
  const good = reports.every(
    ({ failure, figures }) => failure === null && figures.every(({ met }) => met !== false),
  );
  return good && reports.length === chosen.length ? EXIT.ok : EXIT.failed;
}

async function runWorkload(
  workload: Workload,
  options: BenchOptions,
  folder: string,
  secondsEach: number,
): Promise<Report> {
  const { world } = options;
  const say = (text: string): void => {
    world.err.write(`  ${workload.name}: ${text}\n`);
  };
  const dataFolder = join(folder, workload.name);
  await mkdir(dataFolder, { recursive: true });
  const wan = options.wan ?? workload.wan;
  const settings: BenchSettings = { secondsEach, say, dataFolder };
  const [loadBefore = 0] = loadavg();
  const basePort = readBasePort(options.basePort);
  const { figures, failure } = await runOn(
    workload,
    { dataFolder, basePort, wan, coordinator: options.coordinator ?? 'embedded', report: say },
    settings,
    world.stopped,
  );
  return {
    workload: workload.name,
    wan,
    processors: PROCESSORS,
    loadBefore,
    figures: figures.map((figure) => ({ ...figure, met: isMet(figure) })),
    failure,
  };
}

async function runOn(
  workload: Workload,
  clusterOptions: ClusterOptions,
  settings: BenchSettings,
  stopped: AbortSignal,
): Promise<{ figures: readonly Figure[]; failure: string | null }> {
  let cluster: BenchCluster | undefined;
  try {
    cluster = await BenchCluster.start(clusterOptions);
    const figures = await Promise.race([workload.run(cluster, settings), interruption(stopped)]);
    return { figures, failure: null };
  } catch (error) {
    return { figures: [], failure: messageOf(error) };
  } finally {
    await cluster?.stop();
  }
}

/** Rejects once the command is to end; the workload then ends with its cluster. */
function interruption(stopped: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const end = (): void => reject(new BenchFailed('interrupted'));
    if (stopped.aborted) end();
    else stopped.addEventListener('abort', end, { once: true });
  });
}

function reportText({ figures, failure, loadBefore }: Report, { name, summary }: Workload): string {
  const title = `${name}: ${summary} (load of the machine before: ${loadBefore.toFixed(1)})`;
  const result = failure === null ? figureLines(figures) : [`FAILED: ${failure}`];
  return [title, ...result.map((line) => `  ${line}`)].join('\n');
}

function choose(names: readonly string[]): readonly Workload[] {
  if (names.length === 0) return WORKLOADS;
  return names.flatMap((name) => {
    const found = WORKLOADS.filter(
      (workload) => workload.name === name || workload.name.startsWith(`${name}-`),
    );
    if (found.length > 0) return found;
    const known = WORKLOADS.map((workload) => `  ${workload.name}: ${workload.summary}`);
    throw new UsageError(`there is no workload "${name}"; there are\n${known.join('\n')}`);
  });
}

function readSeconds(text: string): number {
  const seconds = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (seconds < 1) throw new UsageError(`--seconds ${text}: it has to be 1 or more`);
  return seconds;
}
