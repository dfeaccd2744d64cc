import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type ClientLimits, DEFAULT_CLIENT_LIMITS } from '../site/client-limits.js';
import { BodyPace, type PaceLimits } from './body-pace.js';
import { type ConnectionRefusal, ConnectionShares } from './connection-shares.js';
import { whenHeard } from './hold-back.js';
import { hasBody } from './http-exchange.js';
import { makeHttpServer, type ServerCertificate } from './http-server.js';

export interface ListenAddress {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  /** Connections at once; more are closed unheard. Default: of this port alone. */
  readonly connections?: ConnectionShares;
  /** How slow its clients may be. Default: as of any site. */
  readonly pace?: PaceLimits & Pick<ClientLimits, 'silenceMs'>;
  /** By then a TLS handshake has to be done. Default: 10,000. */
  readonly handshakeMs?: number;
  /** With it HTTPS is served, else HTTP. */
  readonly certificate?: ServerCertificate | null;
}

export interface HttpAnswerer {
  /** `awaitsContinue`: the client sends its body only when told to. */
  answer(request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean): void;
  /** An answer was handed over whole; with status 0 its connection ended before. */
  ended?(status: number, tookMs: number): void;
  /** A connection was closed unheard, or ended for what it brought. */
  turnedAway?(reason: ConnectionRefusal | MalformedCode | 'slow_body' | 'handshake'): void;
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
/** Node would leave out what is beyond its own limit, and answer as if it had not been sent. */
const HEADER_LIMIT_COUNT = 256;
/** Until its headers are there a connection may take so long … */
const HEADERS_LIMIT_MS = 30_000;
/** … which is looked at this often. */
const LOOK_MS = 5000;

/** Rejects when the port cannot be had, with the error of `node:net` (`EADDRINUSE`, …). */
export function listenHttp(address: ListenAddress, answerer: HttpAnswerer): Promise<ListeningHttp> {
  const { connections = new ConnectionShares(), pace = DEFAULT_CLIENT_LIMITS } = address;
  const endInstead = (response: ServerResponse, code: MalformedCode, message: string): void => {
    const { socket } = response.req;
    // What was begun cannot be answered otherwise, nor what waits behind another answer.
    if (response.headersSent || response.socket === null) socket.destroy();
    else endRefused(answerer, socket, code, message);
  };
  const bodies = new BodyPace(pace, (response) => {
    answerer.turnedAway?.('slow_body');
    const slowest = `${pace.bodyBytesPerSecond} bytes a second over ${pace.bodyWindowMs} ms`;
    endInstead(response, 'request_timeout', `the body came more slowly than ${slowest}`);
  });
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
    if (request.rawHeaders.length > 2 * HEADER_LIMIT_COUNT) {
      answerer.turnedAway?.('headers_too_large');
      return endInstead(response, 'headers_too_large', `more than ${HEADER_LIMIT_COUNT} headers`);
    }
    if (isDraining) response.shouldKeepAlive = false;
    const startMs = performance.now();
    if (hasBody(request)) bodies.watch(response, startMs);
    if (answerer.ended !== undefined) {
      response.on('close', () => {
        const status = response.writableFinished ? response.statusCode : 0;
        answerer.ended?.(status, performance.now() - startMs);
      });
    }
    const go = (): void => answerer.answer(request, response, awaitsContinue);
    whenHeard(request.socket, response, go);
  };
  const { server, connected, stopConnecting } = makeHttpServer(
    {
      maxHeaderSize: HEADER_LIMIT_BYTES,
      keepAliveTimeout: 75_000,
      requestTimeout: 0,
      headersTimeout: HEADERS_LIMIT_MS,
      connectionsCheckingInterval: LOOK_MS,
    },
    address.certificate ?? null,
    (request, response) => answer(request, response, false),
    address.handshakeMs,
  );
  server.on(connected, (socket: Socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  server.on('connection', (socket: Socket) => {
    const refused = connections.enter(socket);
    if (refused === null) return;
    socket.destroy();
    answerer.turnedAway?.(refused);
  });
  server.maxHeadersCount = 0;
  server.setTimeout(pace.silenceMs);
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
    bodies.close();
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
  const isHttp = /^(?:HPE_|ERR_HTTP_)/.test(error.code ?? '');
  if (!isHttp || !socket.writable) {
    // Nothing can be said on a connection that is gone, or did not become secure.
    if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') answerer.turnedAway?.('handshake');
    socket.destroy();
    return;
  }
  const code =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? 'headers_too_large'
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? 'request_timeout'
        : 'malformed_request';
  answerer.turnedAway?.(code);
  endRefused(answerer, socket, code, error.message);
}

/** Says why, and ends the connection. */
function endRefused(
  answerer: HttpAnswerer,
  socket: Socket,
  code: MalformedCode,
  message: string,
): void {
  const { status, contentType, body } = answerer.refusal(code, message);
  socket.end(
    `HTTP/1.1 ${status} Refused\r\nContent-Type: ${contentType}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
  socket.destroySoon();
}
