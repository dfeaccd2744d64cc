import { describe, expect, it } from 'vitest';
import { METRICS } from './metric-declarations.js';
import { MetricRegistry } from './metric-registry.js';

describe('the registry', () => {
  it('writes counters, gauges and cumulative buckets in the text format', () => {
    const registry = new MetricRegistry();
    registry.counter('quorate_commits_total', 'nyc').add(3);
    registry.collect((page) => page.sample('quorate_ready', 1));
    const syncs = registry.histogram('quorate_log_sync_writes');
    syncs.observe(1);
    syncs.observe(3);
    syncs.observe(5000);
    const text = registry.text();
    expect(text).toContain(
      '# TYPE quorate_commits_total counter\nquorate_commits_total{shard="nyc"} 3\n',
    );
    expect(text).toContain('# TYPE quorate_ready gauge\nquorate_ready 1\n');
    expect(text).toContain('quorate_log_sync_writes_bucket{le="1"} 1\n');
    expect(text).toContain('quorate_log_sync_writes_bucket{le="4"} 2\n');
    expect(text).toContain('quorate_log_sync_writes_bucket{le="1024"} 2\n');
    expect(text).toContain('quorate_log_sync_writes_bucket{le="+Inf"} 3\n');
    expect(text).toContain('quorate_log_sync_writes_sum 5004\nquorate_log_sync_writes_count 3\n');
  });

  it('takes a value that is a bound into the bucket of that bound', () => {
    const histogram = new MetricRegistry().histogram('quorate_log_sync_seconds');
    histogram.observe(0.0001, 4);
    expect(histogram.counts[0]).toBe(4);
  });

  it('gives the same metric for the same labels', () => {
    const registry = new MetricRegistry();
    const one = registry.counter('quorate_events_total', 'primary');
    expect(registry.counter('quorate_events_total', 'primary')).toBe(one);
    expect(registry.counter('quorate_events_total', 'site-lost')).not.toBe(one);
  });

  it('escapes what would break a line', () => {
    const registry = new MetricRegistry();
    registry.counter('quorate_commits_total', 'a"b\\c\nd').add();
    expect(registry.text()).toContain('{shard="a\\"b\\\\c\\nd"} 1');
  });

  it('refuses labels that a metric does not have', () => {
    const registry = new MetricRegistry();
    registry.counter('quorate_commits_total');
    expect(() => registry.text()).toThrow('quorate_commits_total has the labels shard');
    expect(() => registry.histogram('quorate_ready')).toThrow('no histogram');
  });
});

describe('the metrics', () => {
  it.each(Object.entries(METRICS))('%s is named as its type and unit ask for', (name, metric) => {
    expect(name).toMatch(/^(quorate|process)_[a-z_]+[a-z]$/);
    expect(name.endsWith('_total')).toBe(metric.type === 'counter');
    if (metric.type === 'histogram') {
      expect([...metric.bounds].sort((a, b) => a - b)).toEqual([...metric.bounds]);
      expect(name).toMatch(/_(seconds|bytes|writes)$/);
    }
    expect(metric.help).toMatch(/\.$/);
  });
});
