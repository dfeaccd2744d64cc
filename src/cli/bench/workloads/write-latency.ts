import { randomBytes } from 'node:crypto';
import type { BenchCluster } from '../bench-cluster.js';
import { BenchFailed, BUCKET } from '../bench-cluster.js';
import type { Figure } from '../figure.js';
import { amount, spreadOf } from '../figure.js';
import type { Workload } from '../workload.js';

const WRITE_BYTES = 4096;
const MEASURE_LIMIT = 2000;
const UNCOUNTED = 20;
const ROUND_TRIP_FACTOR = 1.1;
const ALLOWANCE_MS = 4;

/** How long one writer, near and far, waits for each of its writes. */
export const writeLatency: Workload = {
  name: 'write-latency',
  summary: 'how long one committed 4 KiB write takes, near the primary and far from it',
  wan: 'on',
  run: async (cluster, { secondsEach }) => {
    const toToronto = await roundTripMs(cluster, 'nyc', 'tor');
    const toLondon = await roundTripMs(cluster, 'nyc', 'lon');
    const figures: Figure[] = [];
    for (const { site, city, trips, links } of [
      { site: 'nyc', city: 'New York', trips: [12], links: `nyc-tor 12 (${amount(toToronto)})` },
      {
        site: 'lon',
        city: 'London',
        trips: [72, 12],
        links: `nyc-lon 72 (${amount(toLondon)}) + nyc-tor 12 (${amount(toToronto)})`,
      },
    ]) {
      const tookMs = await writeOneByOne(cluster, site, secondsEach * 1000);
      const { median, lowest, highest } = spreadOf(tookMs);
      const roundTrips = trips.reduce((sum, trip) => sum + trip, 0);
      const p95 = [...tookMs].sort((a, b) => a - b)[Math.floor(tookMs.length * 0.95)] ?? 0;
      figures.push({
        name: `write from ${city} to a New York file, median`,
        value: median,
        unit: 'ms',
        goal: { sense: 'at most', value: ROUND_TRIP_FACTOR * roundTrips + ALLOWANCE_MS },
        roundTrip: `${links} ms`,
        note: `${tookMs.length} writes, ${amount(lowest)} to ${amount(highest)}, p95 ${amount(p95)}`,
      });
    }
    return figures;
  },
};

async function writeOneByOne(
  cluster: BenchCluster,
  site: string,
  limitMs: number,
): Promise<number[]> {
  const client = cluster.near(site);
  const tookMs: number[] = [];
  const endMs = performance.now() + limitMs;
  for (let index = 0; index < MEASURE_LIMIT && performance.now() < endMs; index += 1) {
    const body = randomBytes(WRITE_BYTES);
    const startMs = performance.now();
    const result = await client.put(`${BUCKET}/nyc/latency`, body);
    if (result.outcome !== 'committed') throw new BenchFailed(result.message);
    if (index >= UNCOUNTED) tookMs.push(performance.now() - startMs);
  }
  return tookMs;
}

/** As the sites measure it. */
export async function roundTripMs(cluster: BenchCluster, a: string, b: string): Promise<number> {
  const view = await cluster.only(a).cluster();
  if (!view.ok) throw new BenchFailed(view.message);
  return view.value.sites.find(({ site }) => site === b)?.roundTripMs ?? Number.NaN;
}
