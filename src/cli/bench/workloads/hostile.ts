import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type BenchCluster, BenchFailed, BUCKET, eventually } from '../bench-cluster.js';
import type { Figure } from '../figure.js';
import { amount } from '../figure.js';
import { HOSTILE_VARIABLE, HostileCounts, type HostileJob } from '../hostile-job.js';
import type { LoadResult } from '../load-job.js';
import { runLoad } from '../load.js';
import { memory, MemoryPeak } from '../process-figures.js';
import type { BenchSettings, Workload } from '../workload.js';
import { writeNames } from './throughput.js';

const PROGRAM = fileURLToPath(new URL('../hostile-process.js', import.meta.url));
const SITE = 'nyc';
const CONNECTIONS = 1000;
const LARGE = `${BUCKET}/nyc/large`;
const LARGE_BYTES = 32 * 1024 * 1024;
const MEBIBYTE = 1024 * 1024;
/** The attack lasts so many times as long as one measurement: a minute, as that is by default. */
const TIMES = 6;
/** Memory that a site may take on for them: what one caller's requests may hold, and room. */
const GROWTH_LIMIT_MIB = 768;

interface Behaved {
  readonly reads: LoadResult;
  readonly writes: LoadResult;
}

/** Clients that ask in peace: their number and pace stay the same all the time. */
async function behaved(cluster: BenchCluster, seconds: number): Promise<Behaved> {
  const run = (method: 'GET' | 'PUT', offeredPerSecond: number): Promise<LoadResult> =>
    runLoad({
      method,
      targets: [{ port: cluster.port(SITE), path: `/v1/files/${BUCKET}/${SITE}/rate-` }],
      connections: 16,
      pipelined: 1,
      bodyBytes: 4096,
      firstName: 0,
      names: 4096,
      warmUpMs: 1000,
      limitMs: seconds * 1000,
      limitRequests: Number.MAX_SAFE_INTEGER,
      offeredPerSecond,
    });
  const [reads, writes] = await Promise.all([run('GET', 200), run('PUT', 100)]);
  return { reads, writes };
}

/** The process of hostile clients; `end` tells what became of their connections. */
function startHostile(job: HostileJob): { end(): Promise<HostileCounts> } {
  const env = { ...process.env, [HOSTILE_VARIABLE]: JSON.stringify(job) };
  const child = fork(PROGRAM, [], { stdio: 'inherit', env });
  return {
    end: async () => {
      const told = once(child, 'message');
      child.send('how many?');
      const [message] = await told;
      const over = once(child, 'exit');
      child.disconnect();
      await over;
      return HostileCounts.parse(message);
    },
  };
}

async function prepare(cluster: BenchCluster): Promise<HostileJob> {
  await writeNames(cluster);
  const http = cluster.near(SITE);
  const put = await http.put(LARGE, randomBytes(LARGE_BYTES));
  if (put.outcome !== 'committed') throw new BenchFailed(put.message);
  const opened = await http.changeBucket(BUCKET, { anonymousRead: true });
  if (!opened.ok) throw new BenchFailed(opened.message);
  const made = await http.createKey('hostile', [{ buckets: BUCKET, level: 'write' }]);
  if (!made.ok) throw new BenchFailed(made.message);
  return {
    connections: CONNECTIONS,
    httpPort: cluster.port(SITE),
    s3Port: cluster.s3Port(SITE),
    writePath: `/v1/files/${BUCKET}/nyc/hostile`,
    authorization: `Authorization: Bearer ${made.value.id}.${made.value.secret}\r\n`,
    readPath: `/${LARGE}`,
  };
}

/** Connections of clients, as the site counts them. */
async function connections(cluster: BenchCluster): Promise<number> {
  const headers = { authorization: `Bearer ${cluster.key}` };
  const answer = await fetch(`http://127.0.0.1:${cluster.port(SITE)}/metrics`, { headers });
  const [, count] = /^quorate_client_connections (\d+)$/m.exec(await answer.text()) ?? [];
  return Number(count ?? Number.NaN);
}

/** Clients that mean harm beside clients that do not. */
export const hostile: Workload = {
  name: 'hostile',
  summary: `${CONNECTIONS.toLocaleString('en-US')} connections of garbage, slow, half-open, idle and deaf clients beside others`,
  wan: 'off',
  run: async (cluster, settings: BenchSettings) => {
    const { secondsEach, say } = settings;
    const job = await prepare(cluster);
    const before = await behaved(cluster, secondsEach);
    const pids = new Map([[SITE, cluster.pids().get(SITE) ?? 0]]);
    const residentMib = (): number => memory(pids.get(SITE) ?? 0).totalBytes / MEBIBYTE;
    const beforeMib = residentMib();
    const beforeConnections = await connections(cluster);
    say('the hostile clients come');
    const peak = new MemoryPeak(pids);
    const attackers = startHostile(job);
    const during = await behaved(cluster, TIMES * secondsEach);
    const open = await connections(cluster);
    const counts = await attackers.end();
    const most = peak.end().get(SITE);
    const peakMib = (most?.totalBytes ?? Number.NaN) / MEBIBYTE;
    const peakOwnMib = (most?.ownBytes ?? Number.NaN) / MEBIBYTE;
    say(`${counts.opened} connections came, ${counts.closed} were closed by the site`);
    const endMs = performance.now();
    await eventually('the hostile connections to be gone', async () => {
      return (await connections(cluster)) <= beforeConnections + 4;
    });
    const goneMs = performance.now() - endMs;
    const after = await behaved(cluster, secondsEach);
    const figure = (name: string, value: number, unit: string, atMost: number, note: string) => ({
      ...{ name, value, unit, note, roundTrip: 'off' },
      goal: { sense: 'at most', value: atMost } as const,
    });
    const times = (what: string, of: keyof Behaved): Figure =>
      figure(
        `${what} of others, median meanwhile, in times of before`,
        during[of].medianMs / before[of].medianMs,
        'times',
        2,
        `${amount(before[of].medianMs)} ms before, ${amount(during[of].medianMs)} ms meanwhile, ${amount(after[of].medianMs)} ms after; p99 ${amount(before[of].p99Ms)}, ${amount(during[of].p99Ms)}, ${amount(after[of].p99Ms)} ms; ${during[of].completed} requests, ${during[of].refused} refused`,
      );
    return [
      times('strong reads', 'reads'),
      times('writes', 'writes'),
      figure(
        'memory of the site, most meanwhile over before',
        peakMib - beforeMib,
        'MiB',
        GROWTH_LIMIT_MIB,
        `resident: ${amount(beforeMib)} MiB before, ${amount(peakMib)} at most (${amount(peakOwnMib)} without pages of files), ${amount(residentMib())} after`,
      ),
      figure(
        'until their connections were gone once they left',
        goneMs / 1000,
        's',
        5,
        `${open} connections open at the end of ${TIMES * secondsEach} s; ${counts.opened} came, ${counts.closed} were closed by the site`,
      ),
    ];
  },
};
