import { randomBytes, randomFillSync } from 'node:crypto';
import type { CacheClient } from './cache-client.js';
import type { MixResult, SessionCommand } from './session-job.js';
import { Zipf } from './zipf.js';

type Mix = Extract<SessionCommand, { kind: 'mix' }>;

interface Tally {
  readonly readMs: number[];
  readonly writeMs: number[];
  failed: number;
  fromMemory: number;
  underLease: number;
  askedAway: number;
}

/** Every client reads and writes until the time is over; what the warm-up takes is not counted. */
export async function runMix(
  clients: readonly { readonly port: number; readonly client: CacheClient }[],
  mix: Mix,
): Promise<MixResult[]> {
  const tallies = new Map<number, Tally>();
  for (const { port } of clients) {
    tallies.set(port, {
      readMs: [],
      writeMs: [],
      failed: 0,
      fromMemory: 0,
      underLease: 0,
      askedAway: 0,
    });
  }
  const zipf = new Zipf(mix.names, Math.random);
  const measureFromMs = performance.now() + mix.warmUpMs;
  await Promise.all(
    clients.map(async ({ port, client }) => {
      const tally = tallies.get(port);
      if (tally !== undefined) await mixOf(client, mix, zipf, measureFromMs, tally);
    }),
  );
  return [...tallies].map(([port, tally]) => resultOf(port, tally));
}

async function mixOf(
  client: CacheClient,
  mix: Mix,
  zipf: Zipf,
  measureFromMs: number,
  tally: Tally,
): Promise<void> {
  const { prefixes, mode, pauseMs } = mix;
  const body = randomFillSync(Buffer.alloc(mix.bodyBytes));
  const session = randomBytes(6).toString('hex');
  const endMs = measureFromMs + mix.limitMs;
  for (let turn = 0; performance.now() < endMs; turn += 1) {
    const index = zipf.next();
    const name = `${prefixes[index % prefixes.length] ?? ''}${index}`;
    const isRead = Math.random() < mix.readShare;
    const startMs = performance.now();
    const isCounted = startMs >= measureFromMs;
    if (isRead) {
      const answer = await client.read(name, mode);
      if (isCounted) noteRead(tally, answer, performance.now() - startMs);
    } else {
      body.writeDoubleLE(startMs, 0);
      const answer = await client.write(name, body, `${session}.${turn}`);
      if (isCounted && answer.outcome !== 'committed') tally.failed += 1;
      if (isCounted) tally.writeMs.push(performance.now() - startMs);
    }
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 2 * pauseMs));
  }
}

function noteRead(
  tally: Tally,
  answer: Awaited<ReturnType<CacheClient['read']>>,
  tookMs: number,
): void {
  tally.readMs.push(tookMs);
  if (!answer.ok) tally.failed += 1;
  else if (answer.freshness === 'memory') tally.fromMemory += 1;
  else if (answer.freshness === 'lease') tally.underLease += 1;
  else if (answer.freshness !== 'primary') tally.askedAway += 1;
}

function resultOf(port: number, tally: Tally): MixResult {
  const { readMs, writeMs, failed, fromMemory, underLease, askedAway } = tally;
  const [reads, writes] = [readMs.length, writeMs.length];
  const medianMs = partOf(readMs, 0.5);
  const p99Ms = partOf(readMs, 0.99);
  const writeMedianMs = partOf(writeMs, 0.5);
  return {
    port,
    reads,
    writes,
    failed,
    fromMemory,
    underLease,
    askedAway,
    medianMs,
    p99Ms,
    writeMedianMs,
  };
}

function partOf(values: number[], part: number): number {
  values.sort((a, b) => a - b);
  return values[Math.floor(values.length * part)] ?? 0;
}
