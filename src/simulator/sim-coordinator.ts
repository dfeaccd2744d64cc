import type { Coordinator, CoordinatorDocuments, Revised, SwapResult } from '../protocol/ports.js';
import type { NodeClock } from './clock.js';
import type { EventQueue } from './event-queue.js';
import { deepFreeze } from './frozen.js';
import type { Random } from './random.js';

type Key = keyof CoordinatorDocuments & string;
type Document = CoordinatorDocuments[Key];

export interface CoordinatorOptions {
  /** Mean one-way delay of a request, an answer or a watch event, in milliseconds of true time. */
  readonly delayMs: number;
  readonly deadlineMs: number;
  /** The request never arrives. */
  readonly lostRequestChance: number;
  /** It happens, and the caller does not hear of it. */
  readonly lostAnswerChance: number;
  /** It happens after the caller was told `unknown`. */
  readonly lateRequestChance: number;
  /** A watch event is held back so long that later ones join it: mean. */
  readonly watchDelayMs: number;
}

export const DEFAULT_COORDINATOR: CoordinatorOptions = {
  delayMs: 5,
  deadlineMs: 1_000,
  lostRequestChance: 0,
  lostAnswerChance: 0,
  lateRequestChance: 0,
  watchDelayMs: 10,
};

export interface CoordinatorCounts {
  reads: number;
  swaps: number;
  conflicts: number;
  unknowns: number;
  unknownsApplied: number;
  watchEvents: number;
  watchEventsCoalesced: number;
}

/** The documents themselves: linearizable, never down; what fails is the way to them. */
export class SimCoordinator {
  private readonly documents = new Map<string, Revised<Document>>();
  private readonly listeners = new Set<(key: string) => void>();
  private readonly unreachable = new Set<string>();
  private readonly cutUntilMs = new Map<string, number>();
  /** What each document was before its last change. */
  private readonly earlier = new Map<string, Document>();
  private revision = 0;
  readonly counts: CoordinatorCounts = {
    reads: 0,
    swaps: 0,
    conflicts: 0,
    unknowns: 0,
    unknownsApplied: 0,
    watchEvents: 0,
    watchEventsCoalesced: 0,
  };

  constructor(
    readonly queue: EventQueue,
    public options: CoordinatorOptions = DEFAULT_COORDINATOR,
  ) {}

  /** A site's own way to the coordinator; make a new one when its process starts. */
  connect(site: string, clock: NodeClock, random: Random): Coordinator {
    return new SiteCoordinator(site, this, clock, random);
  }

  setReachable(site: string, isReachable: boolean): void {
    if (!isReachable) this.unreachable.add(site);
    else if (this.unreachable.delete(site)) for (const hear of this.listeners) hear('');
  }

  /** Unreachable for at least so long; several at once last as long as the longest. */
  cutOff(site: string, forMs: number): void {
    const untilMs = Math.max(this.queue.nowMs + forMs, this.cutUntilMs.get(site) ?? 0);
    this.cutUntilMs.set(site, untilMs);
    this.setReachable(site, false);
    this.queue.at(untilMs, () => {
      if (this.cutUntilMs.get(site) === untilMs) this.setReachable(site, true);
    });
  }

  isReachable(site: string): boolean {
    return !this.unreachable.has(site);
  }

  current(key: string): Revised<Document> {
    return this.documents.get(key) ?? { value: null, revision: 0 };
  }

  keysUnder(prefix: string): string[] {
    return [...this.documents.keys()].filter((key) => key.startsWith(prefix)).sort();
  }

  /** Takes effect at once. */
  swapNow(key: string, revision: number, value: Document): SwapResult<Document> {
    const current = this.current(key);
    this.counts.swaps += 1;
    if (current.revision !== revision) {
      this.counts.conflicts += 1;
      return { outcome: 'conflict', current };
    }
    this.revision += 1;
    if (current.value !== null) this.earlier.set(key, current.value);
    this.documents.set(key, { value: deepFreeze(value), revision: this.revision });
    for (const hear of this.listeners) hear(key);
    return { outcome: 'swapped', revision: this.revision };
  }

  /** Documents under the prefix go back by one change each, at new revisions, as from a backup. */
  restore(prefix: string): void {
    for (const key of this.keysUnder(prefix)) {
      const before = this.earlier.get(key);
      if (before !== undefined) this.swapNow(key, this.current(key).revision, before);
    }
  }

  /** `hear('')` says that anything may have changed. */
  listen(hear: (key: string) => void): { cancel(): void } {
    this.listeners.add(hear);
    return { cancel: () => this.listeners.delete(hear) };
  }
}

class SiteCoordinator implements Coordinator {
  private readonly born: number;

  constructor(
    private readonly site: string,
    private readonly center: SimCoordinator,
    private readonly clock: NodeClock,
    private readonly random: Random,
  ) {
    this.born = clock.crashes;
  }

  read<K extends Key>(
    key: K,
    done: (current: Revised<CoordinatorDocuments[K]> | null) => void,
  ): void {
    this.center.counts.reads += 1;
    this.call(
      () => this.center.current(key) as Revised<CoordinatorDocuments[K]>,
      (answer) => done(answer ?? null),
    );
  }

  swap<K extends Key>(
    key: K,
    revision: number,
    value: CoordinatorDocuments[K],
    done: (result: SwapResult<CoordinatorDocuments[K]>) => void,
  ): void {
    let applied = false;
    this.call(
      () => {
        const result = this.center.swapNow(key, revision, value);
        applied = result.outcome === 'swapped';
        return result as SwapResult<CoordinatorDocuments[K]>;
      },
      (answer) => {
        if (answer === undefined && applied) this.center.counts.unknownsApplied += 1;
        done(answer ?? { outcome: 'unknown' });
      },
    );
  }

  watch(
    prefix: string,
    changed: (key: string, current: Revised<Document>) => void,
  ): { cancel(): void } {
    const { center, random } = this;
    const waiting = new Set<string>();
    let isFlushing = false;
    let isCancelled = false;
    const flush = (): void => {
      isFlushing = false;
      if (isCancelled || !center.isReachable(this.site)) return;
      const keys = [...waiting];
      waiting.clear();
      for (const key of keys) {
        center.counts.watchEvents += 1;
        const current = center.current(key);
        this.clock.deliver(() => {
          if (!isCancelled) changed(key, current);
        });
      }
    };
    const hear = (key: string): void => {
      const keys = key === '' ? center.keysUnder(prefix) : [key];
      for (const each of keys) {
        if (!each.startsWith(prefix)) continue;
        if (waiting.has(each)) center.counts.watchEventsCoalesced += 1;
        waiting.add(each);
      }
      if (isFlushing || waiting.size === 0) return;
      isFlushing = true;
      center.queue.after(random.exponential(center.options.watchDelayMs), flush);
    };
    const listening = center.listen(hear);
    hear('');
    return {
      cancel: () => {
        isCancelled = true;
        listening.cancel();
      },
    };
  }

  /** One request: it takes effect at one moment or never, and is answered exactly once. */
  private call<T>(effect: () => T, done: (answer: T | undefined) => void): void {
    const { center, clock, random } = this;
    const { options } = center;
    let isAnswered = false;
    const answer = (value: T | undefined): void => {
      if (isAnswered || clock.crashes !== this.born) return;
      isAnswered = true;
      if (value === undefined) center.counts.unknowns += 1;
      done(value);
    };
    clock.deliverAfter(options.deadlineMs, () => answer(undefined));
    const isLost = random.chance(options.lostRequestChance) || !center.isReachable(this.site);
    const isLate = random.chance(options.lateRequestChance);
    const outMs = random.exponential(options.delayMs) + (isLate ? options.deadlineMs : 0);
    const backMs = random.exponential(options.delayMs);
    const isAnswerLost = random.chance(options.lostAnswerChance);
    if (isLost) return;
    center.queue.after(outMs, () => {
      if (!isLate && !center.isReachable(this.site)) return;
      const value = effect();
      if (!isAnswerLost) clock.deliverAfter(backMs, () => answer(value));
    });
  }
}
