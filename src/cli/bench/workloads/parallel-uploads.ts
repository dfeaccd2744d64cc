import { BenchFailed, BUCKET } from '../bench-cluster.js';
import { amount } from '../figure.js';
import { sampleFile } from '../sample-content.js';
import type { Workload } from '../workload.js';

const MEBIBYTE = 1024 ** 2;
const FILE_BYTES = 1024 * MEBIBYTE;
const UPLOADS = 16;

/** Many large files at once, and the memory that they take. */
export const parallelUploads: Workload = {
  name: 'parallel-uploads',
  summary: '16 uploads of 1 GiB at once to one site, and the memory of each site meanwhile',
  wan: 'off',
  run: async (cluster) => {
    const client = cluster.only('nyc');
    const peak = cluster.watchMemory();
    const startMs = performance.now();
    const results = await Promise.all(
      Array.from({ length: UPLOADS }, (_, upload) =>
        client.put(`${BUCKET}/nyc/upload-${upload}`, () => sampleFile(upload + 1, FILE_BYTES), {
          size: FILE_BYTES,
        }),
      ),
    );
    const seconds = (performance.now() - startMs) / 1000;
    for (const result of results) {
      if (result.outcome !== 'committed') throw new BenchFailed(result.message);
    }
    await cluster.whole();
    const peaks = [...peak.end()];
    const most = Math.max(...peaks.map(([, { totalBytes }]) => totalBytes));
    return [
      {
        name: `${UPLOADS} puts of 1 GiB, all acknowledged`,
        value: (UPLOADS * FILE_BYTES) / 1_000_000 / seconds,
        unit: 'MB/s',
        goal: null,
        roundTrip: 'off',
        note: `one run, ${amount(seconds)} s`,
      },
      {
        name: '  peak memory of a site, the largest',
        value: most / MEBIBYTE,
        unit: 'MiB',
        goal: { sense: 'at most', value: 400 },
        roundTrip: 'off',
        note: peaks
          .map(([site, { totalBytes }]) => `${site} ${amount(totalBytes / MEBIBYTE)}`)
          .join(', '),
      },
    ];
  },
};
