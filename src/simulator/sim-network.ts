import type { NodeClock } from './clock.js';
import type { EventQueue } from './event-queue.js';
import { deepFreeze } from './frozen.js';
import type { Random } from './random.js';

export interface NetworkOptions {
  /** One-way delay of a link without faults, in milliseconds of true time. */
  readonly delayMs: (from: string, to: string) => number;
  /** Mean of an exponential extra delay per message. */
  readonly jitterMs: number;
  readonly lossChance: number;
  readonly duplicateChance: number;
  /** Chance of a copy to be late by an exponential delay of this mean, on top of all else. */
  readonly stragglerChance: number;
  readonly stragglerMs: number;
  /**
   * `ordered`: within a session messages keep their order, with gaps where some were lost, and
   * nothing crosses into the next session. `unordered`: any order, also across sessions.
   */
  readonly delivery: 'ordered' | 'unordered';
  /** A side notices a dead or cut link after this long. */
  readonly sessionTimeoutMs: number;
  /** From the moment a link works again to its new session. */
  readonly reconnectMs: number;
  /** No partition or clog is shorter than this, so that states are reached. */
  readonly minimumFaultMs: number;
  /** Per direction; what is sent beyond it is lost and counted. */
  readonly inFlightLimit: number;
  /** Freeze every message: finds receivers that write into a sender's object. Costs time. */
  readonly freeze: boolean;
}

export const DEFAULT_NETWORK: NetworkOptions = {
  delayMs: () => 20,
  jitterMs: 1,
  lossChance: 0,
  duplicateChance: 0,
  stragglerChance: 0,
  stragglerMs: 0,
  delivery: 'ordered',
  sessionTimeoutMs: 1_000,
  reconnectMs: 50,
  minimumFaultMs: 0,
  inFlightLimit: 10_000,
  freeze: true,
};

/** What a node hears. `session` numbers grow for a pair and are never used again. */
export interface NetworkNode<Message> {
  message(from: string, message: Message, session: number): void;
  up(peer: string, session: number): void;
  down(peer: string, session: number): void;
}

/** What became of one copy of a message. */
export interface Transit<Message> {
  readonly from: string;
  readonly to: string;
  readonly session: number;
  readonly sentMs: number;
  /** When it arrived, or would have; null where it never left. */
  readonly arrivedMs: number | null;
  readonly fate: 'delivered' | 'lost' | 'link-full' | 'partition' | 'crashed' | 'old-session';
  readonly message: Message;
}

export interface NetworkCounts {
  sent: number;
  delivered: number;
  duplicated: number;
  lost: number;
  lostToPartition: number;
  lostToCrash: number;
  lostToOldSession: number;
  lostToFullLink: number;
  refusedWithoutSession: number;
  reordered: number;
  sessionsMade: number;
  sessionsBroken: number;
  partitions: number;
  clogs: number;
}

interface Attached<Message> {
  readonly id: string;
  readonly clock: NodeClock;
  readonly handler: NetworkNode<Message>;
  alive: boolean;
  /** The session each peer is believed to be connected by. */
  readonly sessions: Map<string, number>;
}

/** One direction between two nodes. */
interface Link {
  blockedUntilMs: number;
  cloggedUntilMs: number;
  inFlight: number;
  lastArrivalMs: number;
}

/** A pair of nodes; at most one session at a time. */
interface Pair {
  session: number;
  isUp: boolean;
  checking: boolean;
}

/**
 * Messages between nodes in virtual time, over sessions that break and are made anew. A message to
 * a crashed node is lost; one that is in flight when its session breaks is too (unless unordered).
 */
export class SimNetwork<Message> {
  private readonly nodes = new Map<string, Attached<Message>>();
  /** By where they start, then by where they end. */
  private readonly links = new Map<string, Map<string, Link>>();
  private readonly pairs = new Map<string, Pair>();
  private sessionsEver = 0;
  /** Told of every copy of a message once its fate is known; null: nobody listens. */
  onTransit: ((transit: Transit<Message>) => void) | null = null;
  /** Told of every direction that is cut, and until when; of one that is healed, now. */
  onCut: ((from: string, to: string, untilMs: number) => void) | null = null;
  readonly counts: NetworkCounts = {
    sent: 0,
    delivered: 0,
    duplicated: 0,
    lost: 0,
    lostToPartition: 0,
    lostToCrash: 0,
    lostToOldSession: 0,
    lostToFullLink: 0,
    refusedWithoutSession: 0,
    reordered: 0,
    sessionsMade: 0,
    sessionsBroken: 0,
    partitions: 0,
    clogs: 0,
  };

  constructor(
    private readonly queue: EventQueue,
    private readonly random: Random,
    /** Replace it to change the weather during a run. */
    public options: NetworkOptions = DEFAULT_NETWORK,
  ) {}

  /** A node starts (for the first time, or after `crash`) with a new handler and no sessions. */
  start(id: string, clock: NodeClock, handler: NetworkNode<Message>): void {
    if (this.nodes.get(id)?.alive === true) throw new Error(`${id} is already on the network`);
    this.nodes.set(id, { id, clock, handler, alive: true, sessions: new Map() });
    for (const peer of this.nodes.keys()) if (peer !== id) this.connectSoon(id, peer);
  }

  /** The node is gone without a word; its peers notice after the session timeout. */
  crash(id: string): void {
    const node = this.nodes.get(id);
    if (node === undefined || !node.alive) return;
    node.alive = false;
    node.sessions.clear();
    for (const peer of this.nodes.keys()) {
      if (peer === id) continue;
      const pair = this.pair(id, peer);
      if (!pair.isUp) continue;
      pair.isUp = false;
      this.counts.sessionsBroken += 1;
      this.tellDown(peer, id, pair.session, this.options.sessionTimeoutMs);
    }
  }

  /** True when the message was taken; that says nothing about its arrival. */
  send(from: string, to: string, message: Message): boolean {
    const session = this.nodes.get(from)?.sessions.get(to);
    if (session === undefined) {
      this.counts.refusedWithoutSession += 1;
      return false;
    }
    this.counts.sent += 1;
    if (this.options.freeze) deepFreeze(message);
    if (this.random.chance(this.options.lossChance)) {
      this.counts.lost += 1;
      const { nowMs } = this.queue;
      this.tell(from, to, message, session, nowMs, null, 'lost');
      return true;
    }
    this.transmit(from, to, message, session);
    if (this.random.chance(this.options.duplicateChance)) {
      this.counts.duplicated += 1;
      this.transmit(from, to, message, session);
    }
    return true;
  }

  /** The session this node believes to have with the peer. */
  sessionOf(node: string, peer: string): number | undefined {
    return this.nodes.get(node)?.sessions.get(peer);
  }

  /** Breaks the session of two nodes now; both notice at once, and it is made anew. */
  breakSession(a: string, b: string): void {
    const pair = this.pair(a, b);
    if (pair.isUp) this.endSession(a, b, pair, 0);
    this.connectSoon(a, b);
  }

  /** Cuts one direction. */
  block(from: string, to: string, forMs: number): void {
    const link = this.link(from, to);
    const untilMs = this.queue.nowMs + Math.max(forMs, this.options.minimumFaultMs);
    link.blockedUntilMs = Math.max(link.blockedUntilMs, untilMs);
    this.onCut?.(from, to, link.blockedUntilMs);
    this.queue.after(this.options.sessionTimeoutMs, () => this.loseIfCut(from, to));
    this.queue.at(untilMs, () => this.connectSoon(from, to));
  }

  /** Cuts every link between the groups; `asymmetric`: only from the first to the second. */
  partition(
    first: readonly string[],
    second: readonly string[],
    forMs: number,
    kind: 'symmetric' | 'asymmetric' = 'symmetric',
  ): void {
    this.counts.partitions += 1;
    for (const a of first) {
      for (const b of second) {
        if (a === b) continue;
        this.block(a, b, forMs);
        if (kind === 'symmetric') this.block(b, a, forMs);
      }
    }
  }

  /** Cuts one node off from all others. */
  isolate(id: string, forMs: number): void {
    this.partition(
      [id],
      [...this.nodes.keys()].filter((other) => other !== id),
      forMs,
    );
  }

  /** Nothing gets through this direction for a while, then everything that waited does. */
  clog(from: string, to: string, forMs: number): void {
    this.counts.clogs += 1;
    const link = this.link(from, to);
    const untilMs = this.queue.nowMs + Math.max(forMs, this.options.minimumFaultMs);
    link.cloggedUntilMs = Math.max(link.cloggedUntilMs, untilMs);
  }

  /** Ends all partitions and clogs. What is lost stays lost. */
  healAll(): void {
    const { nowMs } = this.queue;
    for (const [from, away] of this.links) {
      for (const [to, link] of away) {
        if (link.blockedUntilMs > nowMs) this.onCut?.(from, to, nowMs);
        link.blockedUntilMs = 0;
        link.cloggedUntilMs = 0;
      }
    }
    const ids = [...this.nodes.keys()];
    for (const a of ids) for (const b of ids) if (a < b) this.connectSoon(a, b);
  }

  /** Whether messages can pass both ways right now. */
  isReachable(a: string, b: string): boolean {
    if (this.nodes.get(a)?.alive !== true || this.nodes.get(b)?.alive !== true) return false;
    return !this.isBlocked(a, b) && !this.isBlocked(b, a);
  }

  private transmit(from: string, to: string, message: Message, session: number): void {
    const { options, queue } = this;
    const link = this.link(from, to);
    const jitterMs = options.jitterMs === 0 ? 0 : this.random.exponential(options.jitterMs);
    if (link.inFlight >= options.inFlightLimit) {
      this.counts.lostToFullLink += 1;
      this.tell(from, to, message, session, queue.nowMs, null, 'link-full');
      return;
    }
    const leavesMs = Math.max(queue.nowMs, link.cloggedUntilMs);
    const isLate = options.stragglerChance > 0 && this.random.chance(options.stragglerChance);
    const lateMs = isLate ? this.random.exponential(options.stragglerMs) : 0;
    let arrivesMs = leavesMs + options.delayMs(from, to) + jitterMs + lateMs;
    if (options.delivery === 'ordered') arrivesMs = Math.max(arrivesMs, link.lastArrivalMs);
    else if (arrivesMs < link.lastArrivalMs) this.counts.reordered += 1;
    link.lastArrivalMs = Math.max(link.lastArrivalMs, arrivesMs);
    link.inFlight += 1;
    const sentMs = queue.nowMs;
    queue.at(arrivesMs, () => {
      link.inFlight -= 1;
      this.arrive(from, to, message, session, sentMs, link);
    });
  }

  private tell(
    from: string,
    to: string,
    message: Message,
    session: number,
    sentMs: number,
    arrivedMs: number | null,
    fate: Transit<Message>['fate'],
  ): void {
    this.onTransit?.({ from, to, session, sentMs, arrivedMs, fate, message });
  }

  private arrive(
    from: string,
    to: string,
    message: Message,
    session: number,
    sentMs: number,
    link: Link,
  ): void {
    const node = this.nodes.get(to);
    if (node?.alive !== true) {
      this.counts.lostToCrash += 1;
      this.tell(from, to, message, session, sentMs, this.queue.nowMs, 'crashed');
      return;
    }
    if (link.blockedUntilMs > this.queue.nowMs) {
      this.counts.lostToPartition += 1;
      this.tell(from, to, message, session, sentMs, this.queue.nowMs, 'partition');
      return;
    }
    node.clock.deliver(() => {
      const fate = this.fateAt(node, from, session);
      this.tell(from, to, message, session, sentMs, this.queue.nowMs, fate);
      if (fate === 'delivered') node.handler.message(from, message, session);
    });
  }

  /** What becomes of a message that the network has brought to a process that looks for some. */
  private fateAt(node: Attached<Message>, from: string, session: number): Transit<Message>['fate'] {
    if (!node.alive) {
      this.counts.lostToCrash += 1;
      return 'crashed';
    }
    if (this.options.delivery === 'ordered' && node.sessions.get(from) !== session) {
      this.counts.lostToOldSession += 1;
      return 'old-session';
    }
    this.counts.delivered += 1;
    return 'delivered';
  }

  private connectSoon(a: string, b: string): void {
    const pair = this.pair(a, b);
    if (pair.isUp || pair.checking) return;
    pair.checking = true;
    const delayMs = this.options.reconnectMs + this.options.delayMs(a, b);
    this.queue.after(delayMs, () => {
      pair.checking = false;
      if (!pair.isUp && this.isReachable(a, b)) this.makeSession(a, b, pair);
    });
  }

  private makeSession(a: string, b: string, pair: Pair): void {
    this.sessionsEver += 1;
    this.counts.sessionsMade += 1;
    const session = this.sessionsEver;
    pair.session = session;
    pair.isUp = true;
    this.tellUp(a, b, session);
    this.tellUp(b, a, session);
  }

  private endSession(a: string, b: string, pair: Pair, noticedAfterMs: number): void {
    pair.isUp = false;
    this.counts.sessionsBroken += 1;
    this.tellDown(a, b, pair.session, noticedAfterMs);
    this.tellDown(b, a, pair.session, noticedAfterMs);
  }

  private loseIfCut(from: string, to: string): void {
    const pair = this.pair(from, to);
    if (pair.isUp && this.isBlocked(from, to)) this.endSession(from, to, pair, 0);
  }

  private tellUp(id: string, peer: string, session: number): void {
    const node = this.nodes.get(id);
    node?.clock.deliver(() => {
      const known = node.sessions.get(peer);
      if (!node.alive || (known !== undefined && known >= session)) return;
      if (known !== undefined) node.handler.down(peer, known);
      node.sessions.set(peer, session);
      node.handler.up(peer, session);
    });
  }

  private tellDown(id: string, peer: string, session: number, afterMs: number): void {
    const node = this.nodes.get(id);
    if (node === undefined) return;
    const lose = (): void => {
      if (!node.alive || node.sessions.get(peer) !== session) return;
      node.sessions.delete(peer);
      node.handler.down(peer, session);
    };
    // Who sleeps notices only after it has been awake for the timeout.
    if (node.clock.mode === 'suspended') node.clock.after(this.options.sessionTimeoutMs, lose);
    else node.clock.deliverAfter(afterMs, lose);
  }

  private isBlocked(from: string, to: string): boolean {
    return this.link(from, to).blockedUntilMs > this.queue.nowMs;
  }

  private link(from: string, to: string): Link {
    let away = this.links.get(from);
    if (away === undefined) this.links.set(from, (away = new Map<string, Link>()));
    let link = away.get(to);
    if (link === undefined) {
      link = { blockedUntilMs: 0, cloggedUntilMs: 0, inFlight: 0, lastArrivalMs: 0 };
      away.set(to, link);
    }
    return link;
  }

  private pair(a: string, b: string): Pair {
    const key = a < b ? `${a}|${b}` : `${b}|${a}`;
    let pair = this.pairs.get(key);
    if (pair === undefined) {
      pair = { session: 0, isUp: false, checking: false };
      this.pairs.set(key, pair);
    }
    return pair;
  }
}
