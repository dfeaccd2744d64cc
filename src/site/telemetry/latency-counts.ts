import type { Freshness } from '../file-service.js';
import type { LatencyCounts } from '../live/live-frame.js';
import { METRICS } from './metric-declarations.js';
import type { MetricRegistry } from './metric-registry.js';
import type { Interface } from './request-metrics.js';

const READS = 'quorate_read_duration_seconds';
const WAITS = 'quorate_write_wait_seconds';
const INTERFACES: readonly Interface[] = ['native', 's3', 'session'];

/** What `/metrics` tells of reads and of writes' waits, for charts: all interfaces together. */
export function latencyCounts(registry: MetricRegistry): LatencyCounts {
  const { bounds } = METRICS[READS];
  const reads = (freshness: Freshness): number[] => {
    const parts = INTERFACES.map((by) => registry.histogram(READS, by, freshness).counts);
    return Array.from({ length: bounds.length + 1 }, (_, bucket) =>
      parts.reduce((sum, counts) => sum + (counts[bucket] ?? 0), 0),
    );
  };
  const waits = (whom: string): number[] => [...registry.histogram(WAITS, whom).counts];
  return {
    boundsMs: bounds.map((seconds) => seconds * 1000),
    reads: {
      primary: reads('primary'),
      lease: reads('lease'),
      validated: reads('validated'),
      fetched: reads('fetched'),
    },
    writes: { disk: waits('disk'), quorum: waits('quorum'), caches: waits('caches') },
  };
}
