import type { BenchCluster } from '../bench-cluster.js';
import { BenchFailed, BUCKET } from '../bench-cluster.js';
import type { Figure } from '../figure.js';
import { amount } from '../figure.js';
import { runLoad } from '../load.js';
import { memory } from '../process-figures.js';
import { SessionLoad } from '../session-load.js';
import type { BenchSettings, Workload } from '../workload.js';

const MEBIBYTE = 1024 * 1024;
const CLIENTS = 200;
const FILES = 2000;
const BODY_BYTES = 64;
const LEAST_SHARE = 0.99;
const IDLE_SESSIONS = 10_000;
const LOADS = 4;
/** What is not needed any more goes when a process is idle: the least it held in this time counts. */
const SETTLE_MS = 10_000;
const SAMPLE_MS = 250;

/** What clients cost their site in memory. */
export const clientMemory: Workload = {
  name: 'client-memory',
  summary: 'memory of a site for files that clients have registered, and for idle sessions',
  wan: 'off',
  run: async (cluster, settings) => [
    await registrations(cluster, settings),
    await idleSessions(cluster, settings),
  ],
};

async function registrations(cluster: BenchCluster, { say }: BenchSettings): Promise<Figure> {
  const prefix = `${BUCKET}/nyc/registered-`;
  await runLoad({
    method: 'PUT',
    targets: [{ port: cluster.port('nyc'), path: `/v1/files/${prefix}` }],
    connections: 32,
    pipelined: 1,
    bodyBytes: BODY_BYTES,
    firstName: 0,
    names: FILES,
    warmUpMs: 0,
    limitMs: 600_000,
    limitRequests: FILES,
  });
  const loads = await startLoads(cluster, CLIENTS / LOADS);
  try {
    // The same reads without registrations first: what they leave to be collected is not counted.
    await Promise.all(loads.map((load) => load.keep(prefix, FILES, 'validate')));
    const beforeBytes = await settledBytes(cluster);
    await Promise.all(loads.map((load) => load.keep(prefix, FILES)));
    const registered = await registeredFiles(cluster);
    // A read that meets the end of its site's lease is served, and not registered.
    if (registered < LEAST_SHARE * CLIENTS * FILES)
      throw new BenchFailed(`only ${registered} are registered`);
    say(`${registered} registrations`);
    const afterBytes = await settledBytes(cluster);
    return {
      name: 'memory of a site for one file that one client has registered',
      value: (afterBytes - beforeBytes) / registered,
      unit: 'B',
      goal: { sense: 'at most', value: 300 },
      roundTrip: 'off',
      note: `${CLIENTS} clients with ${FILES} files each: resident ${amount(beforeBytes / MEBIBYTE)} MiB before, ${amount(afterBytes / MEBIBYTE)} MiB after`,
    };
  } finally {
    await Promise.all(loads.map((load) => load.end()));
  }
}

async function idleSessions(cluster: BenchCluster, { say }: BenchSettings): Promise<Figure> {
  const beforeBytes = await settledBytes(cluster);
  const loads = await startLoads(cluster, IDLE_SESSIONS / LOADS);
  try {
    const view = await cluster.only('nyc').cluster();
    const sessions = view.ok ? view.value.leases.sessions : 0;
    if (sessions < IDLE_SESSIONS) throw new BenchFailed(`only ${sessions} sessions are open`);
    say(`${sessions} sessions`);
    const afterBytes = await settledBytes(cluster);
    return {
      name: `memory of a site with ${IDLE_SESSIONS.toLocaleString('en-US')} idle sessions`,
      value: afterBytes / MEBIBYTE,
      unit: 'MiB',
      goal: { sense: 'at most', value: 600 },
      roundTrip: 'off',
      note: `resident; ${amount(beforeBytes / MEBIBYTE)} MiB before: ${amount((afterBytes - beforeBytes) / IDLE_SESSIONS / 1024)} KiB each`,
    };
  } finally {
    await Promise.all(loads.map((load) => load.end()));
  }
}

/** All of them, or none is left running. */
async function startLoads(cluster: BenchCluster, sessions: number): Promise<SessionLoad[]> {
  const ports = [cluster.port('nyc')];
  const loads: SessionLoad[] = [];
  try {
    for (let count = 0; count < LOADS; count += 1) {
      loads.push(await SessionLoad.start(ports, sessions));
    }
    return loads;
  } catch (error) {
    await Promise.all(loads.map((load) => load.end()));
    throw error;
  }
}

async function registeredFiles(cluster: BenchCluster): Promise<number> {
  const view = await cluster.only('nyc').cluster();
  if (!view.ok) throw new BenchFailed(view.message);
  return view.value.shards.reduce((sum, { leases }) => sum + leases.registered, 0);
}

async function settledBytes(cluster: BenchCluster): Promise<number> {
  const pid = cluster.pids().get('nyc') ?? 0;
  let leastBytes = Number.POSITIVE_INFINITY;
  const endMs = performance.now() + SETTLE_MS;
  while (performance.now() < endMs) {
    leastBytes = Math.min(leastBytes, memory(pid).totalBytes);
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
  }
  return leastBytes;
}
