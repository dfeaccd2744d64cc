import { randomFillSync } from 'node:crypto';
import { authorizationLine } from './bench-key.js';
import { LoadConnection } from './load-connection.js';
import { S3Signer } from '../s3-signer.js';
import { JOB_VARIABLE, LoadJob, type LoadResult } from './load-job.js';

/*
 * The process that makes load, apart from the sites and from what measures them. It is forked with
 * its job in its environment and tells what it found over its channel.
 */

const OFFER_EVERY_MS = 2;

const job = LoadJob.parse(JSON.parse(process.env[JOB_VARIABLE] ?? 'null'));
const body = randomFillSync(Buffer.alloc(job.bodyBytes));
const tookMs: number[] = [];
let sent = 0;
let completed = 0;
let failed = 0;
let refusedTold = 0;
const refusedMs: number[] = [];
/** Of an open loop: requests that are to begin, and connections that are free. */
let due = 0;
let waited = 0;
const free: LoadConnection[] = [];
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
  refusedMs.length = 0;
  refusedTold = 0;
  waited = 0;
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
  refusedMs.sort((a, b) => a - b);
  const result: LoadResult = {
    completed,
    refused: refusedMs.length,
    refusedTold,
    refusedMedianMs: refusedMs[Math.floor(refusedMs.length / 2)] ?? 0,
    waited: Math.floor(waited),
    failed,
    firstFailure,
    tookMs: durationMs,
    cpuMs: (user + system) / 1000,
    medianMs: tookMs[Math.floor(tookMs.length / 2)] ?? 0,
    p99Ms: tookMs[Math.floor(tookMs.length * 0.99)] ?? 0,
  };
  process.send?.({ kind: 'done', result }, () => process.exit(0));
}

/** Requests begin in time, whatever became of those before; what finds no connection waits. */
function offer(perSecond: number): void {
  let lastMs = performance.now();
  setInterval(() => {
    const nowMs = performance.now();
    const fresh = ((nowMs - lastMs) * perSecond) / 1000;
    due += fresh;
    lastMs = nowMs;
    // In turns: a site closes connections on which nothing comes for long.
    while (due >= 1 && free.length > 0) free.shift()?.send();
    waited += Math.min(fresh, Math.max(0, due));
    // Nobody waits for ever: what a second brought is the most that is kept.
    due = Math.min(due, perSecond);
  }, OFFER_EVERY_MS);
}

function answered(status: number, latencyMs: number, isTold: boolean): void {
  if (status === 503 && job.offeredPerSecond !== undefined) {
    if (!measuring || ended) return;
    refusedMs.push(latencyMs);
    if (isTold) refusedTold += 1;
    return;
  }
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
  const connection = new LoadConnection({
    port: target.port,
    pipelined: job.pipelined,
    next: () => {
      if (ended || (measuring && job.warmUpMs === 0 && sent >= job.limitRequests)) return null;
      if (job.offeredPerSecond !== undefined) {
        if (due < 1) {
          free.push(connection);
          return null;
        }
        due -= 1;
      }
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
const perSecond = job.offeredPerSecond;
if (perSecond !== undefined) {
  // Not before all are connected: their coming is not what is measured.
  const look = setInterval(() => {
    if (free.length < job.connections) return;
    clearInterval(look);
    offer(perSecond);
    setTimeout(begin, job.warmUpMs);
  }, OFFER_EVERY_MS);
} else if (job.warmUpMs === 0) begin();
else setTimeout(begin, job.warmUpMs);
