import { describe, expect, it } from 'vitest';
import { FAULT_GROUPS, type FaultKind, GROUPS, siteOf } from './fault.js';
import { type Episode, planChaos, planText } from './plan.js';

const SITES = ['nyc', 'tor', 'lon'];
const settings = {
  ...{ seed: 1, durationMs: 600_000, groups: GROUPS, sites: SITES, clientGroups: 2 },
  coordinator: 'etcd' as const,
};

function overlap(a: Episode, b: Episode): boolean {
  return a.atMs < b.atMs + b.durationMs && b.atMs < a.atMs + a.durationMs;
}

describe('a plan', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(planChaos(settings)).toEqual(planChaos(settings));
    expect(planChaos({ ...settings, seed: 2 })).not.toEqual(planChaos(settings));
  });

  it('is in order, numbered, within its time, and longer where the run is', () => {
    const plan = planChaos(settings);
    expect(plan.map(({ number }) => number)).toEqual(plan.map((_, index) => index + 1));
    expect([...plan].sort((a, b) => a.atMs - b.atMs)).toEqual(plan);
    expect(plan.every(({ atMs }) => atMs > 0 && atMs < settings.durationMs)).toBe(true);
    expect(plan.length).toBeGreaterThan(5 * planChaos({ ...settings, durationMs: 60_000 }).length);
  });

  it('has every kind of fault in ten minutes', () => {
    const kinds = new Set<FaultKind>(planChaos(settings).map(({ fault }) => fault.kind));
    expect([...kinds].sort()).toEqual(Object.values(FAULT_GROUPS).flat().sort());
  });

  it('cuts off members only where there are any', () => {
    const plan = planChaos({ ...settings, coordinator: 'embedded' });
    expect(plan.some(({ fault }) => fault.kind === 'coordinator-cut')).toBe(true);
    expect(plan.some(({ fault }) => fault.kind === 'member-cut')).toBe(false);
  });

  it('never has two disks bad at once, and never takes a site away that is away', () => {
    for (let seed = 1; seed <= 50; seed += 1) {
      const plan = planChaos({ ...settings, seed });
      for (const one of plan) {
        for (const other of plan) {
          if (one.number >= other.number || one.group !== other.group || !overlap(one, other))
            continue;
          expect(one.group, `seed ${seed}`).not.toBe('disk');
          const site = siteOf(one.fault);
          if (site !== null) expect(siteOf(other.fault), `seed ${seed}`).not.toBe(site);
        }
      }
    }
  });

  it('keeps the faults of a group where others are left out', () => {
    const all = planChaos(settings).filter(({ group }) => group === 'disk');
    const alone = planChaos({ ...settings, groups: ['disk'] });
    expect(alone.map(({ number: _, ...each }) => each)).toEqual(
      all.map(({ number: _, ...each }) => each),
    );
    expect(planChaos({ ...settings, groups: [] })).toEqual([]);
  });

  it('is told one fault a line', () => {
    const lines = planText(planChaos(settings)).split('\n');
    expect(lines).toHaveLength(planChaos(settings).length);
    for (const line of lines) expect(line).toMatch(/^ *[\d.]+ s {2}for [\d.]+ s {2}[a-z-]+/);
  });
});
