import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FileVersion } from '../service-types.js';
import type { FileService, Served, WriteOutcome } from '../../site/file-service.js';
import type { Refusal } from './problem.js';
import { PROBLEMS } from './problem.js';

/** One request on its way to its answer. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly service: FileService;
  /** The site that answers. */
  readonly site: string;
  /** The client still waits for `100 Continue` before it sends its body. */
  awaitsContinue: boolean;
}

/** Header names and values in turns, as `writeHead` takes them without any copying. */
export type FlatHeaders = string[];

/** Unread bodies up to this size are discarded by the way; longer ones cost the connection. */
const DISCARD_LIMIT_BYTES = 64 * 1024;
/** How much of a longer body is still read so that the client gets to see the answer. */
const DRAIN_LIMIT_BYTES = 16 * 1024 * 1024;
const DRAIN_LIMIT_MS = 1000;

/** Sends a whole answer in one go. */
export function send(
  exchange: Exchange,
  status: number,
  headers: FlatHeaders,
  body: string | Uint8Array,
): void {
  const { request, response } = exchange;
  if (response.destroyed) return;
  headers.push('Content-Length', String(Buffer.byteLength(body)));
  if (exchange.awaitsContinue) {
    headers.push('Connection', 'close');
  } else if (leavesLongBody(request)) {
    answerThenDrain(exchange, status, headers, body);
    return;
  }
  response.writeHead(status, headers);
  response.end(request.method === 'HEAD' ? undefined : body);
}

export function sendJson(
  exchange: Exchange,
  status: number,
  value: unknown,
  served?: Served,
): void {
  const headers: FlatHeaders = ['Content-Type', 'application/json'];
  if (served) addServed(headers, served);
  else headers.push('Quorate-Site', exchange.site);
  send(exchange, status, headers, `${JSON.stringify(value)}\n`);
}

export interface ProblemDetails {
  /** For writes. Default: `rejected`, as nothing has been proposed yet. */
  readonly outcome?: 'rejected' | 'unknown' | undefined;
  readonly headers?: FlatHeaders | undefined;
  readonly requestId?: string | undefined;
  /** The version a condition was judged against, or the tombstone of what is gone. */
  readonly current?: FileVersion | undefined;
}

/** Answers with `application/problem+json`. */
export function sendProblem(
  exchange: Exchange,
  problem: Refusal,
  details: ProblemDetails = {},
): void {
  const { method } = exchange.request;
  const { status, title } = PROBLEMS[problem.code];
  const isWrite = method !== 'GET' && method !== 'HEAD';
  const outcome = details.outcome ?? (isWrite ? 'rejected' : undefined);
  const { current, requestId } = details;
  const headers = details.headers ?? [];
  headers.push('Content-Type', 'application/problem+json', 'Quorate-Site', exchange.site);
  // HEAD has no body to say it in.
  headers.push('Quorate-Code', problem.code);
  if (status === 503) headers.push('Retry-After', '1');
  if (current) headers.push('Quorate-Version', String(current.version));
  if (requestId !== undefined) headers.push('Quorate-Request-Id', requestId);
  const body = JSON.stringify({
    type: 'about:blank',
    title,
    status,
    code: problem.code,
    detail: problem.detail,
    ...(outcome && { outcome }),
    ...(requestId !== undefined && { requestId }),
    ...(current && { current: { version: current.version, deleted: current.deleted } }),
  });
  send(exchange, status, headers, `${body}\n`);
}

/** Answers with what became of a write; `committed` is put into words by the caller. */
export function sendUncommitted(
  exchange: Exchange,
  outcome: Exclude<WriteOutcome, { outcome: 'committed' }>,
  requestId: string,
): void {
  const current = outcome.outcome === 'rejected' ? outcome.current : undefined;
  sendProblem(
    exchange,
    { ok: false, code: outcome.reason, detail: outcome.message },
    { outcome: outcome.outcome, requestId, current },
  );
}

/** Who answered, for which primary, and how it knew that the answer is fresh. */
export function addServed(headers: FlatHeaders, served: Served): void {
  headers.push(
    'Quorate-Site',
    served.site,
    'Quorate-Primary',
    served.primary,
    'Quorate-Freshness',
    served.freshness,
  );
  if (served.ageMs !== null) headers.push('Quorate-Age-Ms', String(Math.ceil(served.ageMs)));
}

export function hasBody(request: IncomingMessage): boolean {
  const { headers } = request;
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function leavesLongBody(request: IncomingMessage): boolean {
  if (request.complete || !hasBody(request)) return false;
  const length = request.headers['content-length'];
  return length === undefined || Number(length) > DISCARD_LIMIT_BYTES;
}

/**
 * An answer before the body was read. Closing at once would reset the connection and with it, on
 * many systems, the answer; so some of the body is read away first, within limits.
 */
function answerThenDrain(
  { request, response }: Exchange,
  status: number,
  headers: FlatHeaders,
  body: string | Uint8Array,
): void {
  headers.push('Connection', 'close');
  response.writeHead(status, headers);
  response.write(body);
  let left = DRAIN_LIMIT_BYTES;
  const done = (): void => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(done, DRAIN_LIMIT_MS);
  request.on('data', (piece: Buffer) => {
    left -= piece.byteLength;
    if (left < 0) done();
  });
  request.once('end', done);
  request.once('close', done);
  request.once('error', done);
  request.resume();
}
