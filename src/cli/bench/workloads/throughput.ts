import type { BenchCluster } from '../bench-cluster.js';
import { BUCKET } from '../bench-cluster.js';
import type { Figure, Goal } from '../figure.js';
import { amount, spreadOf, spreadText } from '../figure.js';
import type { S3Credentials } from '../../s3-signer.js';
import type { LoadJob, LoadResult } from '../load-job.js';
import { runLoad } from '../load.js';
import { type BenchSettings, PROCESSORS, type Workload } from '../workload.js';

const RUNS = 5;
const WARM_UP_MS = 3000;
const CONNECTIONS = 64;
const BODY_BYTES = 4096;
const NAMES = 4096;

interface Run extends LoadResult {
  /** Of the sites and the coordinator, while the load was measured. */
  readonly sitesCpuMs: number;
}

async function measuredLoad(cluster: BenchCluster, job: LoadJob): Promise<Run> {
  let atBegin = 0;
  const result = await runLoad(job, () => {
    atBegin = cluster.cpuMs();
  });
  return { ...result, sitesCpuMs: cluster.cpuMs() - atBegin };
}

/**
 * Runs a load several times; rate and processor time as figures. Over S3 with a key; of files of
 * their own site, or of `home`.
 */
export async function rate(
  cluster: BenchCluster,
  { secondsEach, say }: BenchSettings,
  what: { readonly name: string; readonly each: string; readonly goal: Goal | null },
  method: 'PUT' | 'GET',
  sites: readonly string[],
  s3?: S3Credentials,
  home?: string,
): Promise<Figure[]> {
  const runs: Run[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    runs.push(
      await measuredLoad(cluster, {
        method,
        targets: sites.map((site) => ({
          port: s3 ? cluster.s3Port(site) : cluster.port(site),
          path: `${s3 ? '' : '/v1/files'}/${BUCKET}/${home ?? site}/rate-`,
        })),
        connections: CONNECTIONS,
        pipelined: 1,
        bodyBytes: BODY_BYTES,
        firstName: 0,
        names: NAMES,
        warmUpMs: run === 0 ? 2 * WARM_UP_MS : WARM_UP_MS / 3,
        limitMs: secondsEach * 1000,
        limitRequests: Number.MAX_SAFE_INTEGER,
        ...(s3 && { s3 }),
      }),
    );
    const last = runs.at(-1);
    if (last) say(`${what.name}: ${amount((last.completed / last.tookMs) * 1000)} per s`);
  }
  const perSecond = runs.map(({ completed, tookMs }) => (completed / tookMs) * 1000);
  const cpuEach = runs.map(({ sitesCpuMs, completed }) => sitesCpuMs / completed);
  const loadCpuEach = runs.map(({ cpuMs, completed }) => cpuMs / completed);
  const median = (values: readonly number[]): number => spreadOf(values).median;
  return [
    {
      name: what.name,
      value: median(perSecond),
      unit: 'per s',
      goal: what.goal,
      roundTrip: 'off',
      note: `${spreadText(perSecond)}; median ${amount(median(runs.map((r) => r.medianMs)))} ms, p99 ${amount(median(runs.map((r) => r.p99Ms)))} ms; ${PROCESSORS} processors for all`,
    },
    {
      name: `  processor time per ${what.each}, sites and coordinator`,
      value: median(cpuEach),
      unit: 'ms',
      goal: null,
      roundTrip: 'off',
      note: `${spreadText(cpuEach)}; the load process ${amount(median(loadCpuEach))} ms more`,
    },
  ];
}

/** Writes each New York file that `rate` reads once, and waits until all sites have them. */
export async function writeNames(cluster: BenchCluster): Promise<void> {
  await runLoad({
    method: 'PUT',
    targets: [{ port: cluster.port('nyc'), path: `/v1/files/${BUCKET}/nyc/rate-` }],
    connections: CONNECTIONS,
    pipelined: 1,
    bodyBytes: BODY_BYTES,
    firstName: 0,
    names: NAMES,
    warmUpMs: 0,
    limitMs: 600_000,
    limitRequests: NAMES,
  });
  await cluster.whole();
}

export const writeThroughput: Workload = {
  name: 'write-throughput',
  summary: '64 writers of 4 KiB, fsync on at all three sites',
  wan: 'off',
  run: async (cluster, settings) => [
    ...(await rate(
      cluster,
      settings,
      {
        name: 'commits of 64 writers, New York files written in New York',
        each: 'commit',
        goal: { sense: 'at least', value: 5000 },
      },
      'PUT',
      ['nyc'],
    )),
    ...(await rate(
      cluster,
      settings,
      {
        name: 'commits of 64 writers, a third at each site to files of its own',
        each: 'commit',
        goal: null,
      },
      'PUT',
      cluster.sites,
    )),
  ],
};

export const readThroughput: Workload = {
  name: 'read-throughput',
  summary: 'strong 4 KiB reads, at the primary and at a replica',
  wan: 'off',
  run: async (cluster, settings) => {
    await writeNames(cluster);
    const name = "strong 4 KiB reads at the primary's site";
    const goal = { sense: 'at least', value: 12_000 } as const;
    return rate(cluster, settings, { name, each: 'read', goal }, 'GET', ['nyc']);
  },
};
