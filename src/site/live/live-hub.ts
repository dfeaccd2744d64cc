import { isCount, isFields } from '../../protocol/message-fields.js';
import type { PeerNetwork } from '../../transport/peer-network.js';
import type { ClusterStatus } from '../status-types.js';
import type { SiteEvent } from '../telemetry/event-ring.js';
import type { LiveFeed } from './live-feed.js';
import type { LatencyCounts, LiveAnswer, LiveFrame, LiveSource } from './live-frame.js';

const METHOD = 'live';
const EVERY_MS = 250;
const DEADLINE_MS = 2000;
/** Every so many rounds a site also says how it sees the cluster. */
const STATUS_ROUNDS = 4;
const WATCHERS_LIMIT = 32;
/** Events of one answer: the newest for who comes, then as many at once. */
const EVENTS_LIMIT = 100;

export interface LiveHubOptions {
  readonly site: string;
  /** The run of this process: the numbers of ticks are of one run. */
  readonly run: string;
  readonly peers: () => readonly string[];
  readonly network: Pick<PeerNetwork, 'call' | 'handle'>;
  readonly feed: LiveFeed;
  readonly status: () => ClusterStatus;
  readonly latency: () => LatencyCounts;
  /** Those after an id, or without one the newest. */
  readonly events: (after: number | undefined, limit: number) => readonly SiteEvent[];
}

/** How far this site has been told by another. */
interface Follower {
  run: string;
  afterSeq: number;
  /** The newest event told; null: nobody has heard of any. */
  afterEvent: number | null;
  rounds: number;
  isAsking: boolean;
}

/** Brings together, for who looks on here, what all sites send; asks nobody while nobody does. */
export class LiveHub implements LiveSource {
  private readonly listeners = new Set<(frame: LiveFrame) => void>();
  private readonly followers = new Map<string, Follower>();
  private timer: NodeJS.Timeout | null = null;

  constructor(private readonly options: LiveHubOptions) {
    options.network.handle(METHOD, (_from, payload) => Promise.resolve(this.answer(payload)));
  }

  watch(listener: (frame: LiveFrame) => void): (() => void) | null {
    if (this.listeners.size >= WATCHERS_LIMIT) return null;
    this.listeners.add(listener);
    // Whoever comes new wants to see how things stand at once.
    for (const follower of this.followers.values()) {
      follower.rounds = 0;
      follower.afterEvent = null;
    }
    if (this.timer === null) {
      this.timer = setInterval(() => this.round(), EVERY_MS);
      this.timer.unref();
      queueMicrotask(() => this.round());
    }
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) this.rest();
    };
  }

  close(): void {
    this.listeners.clear();
    this.rest();
    this.options.feed.close();
  }

  private rest(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
    this.followers.clear();
  }

  private round(): void {
    if (this.timer === null) return;
    const { site, peers } = this.options;
    const own = this.followerOf(site);
    this.tell(site, own, this.answer(this.question(own)));
    for (const peer of peers()) void this.ask(peer);
  }

  private async ask(peer: string): Promise<void> {
    const follower = this.followerOf(peer);
    if (follower.isAsking) return;
    follower.isAsking = true;
    const { network } = this.options;
    const question = this.question(follower);
    const result = await network.call(peer, METHOD, question, { deadlineMs: DEADLINE_MS });
    follower.isAsking = false;
    // Everybody may have left meanwhile, or somebody come anew.
    if (this.followers.get(peer) !== follower) return;
    this.tell(peer, follower, result.ok && isAnswer(result.value) ? result.value : null);
  }

  private followerOf(site: string): Follower {
    let follower = this.followers.get(site);
    if (follower === undefined) {
      follower = { run: '', afterSeq: 0, afterEvent: null, rounds: 0, isAsking: false };
      this.followers.set(site, follower);
    }
    return follower;
  }

  private question(follower: Follower): object {
    const { run, afterSeq, afterEvent, rounds } = follower;
    follower.rounds += 1;
    return { run, afterSeq, afterEvent, status: rounds % STATUS_ROUNDS === 0 };
  }

  private answer(payload: unknown): LiveAnswer {
    const { run, feed, status, latency, events } = this.options;
    const asked = isFields(payload) ? payload : {};
    const afterSeq = asked.run === run && isCount(asked.afterSeq) ? asked.afterSeq : 0;
    return {
      run,
      ticks: feed.read(afterSeq),
      status: asked.status === true ? status() : null,
      latency: asked.status === true ? latency() : null,
      events: events(isCount(asked.afterEvent) ? asked.afterEvent : undefined, EVENTS_LIMIT),
    };
  }

  private tell(site: string, follower: Follower, answer: LiveAnswer | null): void {
    if (answer !== null) {
      follower.run = answer.run;
      follower.afterSeq = answer.ticks.at(-1)?.seq ?? follower.afterSeq;
      follower.afterEvent = answer.events?.at(-1)?.id ?? follower.afterEvent;
    }
    for (const listener of [...this.listeners]) listener({ site, answer });
  }
}

function isAnswer(value: unknown): value is LiveAnswer {
  return (
    isFields(value) &&
    typeof value.run === 'string' &&
    Array.isArray(value.ticks) &&
    value.ticks.every((tick) => isFields(tick) && isCount(tick.seq) && Array.isArray(tick.marks))
  );
}
