import { expect, it } from 'vitest';
import { latencyCounts } from './latency-counts.js';
import { MetricRegistry } from './metric-registry.js';
import { RequestMetrics } from './request-metrics.js';

it('counts reads of all interfaces together, and what writes waited for', () => {
  const registry = new MetricRegistry();
  new RequestMetrics(registry, 'native').read('lease', 0.2);
  new RequestMetrics(registry, 's3').read('lease', 0.2);
  new RequestMetrics(registry, 'session').read('fetched', 60_000);
  registry.histogram('quorate_write_wait_seconds', 'quorum').observe(0.03, 5);
  const { boundsMs, reads, writes } = latencyCounts(registry);
  expect(reads.lease.length).toBe(boundsMs.length + 1);
  expect(reads.lease[boundsMs.indexOf(0.25)]).toBe(2);
  expect(reads.fetched.at(-1)).toBe(1);
  expect(reads.primary.every((count) => count === 0)).toBe(true);
  expect(writes.quorum[boundsMs.indexOf(50)]).toBe(5);
});
