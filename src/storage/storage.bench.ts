/*
 * How fast this machine's disk takes logs, views and chunks. Run it after a build with
 * `node dist/storage/storage.bench.js [folder] [files]`; it writes about 2 GB into the folder
 * (default: a temporary one) and removes it.
 */
import { contentHash } from './content-hash.js';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogEntry } from '../protocol/log-entry.js';
import { openChunkStore } from './chunks/folder-chunk-store.js';
import { openShardLog } from './log/segmented-log.js';
import { entryOf, inlineContent } from './sample-entries.js';
import { openViewEnvironment, type ViewEnvironment } from './view/view-environment.js';

const say = (line: string) => process.stdout.write(`${line}\n`);
const nowMs = () => performance.now();

function cpuSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start);
  return user + system;
}

const smallContent = inlineContent(new Uint8Array(100).fill(7));
const pageContent = inlineContent(new Uint8Array(4096).fill(7));

function put(seq: number, name: string, version: number, content = smallContent): LogEntry {
  const requestId = `request-${seq}`;
  return entryOf(1, seq, { kind: 'put', name, version, content, metadata: {} }, { requestId });
}

async function benchLog(folder: string): Promise<void> {
  for (const content of [smallContent, pageContent]) {
    for (const writers of [1, 16, 64, 256]) {
      const { log } = await openShardLog(join(folder, `log-${writers}-${content.size}`), {
        shard: 'nyc',
      });
      const count = writers === 1 ? 2_000 : content === smallContent ? 60_000 : 20_000;
      const cpu = process.cpuUsage();
      const start = nowMs();
      let seq = 0;
      const writer = () =>
        new Promise<void>((resolve, reject) => {
          const next = () => {
            if (seq >= count) return resolve();
            seq += 1;
            log.write({ entries: [put(seq, `b/${seq}`, 1, content)] }, (failure) =>
              failure ? reject(new Error(failure.message)) : next(),
            );
          };
          next();
        });
      await Promise.all(Array.from({ length: writers }, writer));
      const elapsedMs = nowMs() - start;
      const rate = Math.round((count / elapsedMs) * 1000);
      const cpuMicros = (cpuSince(cpu) / count).toFixed(1);
      say(
        `log, ${writers} writers of ${content.size} B: ${rate}/s durable, ${cpuMicros} us CPU each`,
      );
      await log.close();
    }
  }
}

async function applyAll(
  environment: ViewEnvironment,
  shard: string,
  count: number,
  make: (seq: number) => LogEntry,
): Promise<void> {
  const view = environment.shard(shard);
  const first = view.position().seq + 1;
  for (let seq = first; seq < first + count; seq += 500) {
    const entries = Array.from({ length: Math.min(500, first + count - seq) }, (_, i) =>
      make(seq + i),
    );
    await new Promise<void>((resolve, reject) =>
      view.apply(entries, (failure) => (failure ? reject(new Error(failure.message)) : resolve())),
    );
  }
}

async function benchView(folder: string, files: number): Promise<void> {
  const environment = await openViewEnvironment(join(folder, 'view'));
  const measure = async (
    what: string,
    shards: readonly string[],
    count: number,
    make: (seq: number) => LogEntry,
  ) => {
    const cpu = process.cpuUsage();
    const start = nowMs();
    await Promise.all(shards.map((shard) => applyAll(environment, shard, count, make)));
    const total = count * shards.length;
    const rate = Math.round((total / (nowMs() - start)) * 1000);
    say(`view, ${what}: ${rate} entries/s, ${(cpuSince(cpu) / total).toFixed(1)} us CPU each`);
  };
  const three = ['nyc', 'tor', 'lon'];
  await measure('3 shards, new files of 100 B', three, 20_000, (seq) => put(seq, `b/${seq}`, 1));
  await measure('3 shards, overwrites of 100 B', three, 20_000, (seq) =>
    put(seq, `b/${(seq % 20_000) + 1}`, 2),
  );
  await measure('3 shards, new files of 4 KiB', three, 10_000, (seq) =>
    put(seq, `c/${seq}`, 1, pageContent),
  );
  await measure(`1 shard, ${files} new files`, ['big'], files, (seq) =>
    put(seq, `d/${contentHash(Buffer.from(`${seq}`)).slice(0, 24)}`, 1),
  );
  const timesMs: number[] = [];
  for (let i = 0; i < 32; i += 1) {
    const start = nowMs();
    const after = i === 0 ? '' : `d/${(i * 8).toString(16).padStart(2, '0')}`;
    environment.shard('big').list({ prefix: 'd/', after, limit: 1_000 });
    timesMs.push(nowMs() - start);
  }
  timesMs.sort((a, b) => a - b);
  const [median, worst] = [timesMs[16] ?? 0, timesMs[31] ?? 0];
  say(`view, page of 1,000: median ${median.toFixed(1)} ms, worst ${worst.toFixed(1)} ms`);
  await environment.close();
  const start = nowMs();
  const again = await openViewEnvironment(join(folder, 'view'));
  const found = again.shard('big').list({ prefix: 'd/', after: '', limit: 1 }).length;
  say(`view, reopened with ${files} files: ${(nowMs() - start).toFixed(1)} ms (${found})`);
  const snapshot = again.shard('big').snapshot();
  const digestStart = nowMs();
  const ranges = snapshot.digests(null, 50);
  const perRange = (nowMs() - digestStart) / ranges.length;
  say(`view, digest of a range: ${perRange.toFixed(2)} ms (${ranges[0]?.count ?? 0} records)`);
  snapshot.close();
  await again.close();
}

async function benchChunks(folder: string): Promise<void> {
  const store = await openChunkStore(join(folder, 'chunks'));
  const count = 300;
  const chunks = Array.from({ length: count }, (_, i) => {
    const bytes = Buffer.alloc(1024 * 1024, i % 251);
    bytes.writeUInt32LE(i);
    return { hash: contentHash(bytes), bytes };
  });
  const cpu = process.cpuUsage();
  let start = nowMs();
  await Promise.all(chunks.map(({ hash, bytes }) => store.write(hash, bytes)));
  const writeRate = (count / (nowMs() - start)) * 1000;
  const cpuPerMib = cpuSince(cpu) / count;
  say(`chunks, 1 MiB written: ${writeRate.toFixed(0)} MiB/s, ${cpuPerMib.toFixed(0)} us CPU each`);
  start = nowMs();
  for (const { hash } of chunks) await store.read(hash);
  say(`chunks, 1 MiB read, verified: ${((count / (nowMs() - start)) * 1000).toFixed(0)} MiB/s`);
}

const parent = process.argv[2] ?? (await mkdtemp(join(tmpdir(), 'quorate-bench-')));
const folder = await mkdtemp(join(parent, 'run-'));
try {
  await benchLog(folder);
  await benchView(folder, Number(process.argv[3] ?? 1_000_000));
  await benchChunks(folder);
} finally {
  await rm(process.argv[2] === undefined ? parent : folder, { recursive: true, force: true });
}
