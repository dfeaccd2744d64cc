import { ListingAnswer } from '../../../client/answers.js';
import type { BenchCluster } from '../bench-cluster.js';
import { BenchFailed, BUCKET } from '../bench-cluster.js';
import type { Figure } from '../figure.js';
import { amount, spreadOf, spreadText } from '../figure.js';
import { runLoad } from '../load.js';
import { memory } from '../process-figures.js';
import type { BenchSettings, Workload } from '../workload.js';

export const FILES = 1_000_000;
const BODY_BYTES = 64;
const MEBIBYTE = 1024 * 1024;
const BLOCK = 100_000;
const STARTS = 3;
const PAGES = 30;
const PAGE = 1000;

/** A million small files: what it costs to have them. */
export const manyFiles: Workload = {
  name: 'many-files',
  summary: 'one million small files: cold start, listing pages, memory',
  wan: 'off',
  run: async (cluster, settings) => {
    const loadedMs = await loadFiles(cluster, settings);
    const loaded: Figure = {
      name: 'time to load one million files of 64 bytes through HTTP',
      value: loadedMs / 1000,
      unit: 's',
      goal: null,
      roundTrip: 'off',
      note: 'a third at each site, 192 requests under way',
    };
    return [loaded, ...(await coldStarts(cluster, settings)), ...(await listing(cluster))];
  },
};

/** Gives the time it took; NaN where files of an earlier run were there. */
export async function loadFiles(cluster: BenchCluster, { say }: BenchSettings): Promise<number> {
  const startMs = performance.now();
  const found = await present(cluster);
  for (let first = found; first < FILES; first += BLOCK) {
    const { tookMs } = await runLoad({
      method: 'PUT',
      targets: cluster.sites.map((site) => ({
        port: cluster.port(site),
        path: `/v1/files/${BUCKET}/${site}/${String(first / BLOCK).padStart(2, '0')}/f`,
      })),
      connections: 96,
      pipelined: 2,
      bodyBytes: BODY_BYTES,
      firstName: 0,
      names: BLOCK,
      warmUpMs: 0,
      limitMs: 3_600_000,
      limitRequests: BLOCK,
    });
    say(`${first + BLOCK} files, the last ${BLOCK} at ${amount((BLOCK / tookMs) * 1000)} per s`);
  }
  await cluster.whole();
  return found === 0 ? performance.now() - startMs : Number.NaN;
}

/** Whole blocks that an earlier run into the same folder has written. */
async function present(cluster: BenchCluster): Promise<number> {
  for (let first = 0; first < FILES; first += BLOCK) {
    const prefix = `nyc/${String(first / BLOCK).padStart(2, '0')}/`;
    const page = await cluster.near('nyc').list({ bucket: BUCKET, prefix, limit: 1 });
    if (!page.ok) throw new BenchFailed(page.message);
    if (page.value.files.length === 0) return Math.max(0, first - BLOCK);
  }
  return FILES;
}

async function coldStarts(cluster: BenchCluster, { say }: BenchSettings): Promise<Figure[]> {
  const readyMs: number[] = [];
  const totals: number[] = [];
  const owns: number[] = [];
  for (let start = 0; start < STARTS; start += 1) {
    await Promise.all(cluster.sites.map((site) => cluster.child(site).stop('clean')));
    const startMs = performance.now();
    const started = await Promise.all(cluster.sites.map((site) => cluster.child(site).start()));
    started.forEach(expectStarted);
    readyMs.push(performance.now() - startMs);
    await cluster.whole();
    for (const pid of cluster.pids().values()) {
      totals.push(memory(pid).totalBytes / MEBIBYTE);
      owns.push(memory(pid).ownBytes / MEBIBYTE);
    }
    say(`cold start ${start + 1}: ready after ${amount(readyMs.at(-1) ?? 0)} ms`);
  }
  return [
    {
      name: 'cold start of all three sites with one million files, ready after',
      value: spreadOf(readyMs).median / 1000,
      unit: 's',
      goal: { sense: 'at most', value: 5 },
      roundTrip: 'off',
      note: `${spreadText(readyMs.map((ms) => ms / 1000))}; the pages of the disk may be cached`,
    },
    {
      name: '  memory of a site after it, the largest',
      value: Math.max(...totals),
      unit: 'MiB',
      goal: { sense: 'at most', value: 500 },
      roundTrip: 'off',
      note: `resident; ${amount(Math.max(...owns))} MiB without mapped files`,
    },
  ];
}

function expectStarted(started: { ok: boolean; message?: string }): void {
  if (!started.ok) throw new BenchFailed(started.message ?? 'a site does not start');
}

/** The text of one page, as any HTTP client gets it. */
async function readPage(port: number, cursor: string, key: string): Promise<string> {
  const url = `http://127.0.0.1:${port}/v1/files/${BUCKET}?limit=${PAGE}${cursor}`;
  const answer = await fetch(url, { headers: { authorization: `Bearer ${key}` } });
  if (answer.status !== 200) throw new BenchFailed(`a listing was answered ${answer.status}`);
  return answer.text();
}

async function listing(cluster: BenchCluster): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const [site, city] of [
    ['nyc', 'New York'],
    ['lon', 'London'],
  ] as const) {
    const tookMs: number[] = [];
    let cursor = '';
    for (let page = 0; page < PAGES; page += 1) {
      const startMs = performance.now();
      const text = await readPage(cluster.port(site), cursor, cluster.key);
      tookMs.push(performance.now() - startMs);
      const { files, next } = ListingAnswer.parse(JSON.parse(text));
      if (files.length !== PAGE || next === null) throw new BenchFailed(`${site}: a short page`);
      cursor = `&cursor=${next}`;
    }
    figures.push({
      name: `a listing page of 1,000 in ${city}, median`,
      value: spreadOf(tookMs).median,
      unit: 'ms',
      goal: { sense: 'at most', value: 20 },
      roundTrip: 'off',
      note: `${spreadText(tookMs, 'pages')}; strong, until its last byte has come`,
    });
  }
  const peak = Math.max(...[...cluster.pids().values()].map((pid) => memory(pid).totalBytes));
  figures.push({
    name: '  memory of a site after the listings, the largest',
    value: peak / MEBIBYTE,
    unit: 'MiB',
    goal: { sense: 'at most', value: 500 },
    roundTrip: 'off',
    note: 'resident, mapped files included',
  });
  return figures;
}
