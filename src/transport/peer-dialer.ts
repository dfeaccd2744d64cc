import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { sayHello } from './handshake.js';
import type { Hello, HelloSource } from './hello.js';
import type { ConnectionClass, TransportEvent } from './peer-network.js';
import { clientOptions, type PeerTls, tlsFault } from './peer-tls.js';

export interface DialerOptions {
  readonly self: HelloSource;
  /** Null: in the clear. */
  readonly tls: PeerTls | null;
  readonly to: string;
  readonly connectionClass: ConnectionClass;
  readonly addressOf: () => { readonly host: string; readonly port: number };
  readonly limits: {
    readonly helloMs: number;
    readonly redialMinMs: number;
    readonly redialMaxMs: number;
  };
  readonly random: () => number;
  readonly isCut: () => boolean;
  readonly report: (kind: TransportEvent['kind'], message: string) => void;
  /** `lost` is to be called once when the connection has ended. */
  readonly connected: (socket: Socket, hello: Hello, rest: Buffer, lost: () => void) => void;
}

/**
 * Keeps one connection to one site: dials again when it is lost, waiting twice as long after each
 * failure, up to a limit, and between half and all of that at random.
 */
export class PeerDialer {
  private timer: NodeJS.Timeout | null = null;
  private socket: Socket | null = null;
  private closed = false;
  private waitMs: number;
  private lastReport = '';

  constructor(private readonly options: DialerOptions) {
    this.waitMs = options.limits.redialMinMs;
  }

  start(): void {
    this.dial();
  }

  close(): void {
    this.closed = true;
    if (this.timer !== null) clearTimeout(this.timer);
    this.socket?.destroy();
  }

  private dial(): void {
    if (this.closed) return;
    if (this.options.isCut()) {
      this.again();
      return;
    }
    const { self, to, connectionClass, limits } = this.options;
    const { socket, ready } = this.open();
    this.socket = socket;
    let failure = '';
    let isReached = false;
    const timer = setTimeout(() => socket.destroy(new Error('no answer')), limits.helloMs);
    const failed = (): void => {
      clearTimeout(timer);
      this.failed(isReached ? 'tls_failed' : 'dial_failed', failure);
    };
    socket.on('error', (error) => {
      failure = isReached ? tlsFault(error) : error.message;
      socket.destroy();
    });
    socket.once('close', failed);
    socket.once('connect', () => {
      isReached = true;
    });
    socket.once(ready, () => {
      socket.off('close', failed);
      clearTimeout(timer);
      sayHello(socket, self, to, connectionClass, limits.helloMs, (result) => {
        if (result.ok) {
          this.waitMs = limits.redialMinMs;
          this.lastReport = '';
          this.options.connected(socket, result.hello, result.rest, () => this.again());
          return;
        }
        socket.destroy();
        this.failed(result.kind, result.message);
      });
    });
  }

  /** The event `ready` says that it can be used. */
  private open(): { socket: Socket; ready: 'connect' | 'secureConnect' } {
    const { addressOf, tls, to } = this.options;
    const address = { ...addressOf(), noDelay: true };
    if (tls === null) return { socket: connect(address), ready: 'connect' };
    const socket = connectTls({ ...address, ...clientOptions(tls, to) });
    return { socket, ready: 'secureConnect' };
  }

  /** The same failure again and again is reported once. */
  private failed(kind: TransportEvent['kind'], message: string): void {
    if (this.closed) return;
    if (message !== this.lastReport) this.options.report(kind, message);
    this.lastReport = message;
    this.again();
  }

  private again(): void {
    if (this.closed) return;
    const { random, limits } = this.options;
    this.timer = setTimeout(() => this.dial(), this.waitMs * (0.5 + random() / 2));
    this.waitMs = Math.min(this.waitMs * 2, limits.redialMaxMs);
  }
}
