import { randomFillSync } from 'node:crypto';
import { authorizationLine } from './bench-key.js';
import { LoadConnection } from './load-connection.js';
import { S3Signer } from '../s3-signer.js';
import { JOB_VARIABLE, LoadJob, type LoadResult } from './load-job.js';

/*
 * The process that makes load, apart from the sites and from what measures them. It is forked with
 * its job in its environment and tells what it found over its channel.
 */

const job = LoadJob.parse(JSON.parse(process.env[JOB_VARIABLE] ?? 'null'));
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

const signer = job.s3 === undefined ? null : new S3Signer(job.s3, Date.now());
/** A signature is the same for every request to a name: the load pays for it once. */
const signatures = new Map<string, string>();

function signatureOf(port: number, target: string): string {
  if (signer === null) return `Host: bench\r\n${authorizationLine()}`;
  const key = `${port} ${target}`;
  let lines = signatures.get(key);
  if (lines === undefined) {
    const host = `127.0.0.1:${port}`;
    const signed = ['Host', host, ...signer.headers(job.method, host, target)];
    lines = '';
    for (let at = 0; at < signed.length; at += 2) lines += `${signed[at]}: ${signed[at + 1]}\r\n`;
    signatures.set(key, lines);
  }
  return lines;
}

function request(port: number, path: string, index: number): Buffer {
  const target = `${path}${job.firstName + (index % job.names)}`;
  if (job.method === 'GET') {
    return Buffer.from(`GET ${target} HTTP/1.1\r\n${signatureOf(port, target)}\r\n`, 'latin1');
  }
  const length = `Content-Length: ${body.length}\r\n\r\n`;
  const head = `PUT ${target} HTTP/1.1\r\n${signatureOf(port, target)}${length}`;
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
      return request(target.port, target.path, sent - 1);
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
