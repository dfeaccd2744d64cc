import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BenchCluster } from '../bench-cluster.js';
import { BenchFailed, BUCKET } from '../bench-cluster.js';
import type { Figure } from '../figure.js';
import { amount, spreadOf, spreadText } from '../figure.js';
import { PIECE_BYTES, sampleFile, samplePiece } from '../sample-content.js';
import type { BenchSettings, Workload } from '../workload.js';

const FILE_BYTES = 1024 ** 3;
const RUNS = 3;
const MEBIBYTE = 1024 ** 2;

const random = samplePiece(0, 0);

/** One file of 1 GiB in and out, and the memory that it takes. */
export const largeFile: Workload = {
  name: 'large-file',
  summary: 'put and get of 1 GiB, and the memory of each site meanwhile',
  wan: 'off',
  run: async (cluster, settings) => {
    const disk = await diskRates(settings);
    const peak = cluster.watchMemory();
    const putMs: number[] = [];
    const everywhereMs: number[] = [];
    const getMs: number[] = [];
    const replicaGetMs: number[] = [];
    for (let run = 0; run < RUNS; run += 1) {
      const startMs = performance.now();
      await put(cluster, run);
      putMs.push(performance.now() - startMs);
      await cluster.whole();
      everywhereMs.push(performance.now() - startMs);
      getMs.push(await get(cluster, 'nyc', run));
      replicaGetMs.push(await get(cluster, 'lon', run));
      settings.say(`put ${amount(rate(putMs.at(-1)))}, get ${amount(rate(getMs.at(-1)))} MB/s`);
    }
    const peaks = [...peak.end()];
    await compare(cluster, RUNS - 1);
    return [
      rateFigure('put of 1 GiB, acknowledged', putMs, 150),
      rateFigure('  until all three sites have it on disk', everywhereMs, null),
      rateFigure("get of 1 GiB at the primary's site", getMs, 500),
      rateFigure('  at another site, from its own copy', replicaGetMs, null),
      {
        name: '  this disk by itself, one file, one fdatasync at the end',
        value: spreadOf(disk).median,
        unit: 'MB/s',
        goal: null,
        roundTrip: 'off',
        note: `${spreadText(disk)}; three copies on it can have a third each: ${amount(spreadOf(disk).median / 3)}`,
      },
      {
        name: '  peak memory of a site, the largest',
        value: Math.max(...peaks.map(([, memory]) => memory.totalBytes)) / MEBIBYTE,
        unit: 'MiB',
        goal: { sense: 'at most', value: 350 },
        roundTrip: 'off',
        note: peaks
          .map(([site, memory]) => `${site} ${amount(memory.totalBytes / MEBIBYTE)}`)
          .join(', '),
      },
    ];
  },
};

const rate = (tookMs: number | undefined): number => FILE_BYTES / 1000 / (tookMs ?? Number.NaN);

function rateFigure(name: string, tookMs: readonly number[], goal: number | null): Figure {
  const rates = tookMs.map(rate);
  return {
    name,
    value: spreadOf(rates).median,
    unit: 'MB/s',
    goal: goal === null ? null : { sense: 'at least', value: goal },
    roundTrip: 'off',
    note: spreadText(rates),
  };
}

async function put(cluster: BenchCluster, run: number): Promise<void> {
  const result = await cluster
    .only('nyc')
    .put(`${BUCKET}/nyc/large`, () => sampleFile(run, FILE_BYTES), { size: FILE_BYTES });
  if (result.outcome !== 'committed') throw new BenchFailed(result.message);
}

async function get(cluster: BenchCluster, site: string, run: number): Promise<number> {
  const startMs = performance.now();
  const opened = await cluster.only(site).get(`${BUCKET}/nyc/large`);
  if (!opened.ok) throw new BenchFailed(opened.message);
  let size = 0;
  for await (const bytes of opened.value.body) size += bytes.length;
  if (size !== FILE_BYTES) throw new BenchFailed(`${site} gave ${size} bytes in run ${run}`);
  return performance.now() - startMs;
}

/** What comes out is what went in. */
async function compare(cluster: BenchCluster, run: number): Promise<void> {
  const opened = await cluster.only('lon').get(`${BUCKET}/nyc/large`);
  if (!opened.ok) throw new BenchFailed(opened.message);
  let at = 0;
  let expected = samplePiece(run, 0);
  for await (const bytes of opened.value.body) {
    for (let done = 0; done < bytes.length; ) {
      const offset = at % PIECE_BYTES;
      if (offset === 0) expected = samplePiece(run, at / PIECE_BYTES);
      const length = Math.min(bytes.length - done, PIECE_BYTES - offset);
      const same = expected.subarray(offset, offset + length);
      if (same.compare(bytes, done, done + length) !== 0) {
        throw new BenchFailed(`the content differs near byte ${at}`);
      }
      done += length;
      at += length;
    }
  }
}

/** Sequential writes to the disk under the cluster, with nothing of Quorate in it. */
async function diskRates({ dataFolder }: BenchSettings): Promise<number[]> {
  const path = join(dataFolder, 'disk-rate');
  const rates: number[] = [];
  try {
    for (let run = 0; run < RUNS; run += 1) {
      const startMs = performance.now();
      const file = await open(path, 'w');
      for (let index = 0; index < FILE_BYTES / PIECE_BYTES; index += 1) {
        await file.write(random);
      }
      await file.datasync();
      rates.push(rate(performance.now() - startMs));
      await file.close();
    }
  } finally {
    await rm(path, { force: true });
  }
  return rates;
}
