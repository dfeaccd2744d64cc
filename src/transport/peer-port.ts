import type { Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { createServer as createTlsServer } from 'node:tls';
import type { StartResult } from './peer-network.js';
import { judgePeer, type PeerTls, serverOptions, tlsFault } from './peer-tls.js';

export interface PeerPortOptions {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  /** Null: connections are taken as they come, in the clear. */
  readonly tls: PeerTls | null;
  readonly handshakeMs: number;
  /** Connections that have not said who they are. */
  readonly strangers: number;
}

export interface PeerPortEvents {
  /** `sites`: those that the other end has proved to be; null where nothing is proved here. */
  accepted(socket: Socket, sites: readonly string[] | null): void;
  /** The certificate does not do. Nothing was read; the connection is to be ended. */
  unproved(socket: Socket, message: string): void;
  /** No secure connection came about. */
  failed(message: string): void;
  /** One more stranger than may be. */
  full(count: number): void;
}

/** Where the other sites connect. Whoever accepts a connection calls `known` when it is no stranger. */
export class PeerPort {
  private readonly server: Server;
  private readonly open = new Set<Socket>();
  private readonly forgetTls: () => void;
  /** Connections that are not secure yet; in the clear there are none. */
  private shaking = 0;
  private readonly unknown = new Set<Socket>();

  constructor(
    private readonly options: PeerPortOptions,
    private readonly events: PeerPortEvents,
  ) {
    const { tls } = options;
    this.server = tls === null ? this.plainServer() : this.tlsServer(tls);
    this.forgetTls =
      tls === null ? () => undefined : tls.credentials.onChange(() => this.useCertificate(tls));
    this.server.on('connection', (socket: Socket) => {
      this.open.add(socket);
      socket.once('close', () => this.open.delete(socket));
    });
  }

  listen(): Promise<StartResult> {
    const { host, port } = this.options;
    return new Promise((resolve) => {
      this.server.once('error', (error: NodeJS.ErrnoException) => {
        const reason = error.code === 'EADDRINUSE' ? 'port_taken' : 'listen_failed';
        resolve({ ok: false, reason, message: error.message });
      });
      this.server.listen({ host, port }, () => {
        const address = this.server.address();
        resolve({ ok: true, port: typeof address === 'object' && address ? address.port : port });
      });
    });
  }

  /** The connection's other end has said who it is, or was refused. */
  known(socket: Socket): void {
    this.unknown.delete(socket);
  }

  /** Also ends all connections that came this way. */
  close(): Promise<void> {
    this.forgetTls();
    for (const socket of this.open) socket.destroy();
    return new Promise((resolve) => {
      this.server.close(() => resolve());
    });
  }

  private plainServer(): Server {
    return createServer({ noDelay: true }, (socket) => {
      if (this.isFull(socket)) return;
      this.unknown.add(socket);
      this.events.accepted(socket, null);
    });
  }

  private tlsServer(tls: PeerTls): Server {
    const { handshakeMs } = this.options;
    const settings = { handshakeTimeout: handshakeMs, noDelay: true };
    const server = createTlsServer({ ...serverOptions(tls), ...settings });
    server.on('connection', (socket: Socket) => {
      this.isFull(socket);
      // Until `secureConnection` or `tlsClientError`, one of which always comes.
      this.shaking += 1;
    });
    server.on('secureConnection', (socket: TLSSocket) => {
      this.shaking -= 1;
      const judged = judgePeer(socket, tls.clusterId);
      if (!judged.ok) return this.events.unproved(socket, judged.message);
      this.unknown.add(socket);
      this.events.accepted(socket, judged.sites);
    });
    server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
      this.shaking -= 1;
      const from = socket.remoteAddress ?? 'gone';
      socket.destroy();
      this.events.failed(`${from}: ${tlsFault(error)}`);
    });
    return server;
  }

  private useCertificate(tls: PeerTls): void {
    (this.server as ReturnType<typeof createTlsServer>).setSecureContext(serverOptions(tls));
  }

  private isFull(socket: Socket): boolean {
    const count = this.unknown.size + this.shaking;
    if (count < this.options.strangers) return false;
    this.events.full(count);
    socket.destroy();
    return true;
  }
}
