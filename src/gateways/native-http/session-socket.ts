import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import type { AccessGuard } from '../../site/access/access-guard.js';
import type { AuditLog } from '../../site/access/audit-log.js';
import type { Caller } from '../../site/access/caller.js';
import type { FileService, SessionAudit } from '../../site/file-service.js';
import { identify, type Sender } from './access/admission.js';
import { KeyHolders } from './access/key-holders.js';
import { FrameWriter } from './frame-writer.js';

/*
 * Clients' sessions: a WebSocket at /v1/session that carries the frames of the session protocol. A
 * client that sends what is no message, or does not read what it is sent, loses its connection.
 */

export const SESSION_PATH = '/v1/session';
export const SESSION_SUBPROTOCOL = 'quorate.1';

const FRAME_LIMIT_BYTES = 1024 * 1024;
/** A client that is this far behind in reading is cut off. */
const BACKLOG_LIMIT_BYTES = 16 * 1024 * 1024;
/** Silence on the connection after which it is asked for a sign of life; twice that ends it. */
const SILENCE_LIMIT_MS = 30_000;
const CLOSE_POLICY = 1008;
const CLOSE_TRY_LATER = 1013;
const CLOSE_GOING_AWAY = 1001;
/** The key is none that opens a session here: another attempt with it is in vain. */
export const CLOSE_KEY_REFUSED = 4401;
/** What the key may do is another matter now, if it may anything: sign in again. */
const CLOSE_KEY_CHANGED = 4408;

export interface SessionSockets {
  /** Takes no more. Those that are here stay: what they hold under lease they can still give back. */
  drain(): void;
  /** Sends every client away. */
  dismiss(): void;
  /** Ends every session: the site stops. */
  close(): void;
}

/** Takes sessions on the server's upgrade requests. */
export function acceptSessions(
  server: Server,
  service: FileService,
  guard: AccessGuard | null,
  audit: AuditLog | null,
): SessionSockets {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: FRAME_LIMIT_BYTES,
    perMessageDeflate: false,
    clientTracking: true,
    handleProtocols: (offered) => (offered.has(SESSION_SUBPROTOCOL) ? SESSION_SUBPROTOCOL : false),
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', ignore);
    const fault = isDraining ? '503 Service Unavailable' : faultOf(request);
    if (fault !== null) {
      socket.end(`HTTP/1.1 ${fault}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const answer = (identified: Sender): void => {
      if (socket.destroyed || isDraining) return void socket.destroy();
      // Only on a session can a web page hear why it was refused.
      sockets.handleUpgrade(request, socket, head, (connection) => {
        const refused = refusalOf(identified);
        if (!identified.ok || refused !== null)
          return connection.close(refused?.code, refused?.reason);
        const { caller } = identified;
        const end = serve(
          connection,
          new FrameWriter(socket),
          service,
          caller,
          auditOf(audit, caller, request),
        );
        connection.once('close', holders.add(caller.keyId, end));
      });
    };
    const identified = identify(guard, request);
    if ('then' in identified) identified.then(answer, () => socket.destroy());
    else answer(identified);
  });
  let isDraining = false;
  const drain = (): void => {
    isDraining = true;
  };
  const dismiss = (): void => {
    drain();
    for (const connection of sockets.clients) connection.close(CLOSE_GOING_AWAY, 'site stopping');
  };
  const holders = new KeyHolders(guard);
  const pulse = setInterval(() => sockets.clients.forEach(askForLife), SILENCE_LIMIT_MS);
  pulse.unref();
  return {
    drain,
    dismiss,
    close: () => {
      clearInterval(pulse);
      holders.close();
      dismiss();
      sockets.close();
    },
  };
}

/** A page of another origin may not open sessions through its visitor's browser. */
function faultOf({ url = '', headers }: IncomingMessage): string | null {
  if (url.split('?')[0] !== SESSION_PATH) return '404 Not Found';
  const { origin, host } = headers;
  const isForeign =
    origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`;
  if (isForeign) return '403 Forbidden';
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((text) => text.trim());
  return offered.includes(SESSION_SUBPROTOCOL) ? null : '400 Bad Request';
}

const silent = new WeakSet<WebSocket>();

function askForLife(connection: WebSocket): void {
  if (silent.has(connection)) {
    connection.terminate();
    return;
  }
  silent.add(connection);
  connection.ping();
}

/** Null: it may have a session. */
function refusalOf(identified: Sender): { readonly code: number; readonly reason: string } | null {
  if (!identified.ok) {
    const { reason } = identified;
    const isFinal = reason === 'invalid_key' || reason === 'cross_origin';
    return { code: isFinal ? CLOSE_KEY_REFUSED : CLOSE_TRY_LATER, reason };
  }
  const { keyId, isAdministrator } = identified.caller;
  const isKnown = keyId !== '' || isAdministrator;
  return isKnown ? null : { code: CLOSE_KEY_REFUSED, reason: 'key_required' };
}

/** Has what the client does on its session written down. */
function auditOf(
  audit: AuditLog | null,
  { keyId }: Caller,
  { socket }: IncomingMessage,
): SessionAudit | undefined {
  if (audit === null) return undefined;
  const from = socket.remoteAddress ?? '';
  const who = keyId === '' ? 'anybody' : keyId;
  return (done) => audit.note({ who, from, by: 'session', requestId: '', ...done });
}

function serve(
  connection: WebSocket,
  writer: FrameWriter,
  service: FileService,
  caller: Caller,
  heard: SessionAudit | undefined,
): () => void {
  const session = service.openSession(
    (frame) => {
      if (connection.readyState !== connection.OPEN) return;
      writer.write(frame);
      if (connection.bufferedAmount > BACKLOG_LIMIT_BYTES) connection.terminate();
    },
    caller,
    heard,
  );
  if (session === null) {
    connection.close(CLOSE_TRY_LATER, 'as many sessions are open here as may be');
    return () => undefined;
  }
  connection.on('message', (data: RawData, isBinary: boolean) => {
    silent.delete(connection);
    const fault = session.receive(isBinary ? bytesOf(data) : (data as Buffer).toString());
    if (fault !== null) connection.close(CLOSE_POLICY, fault);
  });
  connection.on('pong', () => silent.delete(connection));
  connection.on('error', ignore);
  let isOver = false;
  const over = (): void => {
    if (!isOver) session.closed();
    isOver = true;
  };
  connection.once('close', over);
  return () => {
    // What still comes is not heard: who closes a connection waits for the other side's word.
    connection.removeAllListeners('message');
    over();
    connection.close(CLOSE_KEY_CHANGED, 'the key was revoked or its rights were changed');
  };
}

function bytesOf(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}

function ignore(): void {}
