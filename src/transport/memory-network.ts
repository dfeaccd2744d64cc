import type { CallLimits } from './call-table.js';
import { DelayLine } from './delay-line.js';
import { decodeFrame, encodeBulkFrame, encodeFrame } from './frame.js';
import type { FrameType } from './frame.js';
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
} from './peer-network.js';
import type { SessionConnection } from './peer-session.js';
import { PeerSession } from './peer-session.js';
import type { Wan } from './wan.js';
import { LinkTable } from './wan.js';

export interface MemoryNetworkOptions extends PeerIdentity {
  readonly site: string;
  readonly peers: readonly string[];
  readonly wan?: Wan;
  readonly callLimits?: Partial<CallLimits>;
}

export interface MemoryHub {
  /** A site of the hub; a second network of the same site takes the place of a closed first one. */
  join(options: MemoryNetworkOptions): PeerNetwork;
}

const FRAME_LIMIT_BYTES = { control: 4 * 1024 * 1024, bulk: 9 * 1024 * 1024 };
const CALL_LIMITS: CallLimits = { inFlight: 4096, waiting: 4096, queuedBytes: Infinity };

/** Sites of one process, with the interface and the rules of the network over TCP. For tests. */
export function createMemoryNetwork(): MemoryHub {
  const sites = new Map<string, MemoryNetwork>();
  return { join: (options) => new MemoryNetwork(options, sites) };
}

/** One direction of one class between two sites. */
class MemoryPipe implements SessionConnection {
  readonly queuedBytes = 0;
  other: MemoryPipe | null = null;
  private readonly arriving: DelayLine<Buffer>;
  private open = true;

  constructor(
    private readonly owner: MemoryNetwork,
    private readonly peer: string,
    readonly connectionClass: ConnectionClass,
  ) {
    this.arriving = new DelayLine(owner.links.delaySource(peer), (frame) => this.deliver(frame));
    this.arriving.hold();
  }

  send(type: FrameType, value: unknown): 'sent' | 'down' | 'too_large' {
    if (!this.open) return 'down';
    const bulk = this.connectionClass === 'bulk';
    const frame = bulk
      ? Buffer.concat(encodeBulkFrame(type, value))
      : Buffer.from(encodeFrame(type, value));
    if (frame.length > FRAME_LIMIT_BYTES[this.connectionClass]) return 'too_large';
    this.count({ sent: frame.length });
    const { other } = this;
    setImmediate(() => {
      if (other?.open === true) other.arriving.push(frame, frame.length);
    });
    return 'sent';
  }

  release(): void {
    this.arriving.release();
  }

  close(): void {
    if (!this.open) return;
    this.open = false;
    this.arriving.close();
    this.owner.sessions.get(this.peer)?.detach(this.connectionClass, this);
    const { other } = this;
    setImmediate(() => other?.close());
    this.owner.reconnect(this.peer);
  }

  private count({ sent = 0, received = 0 }): void {
    const traffic = this.owner.sessions.get(this.peer)?.traffic;
    if (traffic === undefined) return;
    traffic.sentBytes += sent;
    traffic.receivedBytes += received;
  }

  private deliver(frame: Buffer): void {
    if (!this.open) return;
    this.count({ received: frame.length });
    const decoded = decodeFrame(frame[4] as number, frame.subarray(5));
    const session = this.owner.sessions.get(this.peer);
    if (!decoded.ok || session === undefined) return this.close();
    if (session.receive(this.connectionClass, decoded.type, decoded.value) !== null) this.close();
  }
}

class MemoryNetwork implements PeerNetwork {
  readonly site: string;
  readonly links: LinkTable;
  readonly sessions = new Map<string, PeerSession>();
  private readonly handlers = new Map<string, CallHandler>();
  private readonly upListeners: ((site: string, peer: PeerIdentity) => void)[] = [];
  private readonly downListeners: ((site: string) => void)[] = [];
  private readonly messageListeners: ((
    from: string,
    message: unknown,
    peer: PeerIdentity,
  ) => void)[] = [];

  constructor(
    private readonly options: MemoryNetworkOptions,
    private readonly hub: Map<string, MemoryNetwork>,
  ) {
    this.site = options.site;
    this.links = new LinkTable(this.site, options.wan ?? {}, options.peers, Math.random);
    for (const peer of options.peers) this.sessions.set(peer, this.makeSession(peer));
  }

  private makeSession(peer: string): PeerSession {
    const limits = { ...CALL_LIMITS, ...this.options.callLimits };
    const events = {
      up: (site: string, identity: PeerIdentity) =>
        this.upListeners.forEach((listener) => listener(site, identity)),
      down: (site: string) => this.downListeners.forEach((listener) => listener(site)),
      message: (from: string, message: unknown, identity: PeerIdentity) =>
        this.messageListeners.forEach((listener) => listener(from, message, identity)),
    };
    return new PeerSession(peer, { control: limits, bulk: limits }, this.handlers, events);
  }

  start(): Promise<StartResult> {
    this.hub.set(this.site, this);
    for (const peer of this.sessions.keys()) this.reconnect(peer);
    return Promise.resolve({ ok: true, port: 0 });
  }

  send(to: string, message: unknown): boolean {
    return this.sessions.get(to)?.send(message) === 'sent';
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

  /** Nothing is measured: what the link is set to. */
  roundTripMs(site: string): number | null {
    return this.connected(site) ? this.links.delaySource(site).delayMs() * 2 : null;
  }

  traffic(site: string): Traffic {
    return this.sessions.get(site)?.traffic ?? { sentBytes: 0, receivedBytes: 0 };
  }

  setPeers(sites: readonly string[]): void {
    for (const [peer, session] of this.sessions) {
      if (sites.includes(peer)) continue;
      session.drop();
      this.sessions.delete(peer);
    }
    for (const peer of sites) {
      if (peer === this.site || this.sessions.has(peer)) continue;
      this.links.add(peer);
      this.sessions.set(peer, this.makeSession(peer));
      this.reconnect(peer);
    }
  }

  setLink(a: string, b: string, change: LinkChange): void {
    const peer = this.links.change(a, b, change);
    if (peer === null) return;
    if (this.links.isCut(peer)) this.sessions.get(peer)?.drop();
    else this.reconnect(peer);
  }

  close(): Promise<void> {
    if (this.hub.get(this.site) === this) this.hub.delete(this.site);
    for (const session of this.sessions.values()) session.drop();
    return Promise.resolve();
  }

  /** Makes a session where there may be one, once both sides have noticed what broke. */
  reconnect(peer: string): void {
    setTimeout(() => {
      const other = this.hub.get(peer);
      if (other === undefined || this.hub.get(this.site) !== this) return;
      if (!this.sessions.has(peer) || !other.sessions.has(this.site)) return;
      if (this.links.isCut(peer) || other.links.isCut(this.site)) return;
      if (this.connected(peer) || other.connected(this.site)) return;
      for (const connectionClass of ['control', 'bulk'] as const) {
        const here = new MemoryPipe(this, peer, connectionClass);
        const there = new MemoryPipe(other, this.site, connectionClass);
        here.other = there;
        there.other = here;
        this.sessions.get(peer)?.attach(connectionClass, here, other.options);
        other.sessions.get(this.site)?.attach(connectionClass, there, this.options);
      }
    }, 1);
  }
}
