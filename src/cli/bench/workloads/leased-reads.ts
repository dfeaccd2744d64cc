import type { HttpClient } from '../../../client/http-client.js';
import type { BenchCluster } from '../bench-cluster.js';
import { BenchFailed, BUCKET } from '../bench-cluster.js';
import type { Figure } from '../figure.js';
import { amount, spreadOf, spreadText } from '../figure.js';
import type { LoadJob } from '../load-job.js';
import { runLoad } from '../load.js';
import { trafficSince, wanTraffic } from '../wan-traffic.js';
import { type BenchSettings, PROCESSORS, type Workload } from '../workload.js';
import { roundTripMs } from './write-latency.js';
import { FIRST_ROUND_MS } from '../../../site/retention.js';
import { pause } from '../../pause.js';

const AFTER_ROUND_MS = 2000;
const RUNS = 5;
const CONNECTIONS = 64;
const BODY_BYTES = 4096;
const NAMES = 1024;
const VALIDATED_READS = 200;
const WARM_UP_MS = 3000;
const ROUND_TRIP_FACTOR = 1.1;
const ALLOWANCE_MS = 4;

/** What a strong read in London of a New York file costs, with a lease and without one. */
export const leasedReads: Workload = {
  name: 'leased-reads',
  summary: 'strong 4 KiB reads in London of New York files, with a lease and without one',
  wan: 'on',
  run: async (cluster, settings) => {
    const links = `nyc-lon 72 (${amount(await roundTripMs(cluster, 'nyc', 'lon'))}) ms`;
    await runLoad({
      ...job(cluster, 'nyc', 'PUT'),
      limitMs: 600_000,
      limitRequests: NAMES,
    });
    await cluster.whole();
    return [...(await leased(cluster, settings, links)), ...(await unleased(cluster, links))];
  },
};

function job(cluster: BenchCluster, site: string, method: 'PUT' | 'GET'): LoadJob {
  return {
    method,
    targets: [{ port: cluster.port(site), path: `/v1/files/${BUCKET}/nyc/leased-` }],
    connections: CONNECTIONS,
    pipelined: 1,
    bodyBytes: BODY_BYTES,
    firstName: 0,
    names: NAMES,
    warmUpMs: 0,
    limitMs: 0,
    limitRequests: Number.MAX_SAFE_INTEGER,
  };
}

async function leased(
  cluster: BenchCluster,
  { secondsEach, say }: BenchSettings,
  links: string,
): Promise<Figure[]> {
  const perSecond: number[] = [];
  const medians: number[] = [];
  let reads = 0;
  let others = 0;
  const kinds: string[] = [];
  let timed = 0;
  // Each site lists the buckets once, soon after its start: that asks the others, and is no read.
  await pause(FIRST_ROUND_MS + AFTER_ROUND_MS);
  // The first reads ask New York, and take the leases.
  const warmUp = { ...job(cluster, 'lon', 'GET'), warmUpMs: 2 * WARM_UP_MS, limitMs: 1000 };
  await runLoad(warmUp);
  for (let run = 0; run < RUNS; run += 1) {
    const before = await wanTraffic(cluster, 'nyc', 'lon');
    const limitMs = secondsEach * 1000;
    const result = await runLoad({ ...job(cluster, 'lon', 'GET'), limitMs });
    const since = trafficSince(before, await wanTraffic(cluster, 'nyc', 'lon'));
    perSecond.push((result.completed / result.tookMs) * 1000);
    medians.push(result.medianMs);
    reads += result.completed;
    others += since.others;
    if (since.kinds !== '') kinds.push(since.kinds);
    timed += since.timed / (result.tookMs / 1000);
    say(`under lease: ${amount(perSecond.at(-1) ?? 0)} per s`);
  }
  return [
    {
      name: 'strong 4 KiB reads in London of leased New York files',
      value: spreadOf(perSecond).median,
      unit: 'per s',
      goal: { sense: 'at least', value: 12_000 },
      roundTrip: 'none taken',
      note: `${spreadText(perSecond)}; median ${amount(spreadOf(medians).median)} ms; ${PROCESSORS} processors for all`,
    },
    {
      name: '  messages to and from New York for each thousand of them',
      value: (others / reads) * 1000,
      unit: '',
      goal: { sense: 'at most', value: 0 },
      roundTrip: links,
      note: `${others}${kinds.length > 0 ? ` (${kinds.join('; ')})` : ''} for ${reads.toLocaleString('en-US')} reads; beside them heartbeats and the renewals of the short lease, ${amount(timed / RUNS)} per s whatever is read`,
    },
  ];
}

async function unleased(cluster: BenchCluster, links: string): Promise<Figure[]> {
  const client = cluster.only('lon');
  const tookMs: number[] = [];
  await validatedRead(client, 0);
  const before = await wanTraffic(cluster, 'nyc', 'lon');
  const startMs = performance.now();
  for (let read = 0; read < VALIDATED_READS; read += 1) {
    const readMs = performance.now();
    await validatedRead(client, read);
    tookMs.push(performance.now() - readMs);
  }
  const after = await wanTraffic(cluster, 'nyc', 'lon');
  const idleStartMs = performance.now();
  await new Promise((resolve) => setTimeout(resolve, idleStartMs - startMs));
  const idle = trafficSince(after, await wanTraffic(cluster, 'nyc', 'lon'));
  const { bytes, others } = trafficSince(before, after);
  return [
    {
      name: 'the same read without a lease (validate), median',
      value: spreadOf(tookMs).median,
      unit: 'ms',
      goal: { sense: 'at most', value: ROUND_TRIP_FACTOR * 72 + ALLOWANCE_MS },
      roundTrip: links,
      note: `${spreadText(tookMs, 'reads')}, one after the other`,
    },
    {
      name: '  messages to and from New York for each of them',
      value: others / VALIDATED_READS,
      unit: '',
      goal: { sense: 'at most', value: 2 },
      roundTrip: links,
      note: 'a question and its answer: one round trip',
    },
    {
      name: '  bytes to and from New York for each of them',
      value: (bytes - idle.bytes) / VALIDATED_READS,
      unit: 'B',
      goal: { sense: 'at most', value: BODY_BYTES / 4 },
      roundTrip: links,
      note: `no content of ${BODY_BYTES} B among them; without what as long a time brings by itself`,
    },
  ];
}

async function validatedRead(client: HttpClient, index: number): Promise<void> {
  const name = `${BUCKET}/nyc/leased-${index % NAMES}`;
  const opened = await client.get(name, { consistency: 'validate' });
  if (!opened.ok) throw new BenchFailed(opened.message);
  let size = 0;
  for await (const bytes of opened.value.body) size += bytes.length;
  const { freshness } = opened.value;
  if (freshness !== 'validated' || size !== BODY_BYTES) {
    throw new BenchFailed(`a read gave ${size} bytes, ${freshness}`);
  }
}
