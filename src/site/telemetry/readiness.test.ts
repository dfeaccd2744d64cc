import { describe, expect, it } from 'vitest';
import { type ReadinessSources, readinessOf } from './readiness.js';

const READY: ReadinessSources = {
  stopping: false,
  storageFailure: null,
  reachedSites: 3,
  writeQuorum: 2,
  shards: [{ shard: 'nyc', primary: 'nyc' }],
  reaches: () => true,
};

describe('a site', () => {
  it('is ready while it can serve strong reads and writes of all files', () => {
    expect(readinessOf(READY)).toEqual({ ready: true, reasons: [] });
    expect(readinessOf({ ...READY, reachedSites: 2 }).ready).toBe(true);
  });

  it.each<[string, Partial<ReadinessSources>]>([
    ['it is stopping', { stopping: true }],
    ['its disk has failed', { storageFailure: 'EIO' }],
    ['it reaches too few sites', { reachedSites: 1 }],
    ['a shard has no primary', { shards: [{ shard: 'lon', primary: '' }] }],
    ['a primary is out of its reach', { reaches: () => false }],
  ])('is not ready when %s, and says why', (_, change) => {
    const { ready, reasons } = readinessOf({ ...READY, ...change });
    expect(ready).toBe(false);
    expect(reasons).toHaveLength(1);
  });
});
