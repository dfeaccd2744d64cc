import type { ClusterStatus, ReplicaStatus } from '../status-types.js';
import { describe, expect, it } from 'vitest';
import { StateWatch } from './state-watch.js';

const GOOD = {
  writeQuorum: 2,
  repairs: 0,
  sites: [{ alive: true }, { alive: true }, { alive: true }],
};

function watched() {
  const told: string[] = [];
  let status = {} as ClusterStatus;
  const watch = new StateWatch(
    () => status,
    (message, { event } = {}) => void told.push(`${event}: ${message}`),
  );
  const look = (change: object, state: ReplicaStatus['state'] = 'current'): string[] => {
    const replicas = [{ site: 'tor', connected: true, behindEntries: 0, state }];
    const shards = [{ shard: 'nyc', replicas }];
    status = { ...GOOD, shards, ...change } as unknown as ClusterStatus;
    watch.look();
    return told.splice(0);
  };
  return look;
}

describe('the watch over a site', () => {
  it('tells when a replica begins and ends to catch up, not when it is merely away', () => {
    const look = watched();
    expect(look({})).toEqual([]);
    expect(look({}, 'away')).toEqual([]);
    expect(look({}, 'catching_up')).toEqual([
      'catch-up-begun: tor is catching up on the files of nyc',
    ]);
    expect(look({}, 'snapshot')).toEqual([]);
    expect(look({})).toEqual(['catch-up-ended: tor has caught up on the files of nyc']);
    expect(look({})).toEqual([]);
  });

  it('tells when too few sites are reached, and when enough are again', () => {
    const look = watched();
    const sites = [{ alive: true }, { alive: false }, { alive: false }];
    expect(look({ sites })[0]).toMatch(/^quorum-lost/);
    expect(look({ sites })).toEqual([]);
    expect(look({})[0]).toMatch(/^quorum-back/);
  });

  it('tells of repairs once', () => {
    const look = watched();
    expect(look({ repairs: 2, upkeep: { scrub: { repaired: 1 } } })).toEqual([
      'repaired: 3 damaged pieces were replaced by good copies',
    ]);
    expect(look({ repairs: 2, upkeep: { scrub: { repaired: 1 } } })).toEqual([]);
  });
});
