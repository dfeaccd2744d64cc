import { describe, expect, it } from 'vitest';
import type { ClusterSites } from '../ports.js';
import { beginChange, cancelChange, type WantedChange } from './site-change.js';

const SITES: ClusterSites = {
  version: 0,
  sites: ['nyc', 'tor', 'lon'],
  writeQuorum: 2,
  since: {},
  addresses: [],
  change: null,
};

const wanted = (kind: WantedChange['kind'], site: string, incarnation = 0): WantedChange => ({
  kind,
  site,
  incarnation,
  address: null,
});

function begun(from: ClusterSites, change: WantedChange): ClusterSites {
  const result = beginChange(from, change);
  if (!result.ok) throw new Error(result.reason);
  return result.sites;
}

describe('a change of sites', () => {
  it('asks for a majority of the sites there will be', () => {
    expect(begun(SITES, wanted('add', 'fra')).change).toMatchObject({ writeQuorum: 3 });
  });

  it('puts every earlier machine of a replaced site out', () => {
    expect(begun(SITES, wanted('replace', 'nyc', 4)).since).toEqual({ nyc: 5 });
  });

  it.each([
    ['remove', 'nyc', 0, 'too_few_sites'],
    ['remove', 'fra', 0, 'no_such_site'],
    ['replace', 'fra', 0, 'no_such_site'],
    ['add', 'nyc', 0, 'site_exists'],
    ['add', 'fra', 2, 'site_was_used'],
  ] as const)('is refused: %s %s, known up to %d: %s', (kind, site, incarnation, reason) => {
    expect(beginChange(SITES, wanted(kind, site, incarnation))).toEqual({ ok: false, reason });
  });

  it('waits for another one', () => {
    const under = begun(SITES, wanted('add', 'fra'));
    expect(beginChange(under, wanted('add', 'sin'))).toMatchObject({ reason: 'change_under_way' });
  });

  it('is given up before anything has come of it, and a replacement never', () => {
    const adding = begun(SITES, wanted('add', 'fra'));
    expect(cancelChange(adding)).toEqual({ ok: true, sites: SITES });
    const configuring = { ...adding, change: { ...adding.change, state: 'configuring' } };
    expect(cancelChange(configuring as ClusterSites).ok).toBe(false);
    expect(cancelChange(begun(SITES, wanted('replace', 'nyc', 1))).ok).toBe(false);
  });
});
