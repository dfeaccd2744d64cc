/*
 * How fast reads from the client's memory are. Run it after a build, with a store running:
 * `node dist/client/sdk/cached-read.bench.js http://127.0.0.1:7431 …`
 */
import { connect } from './node.js';
import type { QuorateClient } from './client.js';

const NAME = 'bench/cached-read';
const SIZE_BYTES = 4096;
const READS = 1_000_000;
const ROUNDS = 5;

const client = await connect({ sites: process.argv.slice(2) });
await client.createBucket('bench');
await client.write(NAME, new Uint8Array(SIZE_BYTES));
await client.read(NAME);
for (let round = 0; round < ROUNDS; round += 1) {
  const { ratePerSecond, fromMemory } = await rateOf(client);
  const { medianNs, p99Ns } = await timesOf(client);
  const share = ((100 * fromMemory) / READS).toFixed(2);
  process.stdout.write(
    `read: ${Math.round(ratePerSecond)}/s, median ${medianNs} ns, p99 ${p99Ns} ns, ` +
      `${share} % from memory; peek: ${Math.round(peekRate(client))}/s\n`,
  );
  await client.read(NAME);
}
client.close();

async function rateOf(of: QuorateClient): Promise<{ ratePerSecond: number; fromMemory: number }> {
  let fromMemory = 0;
  const startMs = performance.now();
  for (let done = 0; done < READS; done += 1) {
    const read = await of.read(NAME);
    if (read.outcome === 'found' && read.file.freshness === 'memory') fromMemory += 1;
  }
  return { ratePerSecond: READS / ((performance.now() - startMs) / 1000), fromMemory };
}

/** Each read timed by itself; the two looks at the clock are part of it. */
async function timesOf(of: QuorateClient): Promise<{ medianNs: number; p99Ns: number }> {
  const times = new Float64Array(READS / 5);
  for (let done = 0; done < times.length; done += 1) {
    const start = process.hrtime.bigint();
    await of.read(NAME);
    times[done] = Number(process.hrtime.bigint() - start);
  }
  times.sort();
  const at = (part: number): number => times[Math.floor(times.length * part)] ?? 0;
  return { medianNs: at(0.5), p99Ns: at(0.99) };
}

/** In one turn, and short enough for the lease. */
function peekRate(of: QuorateClient): number {
  let valid = 0;
  const startMs = performance.now();
  for (let done = 0; done < READS; done += 1) if (of.peek(NAME) !== undefined) valid += 1;
  return valid / ((performance.now() - startMs) / 1000);
}
