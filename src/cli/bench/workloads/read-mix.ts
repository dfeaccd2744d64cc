import type { BenchCluster } from '../bench-cluster.js';
import { BenchFailed, BUCKET } from '../bench-cluster.js';
import type { Figure } from '../figure.js';
import { amount } from '../figure.js';
import { runLoad } from '../load.js';
import type { MixResult } from '../session-job.js';
import { SessionLoad } from '../session-load.js';
import type { BenchSettings, Workload } from '../workload.js';

const FILES = 10_000;
const BODY_BYTES = 4096;
/** Everybody writes what everybody reads: the more clients, the less stays in anybody's memory. */
const CLIENTS_PER_SITE = 4;
const READ_SHARE = 0.95;
/** On the average, between two operations of one client. */
const PAUSE_MS = 2;
const WARM_UP_MS = 20_000;
const LEAST_GAIN = 50;
const LINKS = 'nyc-tor 12, nyc-lon 72, tor-lon 86 ms';

/** Clients at all sites that mostly read, of ten thousand files some much more often than others. */
export const readMix: Workload = {
  name: 'read-mix',
  summary: '95 % reads, Zipf over 10,000 files, clients at all sites; with leases and without',
  wan: 'on',
  run: async (cluster, settings) => {
    const prefixes = cluster.sites.map((site) => `${BUCKET}/${site}/mix-`);
    for (const site of cluster.sites) await each(cluster, 'PUT', site, site);
    await cluster.whole();
    // Each site has served each file once before: what is measured is how it goes on from there.
    for (const at of cluster.sites) {
      for (const home of cluster.sites) await each(cluster, 'GET', at, home);
    }
    const strong = await mix(cluster, settings, prefixes, 'strong');
    const validated = await mix(cluster, settings, prefixes, 'validate');
    return cluster.sites.flatMap((site) =>
      figuresOf(site, resultOf(cluster, site, strong), resultOf(cluster, site, validated)),
    );
  },
};

async function each(
  cluster: BenchCluster,
  method: 'PUT' | 'GET',
  at: string,
  home: string,
): Promise<void> {
  await runLoad({
    method,
    targets: [{ port: cluster.port(at), path: `/v1/files/${BUCKET}/${home}/mix-` }],
    connections: 32,
    pipelined: 8,
    bodyBytes: BODY_BYTES,
    firstName: 0,
    names: FILES,
    warmUpMs: 0,
    limitMs: 600_000,
    limitRequests: FILES,
  });
}

/** `validate`: no file is held under lease anywhere, its primary is asked each time. */
async function mix(
  cluster: BenchCluster,
  { secondsEach, say }: BenchSettings,
  prefixes: readonly string[],
  mode: 'strong' | 'validate',
): Promise<MixResult[]> {
  const ports = cluster.sites.map((site) => cluster.port(site));
  const load = await SessionLoad.start(ports, CLIENTS_PER_SITE);
  try {
    const results = await load.mix({
      mode,
      prefixes: [...prefixes],
      names: FILES,
      readShare: READ_SHARE,
      bodyBytes: BODY_BYTES,
      warmUpMs: mode === 'strong' ? WARM_UP_MS : 1000,
      limitMs: secondsEach * 1000,
      pauseMs: PAUSE_MS,
    });
    const failed = results.reduce((sum, result) => sum + result.failed, 0);
    if (failed > 0) throw new BenchFailed(`${failed} operations failed`);
    say(`${mode}: ${results.reduce((sum, { reads }) => sum + reads, 0)} reads`);
    return results;
  } finally {
    await load.end();
  }
}

function resultOf(cluster: BenchCluster, site: string, results: readonly MixResult[]): MixResult {
  const found = results.find(({ port }) => port === cluster.port(site));
  if (found === undefined) throw new BenchFailed(`nobody read in ${site}`);
  return found;
}

function figuresOf(site: string, strong: MixResult, without: MixResult): Figure[] {
  const share = (part: number, of: MixResult): string => `${amount((100 * part) / of.reads)} %`;
  return [
    {
      name: `clients in ${site}: how much shorter leases make the median read`,
      value: without.medianMs / strong.medianMs,
      unit: 'times',
      goal: { sense: 'at least', value: LEAST_GAIN },
      roundTrip: LINKS,
      note: `median ${(1000 * strong.medianMs).toFixed(1)} µs, without ${amount(without.medianMs)} ms; p99 ${amount(strong.p99Ms)} ms, without ${amount(without.p99Ms)} ms; ${strong.reads} and ${without.reads} reads`,
    },
    {
      name: '  reads for which another site was asked',
      value: (100 * strong.askedAway) / strong.reads,
      unit: '%',
      goal: null,
      roundTrip: LINKS,
      note: `from memory ${share(strong.fromMemory, strong)}, under the site's lease ${share(strong.underLease, strong)}; without leases ${share(without.askedAway, without)}; writes ${amount(strong.writeMedianMs)} ms, without ${amount(without.writeMedianMs)} ms`,
    },
  ];
}
