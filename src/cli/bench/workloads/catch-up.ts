import type { BenchCluster } from '../bench-cluster.js';
import { BenchFailed, BUCKET, eventually } from '../bench-cluster.js';
import { amount } from '../figure.js';
import { runLoad } from '../load.js';
import type { Workload } from '../workload.js';

const WRITES = 10_000;
const BODY_BYTES = 4096;
const LINKS = 'nyc-tor 12, nyc-lon 72, tor-lon 86 ms';

/** A site is away during many writes, and comes back. */
export const catchUp: Workload = {
  name: 'catch-up',
  summary: 'a site misses 10,000 writes of 4 KiB: how fast, and with how many bytes, it catches up',
  wan: 'on',
  run: async (cluster, { say }) => {
    await write(cluster, 0, WRITES / 10);
    await cluster.whole();
    await cluster.child('lon').stop('clean');
    const writing = await write(cluster, WRITES, WRITES);
    say(`written in ${amount(writing.tookMs)} ms`);
    const startMs = performance.now();
    const started = await cluster.child('lon').start();
    if (!started.ok) throw new BenchFailed(started.message);
    const readyMs = performance.now();
    await eventually('London to catch up', () => isCaughtUp(cluster));
    const doneMs = performance.now();
    const moved = await receivedBytes(cluster, 'lon');
    const missed = WRITES * BODY_BYTES;
    return [
      {
        name: 'rate of catching up over rate of writing',
        value: writing.tookMs / (doneMs - startMs),
        unit: 'times',
        goal: { sense: 'at least', value: 1 },
        roundTrip: LINKS,
        note:
          `${WRITES} writes of 64 writers took ${amount(writing.tookMs)} ms; caught up ` +
          `${amount(doneMs - startMs)} ms after the start of the process, ` +
          `${amount(Math.max(0, doneMs - readyMs))} ms after it was ready`,
      },
      {
        name: '  bytes moved over bytes of content missed',
        value: moved / missed,
        unit: 'times',
        goal: { sense: 'at most', value: 1.1 },
        roundTrip: LINKS,
        note: `${amount(moved / 1e6)} MB received from peers, ${amount(missed / 1e6)} MB missed`,
      },
    ];
  },
};

function write(cluster: BenchCluster, firstName: number, count: number) {
  return runLoad({
    method: 'PUT',
    targets: [{ port: cluster.port('nyc'), path: `/v1/files/${BUCKET}/nyc/missed-` }],
    connections: 64,
    pipelined: 1,
    bodyBytes: BODY_BYTES,
    firstName,
    names: count,
    warmUpMs: 0,
    limitMs: 600_000,
    limitRequests: count,
  });
}

async function isCaughtUp(cluster: BenchCluster): Promise<boolean> {
  const view = await cluster.only('nyc').cluster();
  if (!view.ok) return false;
  const shard = view.value.shards.find(({ home }) => home === 'nyc');
  const lon = shard?.replicas.find(({ site }) => site === 'lon');
  return lon?.state === 'current' && lon.behindEntries === 0;
}

/** Bytes that a site received on its sessions with the others since it started. */
async function receivedBytes(cluster: BenchCluster, site: string): Promise<number> {
  const view = await cluster.only(site).cluster();
  if (!view.ok) throw new BenchFailed(view.message);
  return view.value.sites.reduce(
    (sum, peer) => sum + (peer.site === site ? 0 : (peer.receivedBytes ?? Number.NaN)),
    0,
  );
}
