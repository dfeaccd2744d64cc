import { connect, createServer, type Server, type Socket } from 'node:net';
import { CLEAR, type Condition } from './condition.js';
import { OneWay } from './one-way.js';

export interface WayOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly toPort: number;
  /** Between 0 and 1; what a lossy line is drawn from. */
  readonly random?: () => number;
  /** How both directions of a connection are, by the first bytes that the connecting side sends. */
  readonly conditionOf?: (first: Buffer) => Condition;
}

interface Joined {
  readonly near: Socket;
  readonly far: Socket;
  readonly there: OneWay;
  readonly back: OneWay;
}

/**
 * A way to a server, on a port of its own, whose two directions can be slowed, stalled and cut.
 * Whoever connects cannot tell a cut way from a network that loses every packet.
 */
export class Way {
  private readonly connections = new Set<Joined>();
  private there = CLEAR;
  private back = CLEAR;
  private isReset = false;
  private readonly server: Server;
  /** The same for as long as it lives. */
  private ownPort: number;

  private constructor(private readonly options: WayOptions) {
    this.ownPort = options.port;
    this.server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => this.join(near));
  }

  /** Rejects when the port cannot be had. */
  static async open(options: WayOptions): Promise<Way> {
    const way = new Way(options);
    await way.listen();
    return way;
  }

  get port(): number {
    return this.ownPort;
  }

  /** How it is from now on; what is under way in a cut direction is held back, too. */
  set(there: Condition, back: Condition): void {
    this.there = there;
    this.back = back;
    for (const joined of this.connections) {
      joined.there.change(there);
      joined.back.change(back);
    }
  }

  /** While set, connections are reset at once: those that are open, and each new one. */
  reset(isReset: boolean): void {
    this.isReset = isReset;
    if (isReset) for (const { there } of this.connections) there.breakOff();
  }

  /** Connections are refused from now on, as by a machine where nothing listens on the port. */
  shut(): Promise<void> {
    if (!this.server.listening) return Promise.resolve();
    for (const { there } of this.connections) there.breakOff();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  async reopen(): Promise<void> {
    if (!this.server.listening) await this.listen();
  }

  async close(): Promise<void> {
    this.isReset = true;
    await this.shut();
  }

  private listen(): Promise<void> {
    const { server } = this;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: this.options.host, port: this.ownPort }, () => {
        server.off('error', reject);
        const address = server.address();
        if (typeof address === 'object' && address !== null) this.ownPort = address.port;
        resolve();
      });
    });
  }

  private join(near: Socket): void {
    near.on('error', () => undefined);
    if (this.isReset) {
      near.resetAndDestroy();
      return;
    }
    const { host, toPort, random = Math.random, conditionOf } = this.options;
    const far = connect({ host, port: toPort, noDelay: true, allowHalfOpen: true });
    near.once('data', (first: Buffer) => {
      if (conditionOf === undefined) return;
      const condition = conditionOf(first);
      joined.there.change(condition);
      joined.back.change(condition);
    });
    const joined: Joined = {
      near,
      far,
      there: new OneWay(near, far, this.there, random),
      back: new OneWay(far, near, this.back, random),
    };
    this.connections.add(joined);
    for (const socket of [near, far]) {
      socket.once('close', () => {
        if (near.destroyed && far.destroyed) this.connections.delete(joined);
      });
    }
  }
}
