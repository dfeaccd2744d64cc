import type { EventKind, LogFields, LogLevel } from './site-log.js';

/** Something that happened at a site and that an operator may want to know. */
export interface SiteEvent {
  /** Grows by one with each event of the site, over its restarts. */
  readonly id: number;
  /** The site's wall clock. */
  readonly atMs: number;
  readonly site: string;
  readonly kind: EventKind;
  readonly level: LogLevel;
  readonly message: string;
  readonly shard?: string;
  readonly fields?: LogFields;
}

export const EVENTS_LIMIT = 1000;

/** The latest events of a site, oldest first; beyond the limit the oldest go. */
export class EventRing {
  private events: SiteEvent[];
  private readonly listeners = new Set<(event: SiteEvent) => void>();

  constructor(kept: readonly SiteEvent[] = []) {
    this.events = kept.slice(-EVENTS_LIMIT);
  }

  /** The id of the newest; 0 before the first. */
  get lastId(): number {
    return this.events.at(-1)?.id ?? 0;
  }

  add(event: Omit<SiteEvent, 'id'>): SiteEvent {
    const known = { id: this.lastId + 1, ...event };
    this.events.push(known);
    if (this.events.length > EVENTS_LIMIT) this.events.shift();
    for (const listener of [...this.listeners]) listener(known);
    return known;
  }

  /** Those after an id, the oldest `limit` of them; without one, the newest `limit`. */
  after(id: number | undefined, limit: number): SiteEvent[] {
    if (id === undefined) return this.events.slice(-limit);
    const first = this.events.findIndex((event) => event.id > id);
    return first < 0 ? [] : this.events.slice(first, first + limit);
  }

  all(): readonly SiteEvent[] {
    return this.events;
  }

  follow(listener: (event: SiteEvent) => void): { cancel(): void } {
    this.listeners.add(listener);
    return { cancel: () => void this.listeners.delete(listener) };
  }
}
