import type { CallLimits } from './call-table.js';
import { CallTable } from './call-table.js';
import { FRAME_TYPES } from './frame.js';
import type { FrameType } from './frame.js';
import type { CallHandler, ConnectionClass, PeerIdentity } from './peer-network.js';

/** What a session needs of a connection. */
export interface SessionConnection {
  send(type: FrameType, value: unknown): 'sent' | 'down' | 'too_large';
  readonly queuedBytes: number;
  /** Lets frames through; until then they wait. */
  release(): void;
  close(kind?: 'garbage', message?: string): void;
}

export interface SessionEvents {
  up(site: string, peer: PeerIdentity): void;
  down(site: string): void;
  message(from: string, message: unknown, peer: PeerIdentity): void;
}

/**
 * What one site has with another. It is up from when both connections reach the same life of the
 * peer, and goes down with the control connection; a lost bulk connection only fails its calls.
 */
export class PeerSession {
  private readonly connections: Record<ConnectionClass, SessionConnection | null> = {
    control: null,
    bulk: null,
  };
  private readonly calls: Record<ConnectionClass, CallTable>;
  readonly traffic = { sentBytes: 0, receivedBytes: 0 };
  private peer: PeerIdentity | null = null;
  private isUp = false;
  private smoothedMs: number | null = null;

  constructor(
    readonly site: string,
    limits: Record<ConnectionClass, CallLimits>,
    handlers: ReadonlyMap<string, CallHandler>,
    private readonly events: SessionEvents,
  ) {
    const table = (connectionClass: ConnectionClass): CallTable =>
      new CallTable(site, limits[connectionClass], handlers, {
        send: (type, value) => this.connections[connectionClass]?.send(type, value) ?? 'down',
        queuedBytes: () => this.connections[connectionClass]?.queuedBytes ?? 0,
      });
    this.calls = { control: table('control'), bulk: table('bulk') };
  }

  get up(): boolean {
    return this.isUp;
  }

  get roundTripMs(): number | null {
    return this.isUp ? this.smoothedMs : null;
  }

  has(connectionClass: ConnectionClass): boolean {
    return this.connections[connectionClass] !== null;
  }

  table(connectionClass: ConnectionClass): CallTable | null {
    return this.isUp && this.has(connectionClass) ? this.calls[connectionClass] : null;
  }

  send(message: unknown): 'sent' | 'down' | 'too_large' {
    if (!this.isUp) return 'down';
    return this.connections.control?.send(FRAME_TYPES.message, message) ?? 'down';
  }

  /** A new connection takes the place of an older one, and of all of another run of the peer. */
  attach(
    connectionClass: ConnectionClass,
    connection: SessionConnection,
    peer: PeerIdentity,
  ): void {
    this.connections[connectionClass]?.close();
    if (this.peer !== null && this.peer.run !== peer.run) this.drop();
    this.peer = peer;
    this.connections[connectionClass] = connection;
    const { control, bulk } = this.connections;
    if (control === null || bulk === null) return;
    if (this.isUp) {
      connection.release();
      return;
    }
    this.isUp = true;
    this.events.up(this.site, peer);
    control.release();
    bulk.release();
  }

  /** To be called when a connection has closed, whoever closed it. */
  detach(connectionClass: ConnectionClass, connection: SessionConnection): void {
    if (this.connections[connectionClass] !== connection) return;
    this.connections[connectionClass] = null;
    const wentDown = connectionClass === 'control' && this.isUp;
    if (wentDown) {
      this.isUp = false;
      this.smoothedMs = null;
    }
    this.calls[connectionClass].lost();
    if (wentDown) this.events.down(this.site);
  }

  /** Breaks the session for something its messages said. */
  reject(message: string): void {
    this.connections.control?.close('garbage', message);
  }

  drop(): void {
    this.connections.control?.close();
    this.connections.bulk?.close();
  }

  /** `done`: nobody uses the value's byte arrays any more. */
  receive(
    connectionClass: ConnectionClass,
    type: number,
    value: unknown,
    done: () => void = () => {},
  ): string | null {
    switch (type) {
      case FRAME_TYPES.message:
        if (connectionClass !== 'control') return 'a message on the bulk connection';
        if (this.isUp && this.peer !== null) this.events.message(this.site, value, this.peer);
        return null;
      case FRAME_TYPES.request:
      case FRAME_TYPES.response:
      case FRAME_TYPES.cancel:
        return this.calls[connectionClass].receive(type, value, done);
      default:
        return `frame type ${type} is not known`;
    }
  }

  written(connectionClass: ConnectionClass): void {
    this.calls[connectionClass].advance();
  }

  measured(milliseconds: number): void {
    const old = this.smoothedMs;
    this.smoothedMs = old === null ? milliseconds : old + (milliseconds - old) / 4;
  }
}
