import type { EventQueue, ScheduledEvent } from './event-queue.js';

export interface ClockSettings {
  /** How fast this node's clocks run against true time; 1 is exact. */
  readonly rate: number;
  /** Where the monotonic clock starts. */
  readonly monotonicOffsetMs: number;
  /** What the wall clock shows when true time is 0. */
  readonly wallOffsetMs: number;
}

export const TRUE_CLOCK: ClockSettings = { rate: 1, monotonicOffsetMs: 0, wallOffsetMs: 0 };

/** A running process looks at its clocks at least this often: it notes that one was set back. */
export const NOTICE_MS = 1000;

/** Held for a paused node at most; what comes after that is lost, newest first. */
export const HELD_LIMIT = 100_000;

/** A timer on a node's monotonic clock. */
class Timer implements ScheduledEvent {
  private cancelled = false;
  private pending: ScheduledEvent | null = null;

  constructor(
    private readonly clock: NodeClock,
    private readonly queue: EventQueue,
    private readonly dueMs: number,
    private readonly run: () => void,
    private readonly life = clock.crashes,
  ) {}

  arm(leftMs: number): void {
    this.pending = this.queue.after(Math.max(leftMs, 0) / this.clock.speed, this.fire);
  }

  cancel(): void {
    this.cancelled = true;
    this.pending?.cancel();
  }

  private readonly fire = (): void => {
    const { clock } = this;
    if (this.cancelled || this.life !== clock.crashes) return;
    const leftMs = this.dueMs - clock.monotonicMs();
    // A machine that slept, or a clock that was slowed, has not come so far yet. The tolerance
    // keeps rounding from asking for the same moment again.
    if (clock.mode === 'running' && leftMs > 1e-6) this.arm(leftMs);
    else clock.gate(this.fire, this.run);
  };
}

/**
 * One node's clocks and the gate through which the world reaches its process.
 * `running`: everything as it comes. `paused` (a stopped process): clocks go on, what comes is held.
 * `suspended` (a sleeping machine): the monotonic clock and timers stand still too, the wall goes on.
 * `crashed`: timers and what is held are gone, and nothing is taken until `start`.
 */
export class NodeClock {
  private state: 'running' | 'paused' | 'suspended' | 'crashed' = 'running';
  private life = 0;
  private held: (() => void)[] = [];
  private rate: number;
  private baseTrueMs: number;
  private monotonicBaseMs: number;
  private wallBaseMs: number;
  private resumedTrueMs = Number.NEGATIVE_INFINITY;
  private setBackTrueMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly queue: EventQueue,
    settings: ClockSettings = TRUE_CLOCK,
  ) {
    this.rate = settings.rate;
    this.baseTrueMs = queue.nowMs;
    this.monotonicBaseMs = settings.monotonicOffsetMs;
    this.wallBaseMs = settings.wallOffsetMs + queue.nowMs;
  }

  get mode(): 'running' | 'paused' | 'suspended' | 'crashed' {
    return this.state;
  }

  /** Grows with each crash: what an earlier process asked for is not for a later one. */
  get crashes(): number {
    return this.life;
  }

  /** How fast the clocks run against true time at present. */
  get speed(): number {
    return this.rate;
  }

  monotonicMs(): number {
    return this.state === 'suspended' ? this.monotonicBaseMs : this.monotonicBaseMs + this.passed();
  }

  wallMs(): number {
    return this.wallBaseMs + this.passed();
  }

  /**
   * The wall clock is set, forward or back; false if it is not. It is never set back while the
   * process stands still, or so soon afterwards that it has not seen yet for how long it did: both
   * clocks of a machine that slept would seem to have stood still, and the protocol assumes that this
   * does not happen unnoticed.
   */
  jumpWall(byMs: number): boolean {
    const nowMs = this.queue.nowMs;
    const isUnseen = this.isHeld() || nowMs - this.resumedTrueMs < NOTICE_MS;
    if (byMs < 0 && isUnseen) return false;
    this.rebase();
    this.wallBaseMs += byMs;
    if (byMs < 0) this.setBackTrueMs = nowMs;
    return true;
  }

  /** A timer that is already set may fire late after a change to a faster rate; never early. */
  setRate(rate: number): void {
    this.rebase();
    this.rate = rate;
  }

  /** A timer on the monotonic clock. Never fires before this call has returned, nor after a crash. */
  after(delayMs: number, run: () => void): ScheduledEvent {
    const timer = new Timer(this, this.queue, this.monotonicMs() + delayMs, run);
    timer.arm(delayMs);
    return timer;
  }

  /** Hands the node something from outside: now, when it resumes, or never if it has crashed. */
  deliver(run: () => void): void {
    this.gate(run, run);
  }

  /** As `deliver`, after a delay of true time; lost if the node crashes in between. */
  deliverAfter(delayMs: number, run: () => void): ScheduledEvent {
    const life = this.life;
    return this.queue.after(delayMs, () => {
      if (life === this.life) this.deliver(run);
    });
  }

  pause(): void {
    if (this.state === 'running') this.state = 'paused';
  }

  /** False if the machine stays awake: its wall clock was set back, perhaps unnoticed as yet. */
  suspend(): boolean {
    if (this.state !== 'running') return false;
    if (this.queue.nowMs - this.setBackTrueMs < NOTICE_MS) return false;
    this.rebase();
    this.state = 'suspended';
    return true;
  }

  /** What was held comes at once, in its order. */
  resume(): void {
    if (!this.isHeld()) return;
    this.rebase();
    this.resumedTrueMs = this.queue.nowMs;
    this.state = 'running';
    const { held } = this;
    this.held = [];
    for (const run of held) this.deliverAfter(0, run);
  }

  crash(): void {
    this.rebase();
    this.state = 'crashed';
    this.life += 1;
    this.held = [];
  }

  /** A new process on the same machine; the clocks went on meanwhile. */
  start(): void {
    if (this.state === 'crashed') this.state = 'running';
  }

  private isHeld(): boolean {
    return this.state === 'paused' || this.state === 'suspended';
  }

  /** Now; or, in place of it, the other one as soon as the node goes on. */
  gate(whenHeld: () => void, whenRunning: () => void): void {
    if (this.state === 'running') whenRunning();
    else if (this.state !== 'crashed' && this.held.length < HELD_LIMIT) this.held.push(whenHeld);
  }

  private passed(): number {
    return (this.queue.nowMs - this.baseTrueMs) * this.rate;
  }

  private rebase(): void {
    const passedMs = this.passed();
    if (this.state !== 'suspended') this.monotonicBaseMs += passedMs;
    this.wallBaseMs += passedMs;
    this.baseTrueMs = this.queue.nowMs;
  }
}
