import type { RequestListener, Server, ServerOptions } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { Socket } from 'node:net';

/** What a server shows to its clients; may be replaced while it runs. */
export interface ServerCertificate {
  readonly current: { readonly cert: string; readonly key: string };
  /** Called after each replacement; returns what ends that. */
  onChange(listener: () => void): () => void;
}

export interface HttpServer {
  readonly server: Server;
  /** The event of a connection that requests may come on. */
  readonly connected: 'connection' | 'secureConnection';
  /** Ends what has not become such a connection yet, and forgets the certificate. */
  stopConnecting(): void;
}

/** Longer handshakes are broken off. */
export const HANDSHAKE_LIMIT_MS = 10_000;

/** An HTTP server, or an HTTPS server where there is a certificate. */
export function makeHttpServer(
  options: ServerOptions,
  certificate: ServerCertificate | null,
  listener: RequestListener,
  handshakeTimeout = HANDSHAKE_LIMIT_MS,
): HttpServer {
  if (certificate === null) {
    const server = createServer(options, listener);
    return { server, connected: 'connection', stopConnecting: () => undefined };
  }
  const secrets = (): { cert: string; key: string; minVersion: 'TLSv1.2' } => {
    const { cert, key } = certificate.current;
    return { cert, key, minVersion: 'TLSv1.2' };
  };
  const server = createSecureServer({ ...options, ...secrets(), handshakeTimeout }, listener);
  const forget = certificate.onChange(() => server.setSecureContext(secrets()));
  // A connection and the secure one made of it have nothing but their addresses in common.
  const shaking = new Map<string, Socket>();
  server.on('connection', (socket: Socket) => {
    const name = nameOf(socket);
    shaking.set(name, socket);
    socket.once('close', () => shaking.delete(name));
  });
  server.on('secureConnection', (socket: Socket) => shaking.delete(nameOf(socket)));
  const stopConnecting = (): void => {
    forget();
    for (const socket of shaking.values()) socket.destroy();
  };
  // Like an HTTP server in all that is used of it.
  return { server: server, connected: 'secureConnection', stopConnecting };
}

function nameOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress ?? ''} ${remotePort ?? 0}`;
}
