import type { Freshness, ReadFailure, WriteOutcome } from '../file-service.js';
import type { Counter, Histogram, MetricRegistry } from './metric-registry.js';

/** By what way a client speaks to a site. */
export type Interface = 'native' | 's3' | 'session';

/** What becomes of the requests of one interface. Nothing is looked up for one that goes well. */
export class RequestMetrics {
  private readonly reads: Readonly<Record<Freshness, Histogram>>;
  private readonly writes: Readonly<Record<WriteOutcome['outcome'], Histogram>>;
  private readonly lists: Histogram;
  private readonly slow: Counter;

  constructor(
    private readonly registry: MetricRegistry,
    readonly name: Interface,
  ) {
    const read = (freshness: Freshness): Histogram =>
      registry.histogram('quorate_read_duration_seconds', name, freshness);
    const write = (outcome: string): Histogram =>
      registry.histogram('quorate_write_duration_seconds', name, outcome);
    this.reads = {
      primary: read('primary'),
      lease: read('lease'),
      validated: read('validated'),
      fetched: read('fetched'),
      local: read('local'),
    };
    this.writes = {
      committed: write('committed'),
      rejected: write('rejected'),
      unknown: write('unknown'),
    };
    this.lists = registry.histogram('quorate_list_duration_seconds', name);
    this.slow = registry.counter('quorate_slow_requests_total', name);
  }

  read(freshness: Freshness, tookMs: number): void {
    this.reads[freshness].observe(tookMs / 1000);
  }

  readFailed(reason: ReadFailure['reason'] | string): void {
    this.registry.counter('quorate_read_failures_total', this.name, reason).add();
  }

  listed(tookMs: number): void {
    this.lists.observe(tookMs / 1000);
  }

  written(outcome: WriteOutcome['outcome'], tookMs: number): void {
    this.writes[outcome].observe(tookMs / 1000);
  }

  writeFailed(reason: string): void {
    this.registry.counter('quorate_write_failures_total', this.name, reason).add();
  }

  slowOne(): void {
    this.slow.add();
  }
}
