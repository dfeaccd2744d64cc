import type { TraceHash } from './trace-hash.js';

/** Something due at a moment of virtual time. */
export interface ScheduledEvent {
  cancel(): void;
}

class QueuedEvent implements ScheduledEvent {
  constructor(
    readonly atMs: number,
    readonly order: number,
    public run: (() => void) | null,
  ) {}

  cancel(): void {
    this.run = null;
  }
}

function isBefore(a: QueuedEvent, b: QueuedEvent): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

/** More than this waiting at once is a run that feeds on itself: a bug, reported by a throw. */
export const EVENT_LIMIT = 5_000_000;

/** So many events at one moment are a loop that time cannot end: a bug, reported by a throw. */
export const MOMENT_LIMIT = 200_000;

/**
 * Virtual time in milliseconds, and what is due in it. Events of one moment run in the order they
 * were asked for. Running is not re-entrant.
 */
export class EventQueue {
  private readonly heap: QueuedEvent[] = [];
  private time = 0;
  private orders = 0;
  private executed = 0;
  private executedNow = 0;

  constructor(private readonly trace?: TraceHash) {}

  /** True time of the simulated world. */
  get nowMs(): number {
    return this.time;
  }

  /** Events run so far. */
  get ran(): number {
    return this.executed;
  }

  /** Events waiting, cancelled ones included until their time comes. */
  get waiting(): number {
    return this.heap.length;
  }

  /** A moment in the past counts as now; the event never runs before this call has returned. */
  at(atMs: number, run: () => void): ScheduledEvent {
    if (Number.isNaN(atMs)) throw new Error('an event needs a time');
    if (this.heap.length >= EVENT_LIMIT) throw new Error(`more than ${EVENT_LIMIT} events wait`);
    const event = new QueuedEvent(Math.max(atMs, this.time), this.orders, run);
    this.orders += 1;
    this.push(event);
    return event;
  }

  after(delayMs: number, run: () => void): ScheduledEvent {
    return this.at(this.time + delayMs, run);
  }

  /** Runs the next event; false when there is none. */
  step(): boolean {
    for (let event = this.pop(); event !== undefined; event = this.pop()) {
      const { run } = event;
      if (run === null) continue;
      event.run = null;
      this.executedNow = event.atMs === this.time ? this.executedNow + 1 : 0;
      if (this.executedNow > MOMENT_LIMIT) throw new Error(`time stands still at ${this.time} ms`);
      this.time = event.atMs;
      this.executed += 1;
      this.trace?.number(event.atMs);
      run();
      return true;
    }
    return false;
  }

  /** Runs everything due up to and at this moment; afterwards it is this moment. */
  runUntil(untilMs: number): void {
    for (let next = this.heap[0]; next !== undefined && next.atMs <= untilMs; next = this.heap[0]) {
      if (next.run === null) this.pop();
      else this.step();
    }
    this.time = Math.max(this.time, untilMs);
  }

  /** Runs until the condition holds (checked after every event), time is up or nothing waits. */
  runUntilDone(isDone: () => boolean, untilMs: number): boolean {
    while (!isDone()) {
      const next = this.heap[0];
      if (next === undefined || next.atMs > untilMs) return false;
      if (next.run === null) this.pop();
      else this.step();
    }
    return true;
  }

  private push(event: QueuedEvent): void {
    const { heap } = this;
    let index = heap.length;
    heap.push(event);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent]!;
      if (!isBefore(event, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = event;
  }

  private pop(): QueuedEvent | undefined {
    const { heap } = this;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || first === last) return first;
    let index = 0;
    for (;;) {
      let child = index * 2 + 1;
      if (child >= heap.length) break;
      const right = child + 1;
      if (right < heap.length && isBefore(heap[right]!, heap[child]!)) child = right;
      if (!isBefore(heap[child]!, last)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
    return first;
  }
}
