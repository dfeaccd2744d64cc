import type { BenchCluster } from '../bench-cluster.js';
import { BUCKET } from '../bench-cluster.js';
import type { Figure } from '../figure.js';
import { amount, spreadOf, spreadText } from '../figure.js';
import type { LoadJob, LoadResult } from '../load-job.js';
import { runLoad } from '../load.js';
import { type BenchSettings, PROCESSORS, type Workload } from '../workload.js';
import { writeNames } from './throughput.js';

const SITE = 'nyc';
const BODY_BYTES = 4096;
const NAMES = 4096;
const WARM_UP_MS = 1500;
/** Closed loops in search of the peak. */
const CLIENTS = [32, 64, 128, 256] as const;
const RUNS = 3;
/** What is offered, in times of the peak, by many more clients than the site takes requests of. */
const TIMES = 3;
const MANY_CLIENTS = 3000;

type Kind = 'PUT' | 'GET';
const WORDS = { PUT: 'writes', GET: 'strong reads' } as const;

function jobOf(
  cluster: BenchCluster,
  method: Kind,
  connections: number,
  limitMs: number,
  offeredPerSecond?: number,
): LoadJob {
  return {
    method,
    targets: [{ port: cluster.port(SITE), path: `/v1/files/${BUCKET}/${SITE}/rate-` }],
    connections,
    pipelined: 1,
    bodyBytes: BODY_BYTES,
    firstName: 0,
    names: NAMES,
    warmUpMs: WARM_UP_MS,
    limitMs,
    limitRequests: Number.MAX_SAFE_INTEGER,
    ...(offeredPerSecond !== undefined && { offeredPerSecond }),
  };
}

function perSecond({ completed, tookMs }: LoadResult): number {
  return (completed / tookMs) * 1000;
}

function medianOf(values: readonly number[]): number {
  return spreadOf(values).median;
}

interface Peak {
  readonly clients: number;
  readonly rates: readonly number[];
}

/** As much as it does for clients who each wait for their answer; of their best number. */
async function peakOf(
  cluster: BenchCluster,
  method: Kind,
  { secondsEach, say }: BenchSettings,
): Promise<Peak> {
  let best: Peak = { clients: 0, rates: [0] };
  for (const clients of CLIENTS) {
    const rates: number[] = [];
    for (let run = 0; run < RUNS; run += 1) {
      const result = await runLoad(jobOf(cluster, method, clients, (secondsEach * 1000) / RUNS));
      rates.push(perSecond(result));
    }
    say(`${clients} clients: ${spreadText(rates)} per s`);
    if (medianOf(rates) > medianOf(best.rates)) best = { clients, rates };
  }
  return best;
}

async function overloaded(
  cluster: BenchCluster,
  method: Kind,
  settings: BenchSettings,
): Promise<Figure[]> {
  const { secondsEach, say } = settings;
  const peak = await peakOf(cluster, method, settings);
  const limitMs = secondsEach * 1000;
  const runs: LoadResult[] = [];
  // In turns with runs of the peak, as what else the machine does changes: each is compared with
  // the runs before and after it.
  const calm = [await runLoad(jobOf(cluster, method, peak.clients, limitMs))];
  for (let run = 0; run < RUNS; run += 1) {
    const offered = TIMES * medianOf(peak.rates);
    const result = await runLoad(jobOf(cluster, method, MANY_CLIENTS, limitMs, offered));
    runs.push(result);
    calm.push(await runLoad(jobOf(cluster, method, peak.clients, limitMs)));
    say(`${amount(perSecond(result))} per s done, ${result.refused} refused`);
  }
  const calmRates = calm.map(perSecond);
  const peakRate = medianOf(calmRates);
  const rates = runs.map(perSecond);
  const shares = rates.map((rate, run) => {
    const around = ((calmRates[run] ?? 0) + (calmRates[run + 1] ?? 0)) / 2;
    return (100 * rate) / around;
  });
  const recovered = calmRates.slice(1).map((rate, run) => (100 * rate) / (calmRates[run] ?? 0));
  const untold = runs.reduce((sum, { refused, refusedTold }) => sum + refused - refusedTold, 0);
  const refusedPerSecond = runs.map(({ refused, tookMs }) => (refused / tookMs) * 1000);
  const what = WORDS[method];
  const figure = (
    name: string,
    value: number,
    unit: string,
    goal: Figure['goal'],
    note: string,
  ): Figure => ({ name, value, unit, goal, roundTrip: 'off', note });
  return [
    figure(
      `${what}: peak of clients that wait for their answers`,
      peakRate,
      'per s',
      null,
      `${peak.clients} clients; ${spreadText(calmRates)}; ${PROCESSORS} processors for all`,
    ),
    figure(
      `${what}: done while ${TIMES} times as many are asked for, of the peak`,
      medianOf(shares),
      '%',
      { sense: 'at least', value: 80 },
      `${spreadText(shares)}; ${MANY_CLIENTS} connections; ${amount(medianOf(rates))} per s, median ${amount(medianOf(runs.map((run) => run.medianMs)))} ms, p99 ${amount(medianOf(runs.map((run) => run.p99Ms)))} ms`,
    ),
    figure(
      `  refused meanwhile, median wait for that`,
      medianOf(runs.map((run) => run.refusedMedianMs)),
      'ms',
      null,
      `${amount(medianOf(refusedPerSecond))} per s; ${spreadText(refusedPerSecond)}; the load process took ${amount(medianOf(runs.map((run) => (100 * run.cpuMs) / run.tookMs)))} % of a processor`,
    ),
    figure(
      `  refused without a word when to come again`,
      untold,
      'requests',
      { sense: 'at most', value: 0 },
      'all others had Retry-After',
    ),
    figure(
      `${what}: right after, by clients that wait, of as many before`,
      medianOf(recovered),
      '%',
      { sense: 'at least', value: 90 },
      `${spreadText(recovered)}; median ${amount(medianOf(calm.map((run) => run.medianMs)))} ms`,
    ),
  ];
}

/** A site is asked for more than it can do, by clients that do not wait for each other's answers. */
export const overload: Workload = {
  name: 'overload',
  summary:
    'three times as much asked of a site as it can do: what it does, refuses, and does after',
  wan: 'off',
  run: async (cluster, settings) => {
    await writeNames(cluster);
    return [
      ...(await overloaded(cluster, 'PUT', settings)),
      ...(await overloaded(cluster, 'GET', settings)),
    ];
  },
};
