import {
  type ClientEffect,
  type ClientInput,
  type ClientState,
  createClientState,
  DEFAULT_CLIENT_CONFIG,
} from '../../protocol/client/client-state.js';
import type { ClientAnswer } from '../../protocol/client/answers.js';
import {
  clientDeadline,
  clientStep,
  isValid,
  readMemory,
} from '../../protocol/client/client-step.js';
import type { Change, ReadMode, SessionWrite } from '../../protocol/client/messages.js';
import type { FileVersion } from '../../protocol/file-version.js';
import type { Position } from '../../protocol/log-entry.js';
import type { WriteConditions } from '../../protocol/request.js';
import type { Now } from '../../protocol/shard/inputs.js';
import type { NodeClock } from '../clock.js';
import type { ScheduledEvent } from '../event-queue.js';
import type { Random } from '../random.js';
import type { EventQueue } from '../event-queue.js';
import type { RunOptions } from '../options.js';
import { FeedJudge } from '../judges/change-feed.js';
import type { Finding } from '../judges/finding.js';
import { type SessionHost, SimSession } from './sim-session.js';

const CLOSE_MS = 1;
const RECONNECT_MS = 50;

/** What the world is to a client. */
export interface ClientWorld {
  readonly queue: EventQueue;
  readonly options: RunOptions;
  readonly leaseKeepMs: number;
  readonly findings: Finding[];
  readonly exercise: {
    readonly counts: { entriesInvalidated: number; changesTold: number; feedsTooOld: number };
  };
  sessionHost(index: number): SessionHost | undefined;
}

/**
 * A client with a cache of its own: the protocol's client on a simulated machine, with its own clock,
 * connected to one site at a time.
 */
export class SimCache {
  readonly state: ClientState;
  private session: SimSession | null = null;
  private feed: FeedJudge | null = null;
  private readonly tickets = new Map<number, (answer: ClientAnswer) => void>();
  private nextTicket = 1;
  private timer: { readonly atMs: number; readonly event: ScheduledEvent } | null = null;
  vanished = false;
  /** Whoever waits for it waits in vain. */
  onVanish: () => void = () => {};

  constructor(
    readonly id: string,
    private readonly world: ClientWorld,
    readonly clock: NodeClock,
    private readonly random: Random,
    private siteIndex: number,
  ) {
    const { driftBound } = world.options.clock;
    const config = {
      ...DEFAULT_CLIENT_CONFIG,
      driftRate: driftBound,
      renewKeepMs: world.leaseKeepMs,
    };
    const limits = { entries: world.options.leases.cacheEntries, bytes: 1_000_000 };
    this.state = createClientState({ ...config, cache: limits }, this.now());
  }

  get site(): string {
    return this.session?.site ?? '';
  }

  start(): void {
    if (this.random.fork('feed').chance(0.5)) this.follow();
    this.connect();
  }

  /** Whether its feed has told everything up to the newest version of each file. */
  isFed(newestVersion: (name: string) => number): boolean {
    return this.vanished || this.feed === null || this.feed.isComplete(newestVersion);
  }

  private follow(): void {
    this.feed = new FeedJudge(this.id);
    this.input({ kind: 'watch', ticket: this.nextTicket++, prefix: 'b/f', from: null });
  }

  private told(changes: readonly Change[]): void {
    for (const change of changes) {
      this.world.exercise.counts.changesTold += 1;
      const finding = this.feed?.take(change) ?? null;
      if (finding !== null) this.world.findings.push(finding);
    }
  }

  /** Goes to another site; what it held under the session it leaves is suspect. */
  moveTo(siteIndex: number): void {
    this.siteIndex = siteIndex;
    this.session?.cut(CLOSE_MS, 0);
  }

  /** The connection is cut: each side notices in its own time. */
  cut(siteMs: number, clientMs: number): void {
    this.session?.cut(siteMs, clientMs);
  }

  lostSite(): void {
    this.session?.cut(0, this.random.exponential(this.random.pick([2, 300])));
  }

  /** Never heard of again. */
  vanish(): void {
    this.vanished = true;
    this.clock.crash();
    this.onVanish();
    this.session?.cut(this.random.between(1, 10_000), 0);
  }

  read(name: string, mode: ReadMode, done: (answer: ClientAnswer) => void): number {
    const held = mode === 'strong' ? readMemory(this.state, name, this.now()) : undefined;
    if (held !== undefined) {
      done({ kind: 'read', ok: true, head: held.head, freshness: 'memory' });
      return 0;
    }
    const ticket = this.ticket(done);
    this.input({ kind: 'read', ticket, name, mode });
    return ticket;
  }

  write(
    requestId: string,
    write: SessionWrite,
    conditions: WriteConditions,
    done: (answer: ClientAnswer) => void,
  ): number {
    const ticket = this.ticket(done);
    this.input({ kind: 'write', ticket, requestId, write, conditions });
    return ticket;
  }

  giveUp(ticket: number): void {
    if (this.tickets.has(ticket)) this.input({ kind: 'give-up', ticket });
  }

  /** What it would serve from memory at this moment, were it asked; undefined if nothing. */
  servable(name: string): Position | undefined {
    const { state, clock } = this;
    if (this.vanished || clock.mode === 'crashed') return undefined;
    const entry = state.cache.entries.get(name);
    if (entry === undefined) return undefined;
    const now = this.now();
    const advance = Math.max(now.monoMs - state.clock.monoMs, now.wallMs - state.clock.wallMs, 0);
    const holderMs = state.clock.holderMs + advance;
    if (!isValid({ ...state, clock: { ...now, holderMs } }, entry)) return undefined;
    return entry.head ?? { epoch: 0, seq: 0 };
  }

  private ticket(done: (answer: ClientAnswer) => void): number {
    const ticket = this.nextTicket++;
    this.tickets.set(ticket, done);
    return ticket;
  }

  private now(): Now {
    return { monoMs: this.clock.monotonicMs(), wallMs: this.clock.wallMs() };
  }

  private connect(): void {
    if (this.vanished || this.session !== null) return;
    const host = this.world.sessionHost(this.siteIndex);
    if (host === undefined) return this.connectLater();
    const delayMs = this.random.pick([0.3, 1, 5]) * this.random.between(0.5, 2);
    const end = {
      clock: this.clock,
      heard: (message: Parameters<typeof this.heard>[0]): void => this.heard(message),
      closed: (): void => this.closed(),
    };
    this.session = new SimSession(this.world.queue, host, end, delayMs, this.random);
    this.session.open();
  }

  private connectLater(): void {
    this.siteIndex += 1;
    this.clock.after(RECONNECT_MS + this.random.exponential(100), () => this.connect());
  }

  private heard(message: Extract<ClientInput, { kind: 'message' }>['message']): void {
    this.input({ kind: 'message', message });
  }

  private closed(): void {
    this.session = null;
    this.input({ kind: 'closed' });
    this.connectLater();
  }

  private input(input: ClientInput): void {
    for (const effect of clientStep(this.state, input, this.now())) this.carryOut(effect);
    this.schedule();
  }

  private carryOut(effect: ClientEffect): void {
    switch (effect.kind) {
      case 'send':
        this.session?.send(effect.message);
        return;
      case 'answer': {
        const done = this.tickets.get(effect.ticket);
        this.tickets.delete(effect.ticket);
        done?.(effect.answer);
        return;
      }
      case 'changes':
        return this.told(effect.changes);
      case 'watch-ended':
        this.world.exercise.counts.feedsTooOld += 1;
        return this.follow();
      case 'invalidated':
        this.world.exercise.counts.entriesInvalidated += 1;
        return;
    }
  }

  private schedule(): void {
    const atMs = clientDeadline(this.state);
    if (this.timer !== null && this.timer.atMs <= atMs) return;
    this.timer?.event.cancel();
    this.timer = null;
    if (atMs === Number.POSITIVE_INFINITY) return;
    const event = this.clock.after(Math.max(0.05, atMs - this.clock.monotonicMs()), () => {
      this.timer = null;
      this.input({ kind: 'tick' });
    });
    this.timer = { atMs, event };
  }
}

/** What a simulated client writes: its content is its own name. */
export function bytesOf(value: string): Uint8Array {
  return Uint8Array.from(value, (letter) => letter.charCodeAt(0));
}

export function valueOf(head: FileVersion | null): string | null {
  return head?.content?.etag ?? null;
}
