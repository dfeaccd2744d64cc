import { DEFAULT_TIMING } from '../../../protocol/shard/config.js';
import type { BenchCluster } from '../bench-cluster.js';
import { BenchFailed, BUCKET } from '../bench-cluster.js';
import type { Figure } from '../figure.js';
import { amount, spreadOf, spreadText } from '../figure.js';
import { SessionLoad } from '../session-load.js';
import type { Workload } from '../workload.js';

const ROUNDS = 10;
const BASE_WRITES = 10;
const LEASE_FACTOR = 1.1;
/** Before it vanishes a client reads for this long, so that its lease is renewed at any point. */
const READ_LEAST_MS = 500;
const READ_MOST_MS = 1500;

/** How long a write waits for a cache whose owner does not answer any more. */
export const vanished: Workload = {
  name: 'vanished',
  summary: 'how long a write waits for a client, and for a site, that vanished with a lease',
  wan: 'on',
  run: async (cluster) => [
    ...figures('client', await rounds(cluster, vanishedClient), DEFAULT_TIMING.clientLeaseMs),
    ...figures('site', await rounds(cluster, vanishedSite), DEFAULT_TIMING.leaseMs),
  ],
};

interface Round {
  /** What the first write took more than a usual one, and the second one. */
  readonly firstMs: number;
  readonly secondMs: number;
}

async function rounds(
  cluster: BenchCluster,
  round: (cluster: BenchCluster, name: string) => Promise<Round>,
): Promise<Round[]> {
  const all: Round[] = [];
  for (let count = 0; count < ROUNDS; count += 1) {
    all.push(await round(cluster, `${BUCKET}/nyc/vanished-${count}-`));
    await cluster.whole();
  }
  return all;
}

async function vanishedClient(cluster: BenchCluster, name: string): Promise<Round> {
  const usualMs = await usualWriteMs(cluster, name);
  const load = await SessionLoad.start([cluster.port('lon')], 1);
  try {
    await readAWhile(load, name);
    load.freeze();
    const firstMs = await writeMs(cluster, name);
    const secondMs = await writeMs(cluster, name);
    return { firstMs: firstMs - usualMs, secondMs: secondMs - usualMs };
  } finally {
    await load.end();
  }
}

async function vanishedSite(cluster: BenchCluster, name: string): Promise<Round> {
  const usualMs = await usualWriteMs(cluster, name);
  const pid = cluster.pids().get('lon');
  if (pid === undefined) throw new BenchFailed('London does not run');
  const endMs = performance.now() + readForMs();
  while (performance.now() < endMs) await readInLondon(cluster, name);
  process.kill(pid, 'SIGSTOP');
  try {
    const firstMs = await writeMs(cluster, name);
    const secondMs = await writeMs(cluster, name);
    return { firstMs: firstMs - usualMs, secondMs: secondMs - usualMs };
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

function readForMs(): number {
  return READ_LEAST_MS + Math.random() * (READ_MOST_MS - READ_LEAST_MS);
}

async function readAWhile(load: SessionLoad, name: string): Promise<void> {
  const endMs = performance.now() + readForMs();
  let kept = 0;
  while (performance.now() < endMs || kept === 0) kept = await load.keep(name, 1);
}

async function readInLondon(cluster: BenchCluster, name: string): Promise<void> {
  const opened = await cluster.only('lon').get(`${name}0`);
  if (!opened.ok) throw new BenchFailed(opened.message);
  for await (const _ of opened.value.body);
}

async function usualWriteMs(cluster: BenchCluster, name: string): Promise<number> {
  const tookMs: number[] = [];
  for (let write = 0; write < BASE_WRITES; write += 1) tookMs.push(await writeMs(cluster, name));
  return spreadOf(tookMs).median;
}

async function writeMs(cluster: BenchCluster, name: string): Promise<number> {
  const startMs = performance.now();
  const result = await cluster.near('nyc').put(`${name}0`, Buffer.from(String(startMs)));
  if (result.outcome !== 'committed') throw new BenchFailed(result.message);
  return performance.now() - startMs;
}

function figures(who: 'client' | 'site', all: readonly Round[], leaseMs: number): Figure[] {
  const firsts = all.map(({ firstMs }) => firstMs);
  const seconds = all.map(({ secondMs }) => secondMs);
  return [
    {
      name: `a ${who} in London vanishes: what the next write waits more, longest`,
      value: spreadOf(firsts).highest,
      unit: 'ms',
      goal: { sense: 'at most', value: LEASE_FACTOR * leaseMs },
      roundTrip: 'nyc-lon 72 ms',
      note: `lease ${leaseMs} ms; ${spreadText(firsts, 'rounds')}, median ${amount(spreadOf(firsts).median)}`,
    },
    {
      name: '  and the write after it, longest',
      value: spreadOf(seconds).highest,
      unit: 'ms',
      goal: { sense: 'at most', value: leaseMs / 10 },
      roundTrip: 'nyc-lon 72 ms',
      note: `more than a usual write; ${spreadText(seconds, 'rounds')}; London may have the file under lease again: one round trip`,
    },
  ];
}
