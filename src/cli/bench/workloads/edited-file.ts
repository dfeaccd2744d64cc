import type { BenchCluster } from '../bench-cluster.js';
import { BenchFailed, BUCKET } from '../bench-cluster.js';
import type { Figure } from '../figure.js';
import { amount, spreadOf, spreadText } from '../figure.js';
import { PIECE_BYTES, sampleFile, samplePiece } from '../sample-content.js';
import { wanTraffic } from '../wan-traffic.js';
import type { Workload } from '../workload.js';

const MEBIBYTE = 1024 ** 2;
const FILE_BYTES = 1024 * MEBIBYTE;
/** Each inserts one more byte somewhere else in the middle half of the file. */
const EDITS = 5;
const LINKS = [
  ['nyc', 'tor'],
  ['nyc', 'lon'],
  ['tor', 'lon'],
] as const;

/** A byte inserted in the middle of a large file, and what of it goes between sites. */
export const editedFile: Workload = {
  name: 'edited-file',
  summary: 'one byte inserted in the middle of 1 GiB, and the bytes that go between sites',
  wan: 'off',
  run: async (cluster, { say }) => {
    await put(cluster, FILE_BYTES, () => sampleFile(1, FILE_BYTES));
    await cluster.whole();
    const idle = await bytesSince(cluster, await bytesBetween(cluster));
    const shipped: number[] = [];
    for (let edit = 1; edit <= EDITS; edit += 1) {
      const before = await bytesBetween(cluster);
      await put(cluster, FILE_BYTES + edit, () => edited(edit));
      await cluster.whole();
      shipped.push((await bytesSince(cluster, before)) / MEBIBYTE);
      say(`edit ${edit} shipped ${amount(shipped.at(-1) ?? Number.NaN)} MiB`);
    }
    return [figureOf(shipped, idle)];
  },
};

function figureOf(shipped: readonly number[], idleBytes: number): Figure {
  const beside = `without any write ${amount(idleBytes / 1024)} KiB go in the time of one question`;
  return {
    name: 'between all sites, for both copies, the most',
    value: spreadOf(shipped).highest,
    unit: 'MiB',
    goal: { sense: 'at most', value: 4 },
    roundTrip: 'off',
    note: `${spreadText(shipped, 'edits')}; ${beside}`,
  };
}

/** The file with so many bytes inserted, each at a place of its own. */
async function* edited(edits: number): AsyncGenerator<Buffer> {
  const pieces = FILE_BYTES / PIECE_BYTES;
  const places = new Set<number>();
  for (let edit = 0; edit < edits; edit += 1) {
    places.add(Math.floor(pieces / 4 + ((edit + 0.5) * pieces) / 2 / EDITS));
  }
  for (let index = 0; index < pieces; index += 1) {
    if (places.has(index)) yield Buffer.of(1);
    yield samplePiece(1, index);
  }
}

async function put(
  cluster: BenchCluster,
  size: number,
  body: () => AsyncIterable<Buffer>,
): Promise<void> {
  const result = await cluster.only('nyc').put(`${BUCKET}/nyc/edited`, body, { size });
  if (result.outcome !== 'committed') throw new BenchFailed(result.message);
}

async function bytesBetween(cluster: BenchCluster): Promise<number> {
  const counted = await Promise.all(LINKS.map(([a, b]) => wanTraffic(cluster, a, b)));
  return counted.reduce((sum, { bytes }) => sum + bytes, 0);
}

async function bytesSince(cluster: BenchCluster, before: number): Promise<number> {
  return (await bytesBetween(cluster)) - before;
}
