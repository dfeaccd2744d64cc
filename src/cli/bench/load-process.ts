import { randomFillSync } from 'node:crypto';
import { LoadConnection } from './load-connection.js';
import { LoadJob, type LoadResult } from './load-job.js';

/*
 * The process that makes load, apart from the sites and from what measures them. It is forked with
 * its job as the only argument and tells what it found over its channel.
 */

const job = LoadJob.parse(JSON.parse(process.argv[2] ?? 'null'));
const body = randomFillSync(Buffer.alloc(job.bodyBytes));
const tookMs: number[] = [];
let sent = 0;
let completed = 0;
let failed = 0;
let firstFailure = '';
let measuring = false;
let ended = false;
let beganMs = 0;
let cpuAtBegin = process.cpuUsage();

function request(path: string, index: number): Buffer {
  const target = `${path}${job.firstName + (index % job.names)}`;
  if (job.method === 'GET') {
    return Buffer.from(`GET ${target} HTTP/1.1\r\nHost: bench\r\n\r\n`, 'latin1');
  }
  const head = `PUT ${target} HTTP/1.1\r\nHost: bench\r\nContent-Length: ${body.length}\r\n\r\n`;
  const bytes = Buffer.allocUnsafe(head.length + body.length);
  bytes.write(head, 'latin1');
  // No two bodies are the same.
  if (body.length >= 8) body.writeDoubleLE(index + performance.now(), 0);
  body.copy(bytes, head.length);
  return bytes;
}

function begin(): void {
  measuring = true;
  completed = 0;
  tookMs.length = 0;
  cpuAtBegin = process.cpuUsage();
  beganMs = performance.now();
  process.send?.({ kind: 'begun' });
  if (Number.isFinite(job.limitMs)) setTimeout(end, job.limitMs);
}

function end(): void {
  if (ended) return;
  ended = true;
  const durationMs = performance.now() - beganMs;
  const { user, system } = process.cpuUsage(cpuAtBegin);
  tookMs.sort((a, b) => a - b);
  const result: LoadResult = {
    completed,
    failed,
    firstFailure,
    tookMs: durationMs,
    cpuMs: (user + system) / 1000,
    medianMs: tookMs[Math.floor(tookMs.length / 2)] ?? 0,
    p99Ms: tookMs[Math.floor(tookMs.length * 0.99)] ?? 0,
  };
  process.send?.({ kind: 'done', result }, () => process.exit(0));
}

function answered(status: number, latencyMs: number): void {
  if (status >= 300) {
    failed += 1;
    if (firstFailure === '') firstFailure = `status ${status}`;
  }
  if (!measuring || ended) return;
  completed += 1;
  if (tookMs.length < 1_000_000) tookMs.push(latencyMs);
  if (completed >= job.limitRequests) end();
}

process.on('disconnect', () => process.exit(1));
for (let index = 0; index < job.connections; index += 1) {
  const target = job.targets[index % job.targets.length];
  if (target === undefined) break;
  new LoadConnection({
    port: target.port,
    pipelined: job.pipelined,
    next: () => {
      if (ended || (measuring && job.warmUpMs === 0 && sent >= job.limitRequests)) return null;
      sent += 1;
      return request(target.path, sent - 1);
    },
    answered,
    broken: (message) => {
      if (ended) return;
      failed += 1;
      firstFailure = message;
      end();
    },
  });
}
if (job.warmUpMs === 0) begin();
else setTimeout(begin, job.warmUpMs);
