import { randomBytes } from 'node:crypto';
import type { HttpClient } from '../../../client/http-client.js';
import type { BenchCluster } from '../bench-cluster.js';
import { BenchFailed, BUCKET } from '../bench-cluster.js';
import type { Figure } from '../figure.js';
import { amount, spreadOf } from '../figure.js';
import { SessionLoad } from '../session-load.js';
import type { BenchSettings, Workload } from '../workload.js';
import { roundTripMs } from './write-latency.js';

const WRITE_BYTES = 4096;
const WRITES = 100;
const UNCOUNTED = 10;
/** First rounds of sites and clients that have never told so many. */
const HELD_UNCOUNTED = 5;
const ROUND_TRIP_FACTOR = 1.1;
const ALLOWANCE_MS = 4;
const CLIENTS_PER_SITE = 1000;
const CLIENTS_PER_PROCESS = 1500;
const CLIENTS_ALLOWANCE_MS = 150;
const HELD_WRITES = 15;
const KEEP_TRIES = 10;

/** What a write costs when others may be reading the file from leases and caches. */
export const cachedWrites: Workload = {
  name: 'cached-writes',
  summary: 'how long a 4 KiB write takes when sites and clients hold the file in their caches',
  wan: 'on',
  run: async (cluster, settings) => {
    const nearMs = await roundTripMs(cluster, 'nyc', 'tor');
    const farMs = await roundTripMs(cluster, 'nyc', 'lon');
    const near = `nyc-tor 12 (${amount(nearMs)})`;
    const far = `nyc-lon 72 (${amount(farMs)})`;
    return [
      await unread(cluster, { site: 'nyc', city: 'New York', tripMs: 12, links: `${near} ms` }),
      await unread(cluster, {
        site: 'lon',
        city: 'London',
        tripMs: 84,
        links: `${far} + ${near} ms`,
      }),
      await leasedFar(cluster, `${far} ms`),
      ...(await heldByThousands(cluster, settings, `${far} ms`)),
    ];
  },
};

interface Writer {
  readonly site: string;
  readonly city: string;
  readonly tripMs: number;
  readonly links: string;
}

async function unread(cluster: BenchCluster, writer: Writer): Promise<Figure> {
  const { site, city, tripMs, links } = writer;
  const client = cluster.near(site);
  const tookMs: number[] = [];
  for (let write = 0; write < WRITES + UNCOUNTED; write += 1) {
    const took = await timedWrite(client, `${BUCKET}/nyc/unread-${site}`);
    if (write >= UNCOUNTED) tookMs.push(took);
  }
  return {
    name: `write from ${city} to a New York file read nowhere else, median`,
    value: spreadOf(tookMs).median,
    unit: 'ms',
    goal: { sense: 'at most', value: ROUND_TRIP_FACTOR * tripMs + ALLOWANCE_MS },
    roundTrip: links,
    note: writesText(tookMs),
  };
}

/** Before each write London reads the file, and reads it again under its lease. */
async function leasedFar(cluster: BenchCluster, links: string): Promise<Figure> {
  const name = `${BUCKET}/nyc/leased`;
  const writer = cluster.near('nyc');
  const reader = cluster.only('lon');
  const tookMs: number[] = [];
  await timedWrite(writer, name);
  for (let write = 0; write < WRITES + UNCOUNTED; write += 1) {
    await untilLeased(reader, name);
    const took = await timedWrite(writer, name);
    if (write >= UNCOUNTED) tookMs.push(took);
  }
  return {
    name: 'write from New York to a file leased in London, median',
    value: spreadOf(tookMs).median,
    unit: 'ms',
    goal: { sense: 'at most', value: ROUND_TRIP_FACTOR * 72 + ALLOWANCE_MS },
    roundTrip: links,
    note: `${writesText(tookMs)}; each while London served it without asking`,
  };
}

async function untilLeased(reader: HttpClient, name: string): Promise<void> {
  for (let read = 0; read < 100; read += 1) {
    const opened = await reader.get(name);
    if (!opened.ok) throw new BenchFailed(opened.message);
    for await (const _ of opened.value.body);
    if (opened.value.freshness === 'lease') return;
  }
  throw new BenchFailed('London was granted no lease in a hundred reads');
}

/** Three thousand clients read the file and keep it; then it is written, and all again. */
async function heldByThousands(
  cluster: BenchCluster,
  { say }: BenchSettings,
  links: string,
): Promise<Figure[]> {
  const name = `${BUCKET}/nyc/held-`;
  const writer = cluster.near('nyc');
  await timedWrite(writer, `${name}0`);
  const ports = cluster.sites.map((site) => cluster.port(site));
  const processes = Math.ceil((CLIENTS_PER_SITE * ports.length) / CLIENTS_PER_PROCESS);
  const loads: SessionLoad[] = [];
  const withoutMs: number[] = [];
  const withMs: number[] = [];
  try {
    for (let count = 0; count < processes; count += 1) {
      loads.push(await SessionLoad.start(ports, CLIENTS_PER_SITE / processes));
    }
    for (let round = 0; round < HELD_WRITES + HELD_UNCOUNTED; round += 1) {
      await Promise.all(loads.map((load) => expectKept(load, name, ports, processes)));
      const took = await timedWrite(writer, `${name}0`);
      say(`with ${CLIENTS_PER_SITE} clients at each site: ${amount(took)} ms`);
      if (round >= HELD_UNCOUNTED) withMs.push(took);
    }
    // The same file, with all those clients connected, once none of them holds it.
    for (let round = 0; round < HELD_WRITES; round += 1) {
      withoutMs.push(await timedWrite(writer, `${name}0`));
    }
  } finally {
    await Promise.all(loads.map((load) => load.end()));
  }
  const without = spreadOf(withoutMs).median;
  return [
    {
      name: `write to a file that ${CLIENTS_PER_SITE} clients at each site hold, above one that none holds, median`,
      value: spreadOf(withMs).median - without,
      unit: 'ms',
      goal: { sense: 'at most', value: CLIENTS_ALLOWANCE_MS },
      roundTrip: links,
      note: `held: ${writesText(withMs)}; held by none, median ${amount(without)}`,
    },
  ];
}

async function expectKept(
  load: SessionLoad,
  prefix: string,
  ports: readonly number[],
  processes: number,
): Promise<void> {
  const expected = (CLIENTS_PER_SITE / processes) * ports.length;
  let entries = 0;
  // A read that met the end of its site's lease is served, and not kept: then it is read again.
  for (let tries = 0; tries < KEEP_TRIES && entries < expected; tries += 1) {
    entries = await load.keep(prefix, 1);
  }
  if (entries < expected) {
    throw new BenchFailed(`only ${entries} of ${expected} clients keep the file`);
  }
}

async function timedWrite(client: HttpClient, name: string): Promise<number> {
  const body = randomBytes(WRITE_BYTES);
  const startMs = performance.now();
  const result = await client.put(name, body);
  if (result.outcome !== 'committed') throw new BenchFailed(result.message);
  return performance.now() - startMs;
}

function writesText(tookMs: readonly number[]): string {
  const { lowest, highest } = spreadOf(tookMs);
  const p95 = [...tookMs].sort((a, b) => a - b)[Math.floor(tookMs.length * 0.95)] ?? 0;
  return `${tookMs.length} writes, ${amount(lowest)} to ${amount(highest)}, p95 ${amount(p95)}`;
}
