import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { makeHttpServer, type ServerCertificate } from './http-server.js';

export interface ListenAddress {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  /** Connections at once; more are closed unheard. Default 30,000. */
  readonly connectionLimit?: number;
  /** Silence on a connection with a request under way that ends it. Default 120,000. */
  readonly stallLimitMs?: number;
  /** With it HTTPS is served, else HTTP. */
  readonly certificate?: ServerCertificate | null;
}

export interface HttpAnswerer {
  /** `awaitsContinue`: the client sends its body only when told to. */
  answer(request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean): void;
  /** An answer was handed over whole; with status 0 its connection ended before. */
  ended?(status: number, tookMs: number): void;
  /** What was not HTTP, or not within its limits. */
  refusal(code: MalformedCode, message: string): MalformedAnswer;
  /** Something more that listens on the same server, and ends with it. */
  attach?(server: Server): { drain(): void; dismiss(): void; close(): void };
}

export type MalformedCode = 'headers_too_large' | 'request_timeout' | 'malformed_request';

export interface MalformedAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export interface ListeningHttp {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  /** From now on each answer ends its connection, and no client begins a session. */
  drain(): void;
  /** Sends away clients with sessions, and readers of streams. */
  dismiss(): void;
  /** Takes no more, lets requests in flight end for up to `graceMs` (default 5,000), then cuts. */
  close(graceMs?: number): Promise<void>;
}

const HEADER_LIMIT_BYTES = 16 * 1024;
/** Sessions of clients are among them, and have a limit of their own. */
const CONNECTION_LIMIT = 30_000;

/** Rejects when the port cannot be had, with the error of `node:net` (`EADDRINUSE`, …). */
export function listenHttp(address: ListenAddress, answerer: HttpAnswerer): Promise<ListeningHttp> {
  /** Connections without a request so far: at the end nobody misses them. */
  const unused = new Set<Socket>();
  let isDraining = false;
  const answer = (
    request: IncomingMessage,
    response: ServerResponse,
    awaitsContinue: boolean,
  ): void => {
    unused.delete(request.socket);
    // A connection that breaks is seen by whoever reads or writes; unheard it would be an exception.
    request.on('error', ignore);
    response.on('error', ignore);
    if (isDraining) response.shouldKeepAlive = false;
    if (answerer.ended !== undefined) {
      const startMs = performance.now();
      response.on('close', () => {
        const status = response.writableFinished ? response.statusCode : 0;
        answerer.ended?.(status, performance.now() - startMs);
      });
    }
    answerer.answer(request, response, awaitsContinue);
  };
  const { server, connected, stopConnecting } = makeHttpServer(
    { maxHeaderSize: HEADER_LIMIT_BYTES, keepAliveTimeout: 75_000, requestTimeout: 0 },
    address.certificate ?? null,
    (request, response) => answer(request, response, false),
  );
  server.on(connected, (socket: Socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  server.headersTimeout = 30_000;
  server.maxConnections = address.connectionLimit ?? CONNECTION_LIMIT;
  server.setTimeout(address.stallLimitMs ?? 120_000);
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) =>
    answer(request, response, true),
  );
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) =>
    refuseMalformed(answerer, error, socket),
  );
  const attached = answerer.attach?.(server);
  const drain = (): void => {
    isDraining = true;
    attached?.drain();
  };
  const close = async (graceMs = 5000): Promise<void> => {
    attached?.close();
    stopConnecting();
    await closeServer(server, unused, graceMs);
  };
  const dismiss = (): void => attached?.dismiss();
  return bind(server, address, { drain, dismiss, close });
}

function bind(
  server: Server,
  { host, port, certificate }: ListenAddress,
  ends: Pick<ListeningHttp, 'drain' | 'dismiss' | 'close'>,
): Promise<ListeningHttp> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const bound = (server.address() as AddressInfo).port;
      const authority = host.includes(':') ? `[${host}]` : host;
      resolve({
        host,
        port: bound,
        url: `${certificate ? 'https' : 'http'}://${authority}:${bound}`,
        ...ends,
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

function ignore(): void {}

function refuseMalformed(
  answerer: HttpAnswerer,
  error: NodeJS.ErrnoException,
  socket: Socket,
): void {
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
  const { status, contentType, body } = answerer.refusal(code, error.message);
  socket.end(
    `HTTP/1.1 ${status} Refused\r\nContent-Type: ${contentType}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
