import { randomBytes } from 'node:crypto';
import { BUCKET } from '../bench-cluster.js';
import type { Figure } from '../figure.js';
import { amount, spreadOf } from '../figure.js';
import { S3Requests } from '../s3-requests.js';
import type { Workload } from '../workload.js';

const BODY_BYTES = 4096;
/** First ones, of a site that has just started. */
const UNCOUNTED = 40;
const LEAST = 20;
const MOST = 500;
const ALLOWANCE_MS = 4;

/** Round trips that a write from each site to a New York object takes, in milliseconds. */
const WRITE_TRIPS: Readonly<Record<string, number>> = { nyc: 12, tor: 24, lon: 84 };
/** The round trip to the nearest other site: what a local answer is compared with. */
const NEAREST: Readonly<Record<string, number>> = { nyc: 12, tor: 12, lon: 72 };

/** One small S3 request at a time, from each site, of objects whose primary is New York. */
export const s3Latency: Workload = {
  name: 's3-latency',
  summary: 'S3: one small put, get, list and delete at a time, from each site',
  wan: 'on',
  run: async (cluster, { secondsEach }) => {
    const s3 = await cluster.s3Key();
    const figures: Figure[] = [];
    for (const site of cluster.sites) {
      const client = new S3Requests(cluster.s3Port(site), s3);
      const path = `/${BUCKET}/nyc/small-${site}`;
      const timed = async (
        work: (index: number) => Promise<unknown>,
        most = MOST,
      ): Promise<number[]> => {
        const tookMs: number[] = [];
        for (let index = 0; index < UNCOUNTED; index += 1) await work(index);
        const endMs = performance.now() + (secondsEach * 1000) / 4;
        for (let index = UNCOUNTED; tookMs.length < most; index += 1) {
          const startMs = performance.now();
          if (tookMs.length >= LEAST && startMs > endMs) break;
          await work(index);
          tookMs.push(performance.now() - startMs);
        }
        return tookMs;
      };
      const body = randomBytes(BODY_BYTES);
      const puts = await timed((index) => client.send('PUT', `${path}-${index}`, { body }));
      // Only what was put: deleting what is not there asks for no write.
      const deletes = await timed(
        (index) => client.send('DELETE', `${path}-${index}`),
        puts.length,
      );
      await client.send('PUT', path, { body });
      const gets = await timed(() => client.send('GET', path));
      const query = `list-type=2&max-keys=100&prefix=nyc%2Fsmall`;
      const lists = await timed(() => client.send('GET', `/${BUCKET}`, { query }));
      client.close();
      const write = 1.1 * (WRITE_TRIPS[site] ?? 0) + ALLOWANCE_MS;
      const local = 0.1 * (NEAREST[site] ?? 0);
      const add = (what: string, tookMs: readonly number[], goal: number, trip: number): void => {
        const { median, lowest, highest } = spreadOf(tookMs);
        const times = amount(median / trip);
        figures.push({
          name: `S3 ${what} from ${site} of a New York object, median`,
          value: median,
          unit: 'ms',
          goal: { sense: 'at most', value: goal },
          roundTrip: `${trip} ms`,
          note: `${times} round trips; ${tookMs.length} requests, ${amount(lowest)} to ${amount(highest)}`,
        });
      };
      add('put', puts, write, WRITE_TRIPS[site] ?? 0);
      add('delete', deletes, write, WRITE_TRIPS[site] ?? 0);
      add('get under lease', gets, local, NEAREST[site] ?? 0);
      add('list', lists, local, NEAREST[site] ?? 0);
    }
    return figures;
  },
};
