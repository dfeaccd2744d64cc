/** The clock and the chance a link is emulated with. */
export interface DelaySource {
  /** How long the thing that arrives now is to be held back, in milliseconds. */
  delayMs(): number;
}

/** What is due this close to a wake-up goes with it: when polling, and when only timers are used. */
const POLLED_GRAIN_MS = 0.15;
const TIMED_GRAIN_MS = 0.5;
/** The part of the time that may go into polling, and how much of it may be saved up. */
const POLLING_SHARE = 0.1;
const POLLING_SAVED_MS = 5;

interface Held<T> {
  readonly item: T;
  readonly bytes: number;
  readonly dueMs: number;
}

/**
 * Holds what arrives until it is due and delivers it in order. Timers count whole milliseconds, so
 * the last part of one is polled for; where much traffic would make that a waste of the processor,
 * single items come up to half a millisecond early or late.
 */
export class DelayLine<T> {
  private queue: Held<T>[] = [];
  private head = 0;
  private lastDueMs = 0;
  private timer: NodeJS.Timeout | null = null;
  private poll: NodeJS.Immediate | null = null;
  private pollingLeftMs = POLLING_SAVED_MS;
  private countedMs = performance.now();
  private closed = false;
  private heldBack = false;
  private bytes = 0;

  constructor(
    private readonly source: DelaySource,
    private readonly deliver: (item: T) => void,
  ) {}

  get queuedBytes(): number {
    return this.bytes;
  }

  push(item: T, bytes: number): void {
    if (this.closed) return;
    const delayMs = this.source.delayMs();
    const idle = this.head === this.queue.length;
    if (idle && delayMs <= 0 && !this.heldBack) {
      this.deliver(item);
      return;
    }
    const dueMs = Math.max(this.lastDueMs, performance.now() + delayMs);
    this.lastDueMs = dueMs;
    this.queue.push({ item, bytes, dueMs });
    this.bytes += bytes;
    if (idle && !this.heldBack) this.arm();
  }

  /** Delivers nothing until `release`. */
  hold(): void {
    this.heldBack = true;
  }

  release(): void {
    if (!this.heldBack) return;
    this.heldBack = false;
    this.deliverDue();
  }

  close(): void {
    this.closed = true;
    this.queue = [];
    this.head = 0;
    this.bytes = 0;
    if (this.timer !== null) clearTimeout(this.timer);
    if (this.poll !== null) clearImmediate(this.poll);
    this.timer = null;
    this.poll = null;
  }

  private arm(): void {
    const next = this.queue[this.head];
    if (next === undefined || this.timer !== null || this.poll !== null) return;
    const nowMs = performance.now();
    const saved = this.pollingLeftMs + (nowMs - this.countedMs) * POLLING_SHARE;
    this.pollingLeftMs = Math.min(POLLING_SAVED_MS, saved);
    this.countedMs = nowMs;
    const remainingMs = next.dueMs - nowMs;
    if (this.pollingLeftMs > 0 && remainingMs < 1) {
      this.poll = setImmediate(() => {
        this.poll = null;
        this.pollingLeftMs -= performance.now() - nowMs;
        this.deliverDue();
      });
      return;
    }
    const waitMs = this.pollingLeftMs > 0 ? Math.floor(remainingMs) : Math.round(remainingMs);
    this.timer = setTimeout(
      () => {
        this.timer = null;
        this.deliverDue();
      },
      Math.max(1, waitMs),
    );
  }

  private deliverDue(): void {
    const untilMs = performance.now() + (this.pollingLeftMs > 0 ? POLLED_GRAIN_MS : TIMED_GRAIN_MS);
    while (!this.heldBack) {
      const next = this.queue[this.head];
      if (next === undefined || next.dueMs > untilMs) break;
      this.head += 1;
      this.bytes -= next.bytes;
      this.deliver(next.item);
    }
    if (this.head > 1024 || this.head === this.queue.length) {
      this.queue.splice(0, this.head);
      this.head = 0;
    }
    if (!this.closed && !this.heldBack) this.arm();
  }
}
