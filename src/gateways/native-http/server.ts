import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { FileService } from '../../site/file-service.js';
import type { Exchange } from './exchange.js';
import { sendProblem } from './exchange.js';
import { PROBLEMS, refusal } from './problem.js';
import { route } from './routes.js';
import { acceptSessions } from './session-socket.js';

export interface NativeHttpOptions {
  /** The site that answers. */
  readonly site: string;
  /** Told of every mistake of ours; the client gets a 500. */
  readonly onMistake?: (error: unknown) => void;
}

export interface ListenOptions extends NativeHttpOptions {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  /** Connections at once; more are closed unheard. Default 30,000. */
  readonly connectionLimit?: number;
  /** Silence on a connection with a request under way that ends it. Default 120,000. */
  readonly stallLimitMs?: number;
}

export interface ListeningHttp {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  /** Takes no more, lets requests in flight end for up to `graceMs` (default 5,000), then cuts. */
  close(graceMs?: number): Promise<void>;
}

const HEADER_LIMIT_BYTES = 16 * 1024;
/** Sessions of clients are among them, and have a limit of their own. */
const CONNECTION_LIMIT = 30_000;

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** The native API of a site as a handler for a `node:http` server. */
export function createNativeHttp(service: FileService, options: NativeHttpOptions): RequestHandler {
  return (request, response) => {
    handle(service, options, request, response, false);
  };
}

/**
 * Serves the native API on its own port. Rejects when the port cannot be had, with the error of
 * `node:net` (`EADDRINUSE`, …).
 */
export function listen(service: FileService, options: ListenOptions): Promise<ListeningHttp> {
  /** Connections without a request so far: at the end nobody misses them. */
  const unused = new Set<Socket>();
  const server = createServer(
    { maxHeaderSize: HEADER_LIMIT_BYTES, keepAliveTimeout: 75_000, requestTimeout: 0 },
    (request, response) => {
      unused.delete(request.socket);
      handle(service, options, request, response, false);
    },
  );
  server.on('connection', (socket: Socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  server.headersTimeout = 30_000;
  server.maxConnections = options.connectionLimit ?? CONNECTION_LIMIT;
  server.setTimeout(options.stallLimitMs ?? 120_000);
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    handle(service, options, request, response, true);
  });
  server.on('clientError', refuseMalformed);
  const sessions = acceptSessions(server, service);
  const { host, port } = options;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const bound = (server.address() as AddressInfo).port;
      const authority = host.includes(':') ? `[${host}]` : host;
      resolve({
        host,
        port: bound,
        url: `http://${authority}:${bound}`,
        close: (graceMs = 5000) => {
          sessions.close();
          return closeServer(server, unused, graceMs);
        },
      });
    });
  });
}

function closeServer(server: Server, unused: ReadonlySet<Socket>, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
    for (const socket of unused) socket.destroy();
  });
}

function handle(
  service: FileService,
  options: NativeHttpOptions,
  request: IncomingMessage,
  response: ServerResponse,
  awaitsContinue: boolean,
): void {
  // A connection that breaks is seen by whoever reads or writes; unheard it would be an exception.
  request.on('error', ignore);
  response.on('error', ignore);
  const exchange: Exchange = { request, response, service, site: options.site, awaitsContinue };
  if (isForeignWrite(request)) {
    sendProblem(exchange, refusal('cross_origin', `the page is of ${request.headers.origin}`));
    return;
  }
  try {
    const answered = route(exchange);
    if (answered) answered.catch((error: unknown) => answerMistake(exchange, options, error));
  } catch (error) {
    answerMistake(exchange, options, error);
  }
}

function ignore(): void {}

/** A web page of another origin that tries to change something through its visitor's browser. */
function isForeignWrite({ method, headers }: IncomingMessage): boolean {
  const { origin } = headers;
  if (origin === undefined || method === 'GET' || method === 'HEAD') return false;
  return origin !== `http://${headers.host}` && origin !== `https://${headers.host}`;
}

function answerMistake(exchange: Exchange, options: NativeHttpOptions, error: unknown): void {
  options.onMistake?.(error);
  const { request, response } = exchange;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  sendProblem(exchange, refusal('internal', 'an unexpected error; nothing more can be said here'), {
    outcome: isRead ? undefined : 'unknown',
  });
}

function refuseMalformed(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const code =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? 'headers_too_large'
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? 'request_timeout'
        : 'malformed_request';
  const { status, title } = PROBLEMS[code];
  const body = `${JSON.stringify({ type: 'about:blank', title, status, code, detail: error.message })}\n`;
  socket.end(
    `HTTP/1.1 ${status} Refused\r\nContent-Type: application/problem+json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
