import type { Socket } from 'node:net';
import { BufferPool } from './buffer-pool.js';
import type { CallLimits } from './call-table.js';
import { acceptHello, refuse } from './handshake.js';
import type { Hello, HelloSource, Refusal } from './hello.js';
import { PeerConnection } from './peer-connection.js';
import type { ConnectionLimits } from './peer-connection.js';
import { PeerDialer } from './peer-dialer.js';
import type {
  CallHandler,
  CallOptions,
  CallResult,
  ConnectionClass,
  LinkChange,
  PeerIdentity,
  PeerNetwork,
  StartResult,
  Traffic,
  TransportEvent,
} from './peer-network.js';
import { PeerPort } from './peer-port.js';
import { PeerSession } from './peer-session.js';
import type { PeerTls } from './peer-tls.js';
import type { Wan } from './wan.js';
import { LinkTable } from './wan.js';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export interface NetworkLimits {
  readonly controlFrameBytes: number;
  readonly bulkFrameBytes: number;
  /** Outgoing bytes of one control connection; over it the connection is dropped. */
  readonly queueBytes: number;
  /** The same for bulk, whose calls stop at `bulkWindowBytes` by themselves. */
  readonly bulkQueueBytes: number;
  /** Bytes waiting to be written beyond which no bulk call is sent or begun. */
  readonly bulkWindowBytes: number;
  readonly delayedBytes: number;
  readonly controlCalls: number;
  readonly bulkCalls: number;
  readonly waitingCalls: number;
  readonly helloMs: number;
  readonly pingIntervalMs: number;
  readonly deadAfterMs: number;
  readonly redialMinMs: number;
  readonly redialMaxMs: number;
  /** Connections that have not said who they are. */
  readonly strangers: number;
}

const MEBIBYTE = 1024 * 1024;
/** A frame with the largest of usual chunks; and how many of them are kept for the next ones. */
const POOLED_BYTES = 2 * MEBIBYTE + 4096;
const POOLED_COUNT = 16;
export const NETWORK_LIMITS: NetworkLimits = {
  controlFrameBytes: 4 * MEBIBYTE,
  bulkFrameBytes: 9 * MEBIBYTE,
  queueBytes: 64 * MEBIBYTE,
  bulkQueueBytes: 128 * MEBIBYTE,
  bulkWindowBytes: 16 * MEBIBYTE,
  delayedBytes: 256 * MEBIBYTE,
  controlCalls: 4096,
  bulkCalls: 64,
  waitingCalls: 4096,
  helloMs: 5000,
  pingIntervalMs: 1000,
  deadAfterMs: 5000,
  redialMinMs: 50,
  redialMaxMs: 250,
  strangers: 256,
};

export interface PeerNetworkOptions extends HelloSource {
  /** Port 0 takes any free one; `start` says which. */
  readonly listen: Endpoint;
  /** The other sites, at first. */
  readonly peers: readonly string[];
  /** Asked at each dial. */
  readonly addressOf: (site: string) => Endpoint;
  /** None: in the clear, with whoever says to be a site of the cluster. */
  readonly tls?: PeerTls;
  readonly wan?: Wan;
  readonly report?: (event: TransportEvent) => void;
  readonly limits?: Partial<NetworkLimits>;
  readonly random?: () => number;
}

/** Sessions over TCP, two connections for each pair of sites; the smaller site id dials. */
export function createPeerNetwork(options: PeerNetworkOptions): PeerNetwork {
  return new TcpNetwork(options);
}

class TcpNetwork implements PeerNetwork {
  readonly site: string;
  private readonly limits: NetworkLimits;
  private readonly links: LinkTable;
  private readonly sessions = new Map<string, PeerSession>();
  /** Of the sites that this one dials. */
  private readonly dialers = new Map<string, readonly PeerDialer[]>();
  private readonly handlers = new Map<string, CallHandler>();
  private readonly upListeners: ((site: string, peer: PeerIdentity) => void)[] = [];
  private readonly downListeners: ((site: string) => void)[] = [];
  private readonly messageListeners: ((
    from: string,
    message: unknown,
    peer: PeerIdentity,
  ) => void)[] = [];
  private readonly port: PeerPort;
  private readonly pool = new BufferPool(POOLED_BYTES, POOLED_COUNT);
  private started = false;
  private closed = false;
  private readonly random: () => number;

  constructor(private readonly options: PeerNetworkOptions) {
    const { random = Math.random } = options;
    this.random = random;
    this.site = options.site;
    this.limits = { ...NETWORK_LIMITS, ...options.limits };
    this.links = new LinkTable(this.site, options.wan ?? {}, options.peers, random);
    this.port = this.makePort();
    this.setPeers(options.peers);
  }

  async start(): Promise<StartResult> {
    const started = await this.port.listen();
    if (!started.ok || this.closed) return started;
    this.started = true;
    for (const dialer of this.allDialers()) dialer.start();
    return started;
  }

  setPeers(sites: readonly string[]): void {
    if (this.closed) return;
    for (const peer of this.sessions.keys()) if (!sites.includes(peer)) this.removePeer(peer);
    for (const peer of sites) {
      if (peer !== this.site && !this.sessions.has(peer)) this.addPeer(peer);
    }
  }

  send(to: string, message: unknown): boolean {
    const result = this.sessions.get(to)?.send(message) ?? 'down';
    if (result === 'too_large') {
      this.report('message_too_large', to, 'control', 'a message is over the frame limit');
    }
    return result === 'sent';
  }

  call(to: string, method: string, payload: unknown, options: CallOptions): Promise<CallResult> {
    const table = this.sessions.get(to)?.table(options.class ?? 'control') ?? null;
    if (table !== null) return table.call(method, payload, options.deadlineMs);
    const message = `no session with ${to}`;
    return Promise.resolve({ ok: false, reason: 'unreachable', message, sent: false });
  }

  handle(method: string, handler: CallHandler): void {
    this.handlers.set(method, handler);
  }

  reject(site: string, message: string): void {
    this.sessions.get(site)?.reject(message);
  }

  onMessage(listener: (from: string, message: unknown, peer: PeerIdentity) => void): void {
    this.messageListeners.push(listener);
  }

  onUp(listener: (site: string, peer: PeerIdentity) => void): void {
    this.upListeners.push(listener);
  }

  onDown(listener: (site: string) => void): void {
    this.downListeners.push(listener);
  }

  connected(site: string): boolean {
    return this.sessions.get(site)?.up ?? false;
  }

  roundTripMs(site: string): number | null {
    return this.sessions.get(site)?.roundTripMs ?? null;
  }

  traffic(site: string): Traffic {
    return this.sessions.get(site)?.traffic ?? { sentBytes: 0, receivedBytes: 0 };
  }

  setLink(a: string, b: string, change: LinkChange): void {
    const peer = this.links.change(a, b, change);
    if (peer !== null && this.links.isCut(peer)) this.sessions.get(peer)?.drop();
  }

  close(): Promise<void> {
    this.closed = true;
    for (const dialer of this.allDialers()) dialer.close();
    for (const session of this.sessions.values()) session.drop();
    return this.port.close();
  }

  private addPeer(peer: string): void {
    this.links.add(peer);
    this.sessions.set(peer, this.makeSession(peer));
    if (this.site >= peer) return;
    const dialers = [this.makeDialer(peer, 'control'), this.makeDialer(peer, 'bulk')];
    this.dialers.set(peer, dialers);
    if (this.started) for (const dialer of dialers) dialer.start();
  }

  private removePeer(peer: string): void {
    for (const dialer of this.dialers.get(peer) ?? []) dialer.close();
    this.dialers.delete(peer);
    this.sessions.get(peer)?.drop();
    this.sessions.delete(peer);
  }

  private allDialers(): PeerDialer[] {
    return [...this.dialers.values()].flat();
  }

  private makePort(): PeerPort {
    const { listen, tls = null } = this.options;
    const { helloMs: handshakeMs, strangers } = this.limits;
    return new PeerPort(
      { ...listen, tls, handshakeMs, strangers },
      {
        accepted: (socket, sites) => this.accept(socket, sites),
        unproved: (socket, message) => {
          this.report('tls_failed', '', null, `${socket.remoteAddress ?? 'gone'}: ${message}`);
          socket.on('error', () => socket.destroy());
          refuse(socket, { reason: 'wrong_certificate', message });
        },
        failed: (message) => this.report('tls_failed', '', null, message),
        full: (count) => this.report('too_many_connections', '', null, `${count} without a hello`),
      },
    );
  }

  private makeSession(peer: string): PeerSession {
    const { controlCalls, bulkCalls, waitingCalls, bulkWindowBytes, queueBytes } = this.limits;
    const control: CallLimits = {
      inFlight: controlCalls,
      waiting: waitingCalls,
      queuedBytes: queueBytes / 4,
    };
    const bulk: CallLimits = {
      inFlight: bulkCalls,
      waiting: waitingCalls,
      queuedBytes: bulkWindowBytes,
    };
    return new PeerSession(peer, { control, bulk }, this.handlers, {
      up: (site, identity) => this.upListeners.forEach((listener) => listener(site, identity)),
      down: (site) => this.downListeners.forEach((listener) => listener(site)),
      message: (from, message, identity) => {
        for (const listener of this.messageListeners) listener(from, message, identity);
      },
    });
  }

  private makeDialer(peer: string, connectionClass: ConnectionClass): PeerDialer {
    return new PeerDialer({
      self: this.options,
      tls: this.options.tls ?? null,
      to: peer,
      connectionClass,
      addressOf: () => this.options.addressOf(peer),
      limits: this.limits,
      random: this.random,
      isCut: () => this.links.isCut(peer),
      report: (kind, message) => this.report(kind, peer, connectionClass, message),
      connected: (socket, hello, rest, lost) => this.establish(socket, hello, rest, lost),
    });
  }

  private accept(socket: Socket, sites: readonly string[] | null): void {
    socket.on('error', () => socket.destroy());
    const admit = (hello: Hello): Refusal | null => this.admit(hello, sites);
    acceptHello(socket, this.options, this.limits.helloMs, admit, (result) => {
      this.port.known(socket);
      if (result.ok) {
        this.establish(socket, result.hello, result.rest, () => undefined);
        return;
      }
      this.report(result.kind, '', null, `${socket.remoteAddress ?? 'gone'}: ${result.message}`);
      socket.destroySoon();
    });
  }

  /** `proved`: the sites that the certificate names. */
  private admit(hello: Hello, proved: readonly string[] | null): Refusal | null {
    if (proved !== null && !proved.includes(hello.from)) {
      const message = `the certificate is of ${proved.join(', ')}, not of ${hello.from}`;
      return { reason: 'wrong_certificate', message };
    }
    if (!this.sessions.has(hello.from)) {
      return { reason: 'unknown_site', message: `${this.site} knows no site ${hello.from}` };
    }
    if (hello.from >= this.site) {
      return { reason: 'wrong_direction', message: `${this.site} dials ${hello.from} itself` };
    }
    if (this.closed || this.links.isCut(hello.from)) {
      return { reason: 'link_cut', message: `the link ${hello.from}-${this.site} is cut` };
    }
    return null;
  }

  private establish(socket: Socket, hello: Hello, rest: Buffer, lost: () => void): void {
    const session = this.sessions.get(hello.from);
    if (session === undefined || this.closed || this.links.isCut(hello.from)) {
      socket.destroy();
      lost();
      return;
    }
    const { from, class: connectionClass, run, incarnation } = hello;
    const delay = this.links.delaySource(from);
    const connection = new PeerConnection(
      socket,
      connectionClass,
      this.connectionLimits(connectionClass),
      delay,
      {
        frame: (type, value, done) => session.receive(connectionClass, type, value, done),
        written: () => session.written(connectionClass),
        roundTrip: (milliseconds) => {
          if (connectionClass === 'control') session.measured(milliseconds);
        },
        moved: (sentBytes, receivedBytes) => {
          session.traffic.sentBytes += sentBytes;
          session.traffic.receivedBytes += receivedBytes;
        },
        report: (kind, message) => this.report(kind, from, connectionClass, message),
        closed: () => {
          session.detach(connectionClass, connection);
          lost();
        },
      },
      connectionClass === 'bulk' ? this.pool : null,
    );
    connection.arrive(rest);
    session.attach(connectionClass, connection, { run, incarnation });
  }

  private connectionLimits(connectionClass: ConnectionClass): ConnectionLimits {
    const { limits } = this;
    const bulk = connectionClass === 'bulk';
    return {
      frameBytes: bulk ? limits.bulkFrameBytes : limits.controlFrameBytes,
      queueBytes: bulk ? limits.bulkQueueBytes : limits.queueBytes,
      delayedBytes: limits.delayedBytes,
      pingIntervalMs: limits.pingIntervalMs,
      deadAfterMs: limits.deadAfterMs,
    };
  }

  private report(
    kind: TransportEvent['kind'],
    site: string,
    connectionClass: ConnectionClass | null,
    message: string,
  ): void {
    this.options.report?.({ kind, site, class: connectionClass, message });
  }
}
