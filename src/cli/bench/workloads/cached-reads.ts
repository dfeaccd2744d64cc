import { randomBytes } from 'node:crypto';
import { connect, type QuorateClient } from '../../../client/sdk/node.js';
import { BenchFailed, BUCKET } from '../bench-cluster.js';
import type { Figure } from '../figure.js';
import { amount, spreadOf, spreadText } from '../figure.js';
import type { BenchSettings, Workload } from '../workload.js';

const BODY_BYTES = 4096;
const FILES = 100;
const RUNS = 5;
const BLOCK = 1000;
/** One clock reading for so many reads, where single ones are timed. */
const TIMED = 10;

/** A file in the client's own memory, strong, as a program gets it. */
export const cachedReads: Workload = {
  name: 'cached-reads',
  summary: 'strong 4 KiB reads by a client in London from its own memory, on one core',
  wan: 'on',
  run: async (cluster, settings) => {
    const client = await connect({ sites: cluster.endpoints, near: 'lon', key: cluster.key });
    try {
      const names = await fill(client);
      const reads = await rates(settings, async () => readBlock(client, names));
      const peeks = await rates(settings, async () => peekBlock(client, names));
      return [
        figure('read', reads, 1_000_000),
        timeFigure(await timesUs(client, names)),
        figure('peek', peeks, null),
      ];
    } finally {
      client.close();
    }
  },
};

async function fill(client: QuorateClient): Promise<string[]> {
  const names = Array.from({ length: FILES }, (_, index) => `${BUCKET}/nyc/cached-${index}`);
  for (const name of names) {
    const written = await client.write(name, randomBytes(BODY_BYTES));
    if (written.outcome !== 'committed') throw new BenchFailed(written.message);
    await client.read(name);
  }
  return names;
}

/** Strong reads awaited one after the other. */
async function readBlock(client: QuorateClient, names: readonly string[]): Promise<number> {
  let elsewhere = 0;
  for (let index = 0; index < BLOCK; index += 1) {
    const result = await client.read(names[index % FILES] ?? '');
    if (result.outcome !== 'found' || result.file.bytes.length !== BODY_BYTES) {
      throw new BenchFailed('a read gave something else than what was written');
    }
    if (result.file.freshness !== 'memory') elsewhere += 1;
  }
  return elsewhere;
}

async function peekBlock(client: QuorateClient, names: readonly string[]): Promise<number> {
  let elsewhere = 0;
  for (let index = 0; index < BLOCK; index += 1) {
    if (client.peek(names[index % FILES] ?? '')?.outcome !== 'found') elsewhere += 1;
  }
  await new Promise((resolve) => setImmediate(resolve)); // renewals get through
  return elsewhere;
}

interface Rates {
  readonly perSecond: readonly number[];
  readonly reads: number;
  readonly elsewhere: number;
}

async function rates({ secondsEach }: BenchSettings, block: () => Promise<number>): Promise<Rates> {
  const perSecond: number[] = [];
  let all = 0;
  let elsewhere = 0;
  for (let run = 0; run <= RUNS; run += 1) {
    const startMs = performance.now();
    const endMs = startMs + (secondsEach * 1000) / RUNS;
    let reads = 0;
    let missed = 0;
    while (performance.now() < endMs) {
      missed += await block();
      reads += BLOCK;
    }
    if (run === 0) continue; // until the program runs as it does after a while
    perSecond.push((reads / (performance.now() - startMs)) * 1000);
    all += reads;
    elsewhere += missed;
  }
  return { perSecond, reads: all, elsewhere };
}

async function timesUs(client: QuorateClient, names: readonly string[]): Promise<number[]> {
  const tookUs: number[] = [];
  for (let block = 0; block < 20_000; block += 1) {
    const startMs = performance.now();
    for (let index = 0; index < TIMED; index += 1) {
      await client.read(names[(block + index) % FILES] ?? '');
    }
    tookUs.push(((performance.now() - startMs) * 1000) / TIMED);
  }
  return tookUs;
}

function figure(call: string, { perSecond, reads, elsewhere }: Rates, goal: number | null): Figure {
  return {
    name: `strong 4 KiB reads from memory, ${call}`,
    value: spreadOf(perSecond).median,
    unit: 'per s',
    goal: goal === null ? null : { sense: 'at least', value: goal },
    roundTrip: 'none taken',
    note: `${spreadText(perSecond)}; one core; ${elsewhere} of ${reads.toLocaleString('en-US')} asked the site`,
  };
}

function timeFigure(tookUs: readonly number[]): Figure {
  const sorted = [...tookUs].sort((a, b) => a - b);
  return {
    name: '  one of them, median',
    value: spreadOf(tookUs).median,
    unit: 'µs',
    goal: { sense: 'at most', value: 2 },
    roundTrip: 'none taken',
    note: `${tookUs.length.toLocaleString('en-US')} times ${TIMED} reads, one after the other; p99 ${amount(sorted[Math.floor(sorted.length * 0.99)] ?? 0)}`,
  };
}
