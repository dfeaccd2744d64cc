import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CallerShares } from './caller-shares.js';

/** One request on its way to its answer, whatever protocol it speaks. */
export interface HttpExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The client still waits for `100 Continue` before it sends its body. */
  awaitsContinue: boolean;
  /** What its caller may have of the site; null: all of it. */
  readonly callers: CallerShares | null;
}

/** Header names and values in turns, as `writeHead` takes them without any copying. */
export type FlatHeaders = string[];

/** Unread bodies up to this size are discarded by the way; longer ones cost the connection. */
const DISCARD_LIMIT_BYTES = 64 * 1024;
/** How much of a longer body is still read so that the client gets to see the answer. */
const DRAIN_LIMIT_BYTES = 16 * 1024 * 1024;
const DRAIN_LIMIT_MS = 1000;

/** Texts of more characters are sent as bytes. */
const LONG_TEXT = 16 * 1024;

/** Sends a whole answer in one go. */
export function send(
  exchange: HttpExchange,
  status: number,
  headers: FlatHeaders,
  body: string | Uint8Array,
): void {
  const { request, response } = exchange;
  if (response.destroyed) return;
  // A long text would otherwise be encoded twice, and copied to follow the head.
  const bytes = body.length > LONG_TEXT && typeof body === 'string' ? Buffer.from(body) : body;
  headers.push('Content-Length', String(Buffer.byteLength(bytes)));
  if (exchange.awaitsContinue) {
    headers.push('Connection', 'close');
  } else if (leavesLongBody(request)) {
    answerThenDrain(exchange, status, headers, bytes);
    return;
  }
  response.writeHead(status, headers);
  response.end(request.method === 'HEAD' ? undefined : bytes);
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
  { request, response }: HttpExchange,
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
