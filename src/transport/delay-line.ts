/** The clock and the chance a link is emulated with. */
export interface DelaySource {
  /** How long the thing that arrives now is to be held back, in milliseconds. */
  delayMs(): number;
}

/** Timers wake at whole milliseconds; what is due this close to a wake-up goes with it. */
const GRAIN_MS = 0.5;
/** From performance.now() to the clock whose whole milliseconds timers wake at. */
const TICK_OFFSET_MS = Number(process.hrtime.bigint()) / 1e6 - performance.now();

interface Held<T> {
  readonly item: T;
  readonly bytes: number;
  readonly dueMs: number;
}

/**
 * Holds what arrives until it is due and delivers it in order, one timer for all of it. On average
 * exact; a single item is up to half a millisecond early or late, besides the load of the process.
 */
export class DelayLine<T> {
  private queue: Held<T>[] = [];
  private head = 0;
  private lastDueMs = 0;
  private timer: NodeJS.Timeout | null = null;
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
    this.timer = null;
  }

  private arm(): void {
    const next = this.queue[this.head];
    if (next === undefined || this.timer !== null) return;
    const nowTicks = Math.floor(performance.now() + TICK_OFFSET_MS);
    const waitMs = Math.max(1, Math.round(next.dueMs + TICK_OFFSET_MS - nowTicks));
    this.timer = setTimeout(() => {
      this.timer = null;
      this.deliverDue();
    }, waitMs);
  }

  private deliverDue(): void {
    const untilMs = performance.now() + GRAIN_MS;
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
