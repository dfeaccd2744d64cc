import { randomFillSync } from 'node:crypto';
import type { BenchCluster } from '../bench-cluster.js';
import { BUCKET } from '../bench-cluster.js';
import type { Figure } from '../figure.js';
import { amount, spreadOf, spreadText } from '../figure.js';
import type { S3Credentials } from '../../s3-signer.js';
import { S3Requests } from '../s3-requests.js';
import type { BenchSettings, Workload } from '../workload.js';
import { rate, writeNames } from './throughput.js';

const MEBIBYTE = 1024 ** 2;
const LARGE_BYTES = 64 * MEBIBYTE;
const PART_BYTES = 8 * MEBIBYTE;
const LARGE_RUNS = 5;

/** S3 as many clients use it at once. */
export const s3Throughput: Workload = {
  name: 's3-throughput',
  summary: 'S3: small puts and gets of 64 clients, 64 MiB in parts, with all signatures',
  wan: 'off',
  run: async (cluster, settings) => {
    const s3 = await cluster.s3Key();
    const puts = await rate(
      cluster,
      settings,
      {
        name: 'S3 puts of 4 KiB by 64 clients in New York',
        each: 'put',
        goal: { sense: 'at least', value: 2500 },
      },
      'PUT',
      ['nyc'],
      s3,
    );
    const gets = await leasedGets(cluster, settings, s3);
    return [...puts, ...gets, ...(await large(cluster, settings, s3))];
  },
};

async function leasedGets(
  cluster: BenchCluster,
  settings: BenchSettings,
  s3: S3Credentials,
): Promise<Figure[]> {
  await writeNames(cluster);
  return rate(
    cluster,
    settings,
    {
      name: 'S3 gets of 4 KiB by 64 clients in London, under lease',
      each: 'get',
      goal: { sense: 'at least', value: 6000 },
    },
    'GET',
    ['lon'],
    s3,
    'nyc',
  );
}

/** In parts up, in ranges down, eight at once as tools do it. */
async function large(
  cluster: BenchCluster,
  { say }: BenchSettings,
  s3: S3Credentials,
): Promise<Figure[]> {
  const nyc = new S3Requests(cluster.s3Port('nyc'), s3);
  const lon = new S3Requests(cluster.s3Port('lon'), s3);
  const upMs: number[] = [];
  const downMs: number[] = [];
  const part = randomFillSync(Buffer.alloc(PART_BYTES));
  try {
    for (let run = 0; run < LARGE_RUNS; run += 1) {
      const path = `/${BUCKET}/nyc/large-${run}`;
      upMs.push(await upload(nyc, path, run, part));
      await cluster.whole();
      const startMs = performance.now();
      await Promise.all(
        Array.from({ length: LARGE_BYTES / PART_BYTES }, (_, index) => {
          const first = index * PART_BYTES;
          const range = ['Range', `bytes=${first}-${first + PART_BYTES - 1}`];
          return lon.send('GET', path, { headers: range });
        }),
      );
      downMs.push(performance.now() - startMs);
      say(`64 MiB: up ${amount(upMs.at(-1) ?? 0)} ms, down ${amount(downMs.at(-1) ?? 0)} ms`);
    }
  } finally {
    nyc.close();
    lon.close();
  }
  const figure = (name: string, tookMs: readonly number[]): Figure => {
    const rates = tookMs.map((ms) => LARGE_BYTES / 1e6 / (ms / 1000));
    const value = spreadOf(rates).median;
    return { name, value, unit: 'MB/s', goal: null, roundTrip: 'off', note: spreadText(rates) };
  };
  return [
    figure('S3 multipart upload of 64 MiB in New York, parts of 8 MiB', upMs),
    figure('S3 download of 64 MiB in London, in ranges of 8 MiB', downMs),
  ];
}

async function upload(nyc: S3Requests, path: string, run: number, part: Buffer): Promise<number> {
  const startMs = performance.now();
  const begun = await nyc.send('POST', path, { query: 'uploads=' });
  const id = /<UploadId>([^<]+)</.exec(begun.text)?.[1] ?? '';
  const etags = await Promise.all(
    Array.from({ length: LARGE_BYTES / PART_BYTES }, async (_, index) => {
      const body = Buffer.from(part);
      for (let at = 0; at < body.length; at += 16_384) body.writeUInt32LE(run * 100 + index, at);
      const query = `partNumber=${index + 1}&uploadId=${id}`;
      return (await nyc.send('PUT', path, { query, body })).etag;
    }),
  );
  const parts = etags.map(
    (etag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${etag}</ETag></Part>`,
  );
  const body = Buffer.from(`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`);
  await nyc.send('POST', path, { query: `uploadId=${id}`, body });
  return performance.now() - startMs;
}
