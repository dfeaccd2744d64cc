import type { BenchCluster } from '../bench-cluster.js';
import { BenchFailed, BUCKET } from '../bench-cluster.js';
import type { Figure } from '../figure.js';
import { amount, spreadOf, spreadText } from '../figure.js';
import { S3Requests } from '../s3-requests.js';
import type { Workload } from '../workload.js';
import { FILES, loadFiles } from './many-files.js';

const RUNS = 3;

/** All keys of a bucket with a million of them, page by page, as a tool lists them. */
export const s3Listing: Workload = {
  name: 's3-listing',
  summary: 'S3: one million keys listed in pages of 1,000',
  wan: 'off',
  run: async (cluster, settings) => {
    await loadFiles(cluster, settings);
    const figures: Figure[] = [];
    for (const site of ['nyc', 'lon']) {
      const rates: number[] = [];
      for (let run = 0; run < RUNS; run += 1) {
        rates.push(await listAll(cluster, site));
        settings.say(`${site}: ${amount(rates.at(-1) ?? 0)} keys per s`);
      }
      figures.push({
        name: `S3 keys listed in ${site}, pages of 1,000`,
        value: spreadOf(rates).median,
        unit: 'per s',
        goal: { sense: 'at least', value: 100_000 },
        roundTrip: 'off',
        note: spreadText(rates),
      });
    }
    return figures;
  },
};

async function listAll(cluster: BenchCluster, site: string): Promise<number> {
  const client = new S3Requests(cluster.s3Port(site), await cluster.s3Key());
  const startMs = performance.now();
  let keys = 0;
  for (let token = ''; ; ) {
    const next = token === '' ? '' : `continuation-token=${encodeURIComponent(token)}&`;
    const { text } = await client.send('GET', `/${BUCKET}`, { query: `${next}list-type=2` });
    keys += Number(/<KeyCount>(\d+)</.exec(text)?.[1] ?? 0);
    const [, found] = /<NextContinuationToken>([^<]+)</.exec(text) ?? [];
    if (found === undefined) break;
    token = found;
  }
  client.close();
  if (keys < FILES) throw new BenchFailed(`${keys} of ${FILES} keys were listed`);
  return keys / ((performance.now() - startMs) / 1000);
}
