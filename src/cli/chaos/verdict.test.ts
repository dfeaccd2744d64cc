import { describe, expect, it } from 'vitest';
import type { Operation } from '../../simulator/history.js';
import { countOverlaps, judgeRun, shortfalls } from './verdict.js';

let id = 0;
function call(told: Partial<Operation>): Operation {
  id += 1;
  return {
    ...{ client: 'c1', site: 'nyc', id, kind: 'write', name: 'b/nyc/f', startMs: 0, endMs: 1 },
    ...{ outcome: 'committed', requestId: `r${id}` },
    ...told,
  };
}

const held = (version: number, value: string, epoch = 1) => {
  return { name: 'b/nyc/f', version, epoch, seq: version, value };
};

describe('the verdict of a run', () => {
  const first = call({ value: 'x', version: 1 });
  const second = call({ value: 'y', version: 2, startMs: 2, endMs: 3 });

  it('is clean where all sites hold what was acknowledged', () => {
    const copies = ['nyc', 'tor', 'lon'].map((site) => ({
      site,
      versions: [held(1, 'x'), held(2, 'y', 2)],
    }));
    const judged = judgeRun([first, second], copies);
    expect(judged.findings).toEqual([]);
    expect(judged).toMatchObject({ filesSearched: 1, filesUndecided: 0, epochs: 2 });
  });

  it('finds what was acknowledged and is nowhere', () => {
    const copies = ['nyc', 'tor', 'lon'].map((site) => ({ site, versions: [held(1, 'x')] }));
    const invariants = judgeRun([first, second], copies).findings.map(({ invariant }) => invariant);
    expect(new Set(invariants)).toEqual(new Set(['I2']));
  });

  it('finds a site that is not as the others are', () => {
    const whole = { site: 'nyc', versions: [held(1, 'x'), held(2, 'y')] };
    const lacking = { site: 'lon', versions: [held(1, 'x')] };
    const { findings } = judgeRun([first, second], [whole, { ...whole, site: 'tor' }, lacking]);
    expect(findings.map(({ invariant }) => invariant)).toEqual(['convergence']);
  });

  it('finds a read of what had been replaced before it began', () => {
    const versions = [held(1, 'x'), held(2, 'y')];
    const stale = call({
      kind: 'read',
      outcome: 'ok',
      version: 1,
      value: 'x',
      startMs: 4,
      endMs: 5,
    });
    const copies = ['nyc', 'tor', 'lon'].map((site) => ({ site, versions }));
    const invariants = judgeRun([first, second, stale], copies).findings.map(
      (each) => each.invariant,
    );
    expect(new Set(invariants)).toEqual(new Set(['I18', 'linearizable']));
  });
});

describe('overlaps', () => {
  it('are counted of different clients, where one of both writes', () => {
    const write = call({ startMs: 0, endMs: 10 });
    const own = call({ startMs: 1, endMs: 2 });
    const read = call({ client: 'c2', kind: 'read', outcome: 'ok', startMs: 3, endMs: 4 });
    const later = call({ client: 'c2', kind: 'read', outcome: 'ok', startMs: 11, endMs: 12 });
    const elsewhere = call({ client: 'c2', name: 'b/nyc/g', startMs: 3, endMs: 4 });
    expect(countOverlaps([write, own, read, later, elsewhere])).toBe(1);
  });
});

describe('what a run did too little of', () => {
  it('is everything where nothing was done', () => {
    const found = shortfalls(60_000, {}, { kill: 6, wipe: 3 }, {});
    const counts = found.map(({ count }) => count);
    const needed = ['operations', 'kill', 'process faults', 'disk faults', 'failovers', 'unknown'];
    expect(counts).toEqual(expect.arrayContaining(needed));
    expect(counts).not.toContain('wipe');
  });

  it('does not count what was not planned, and is not asked of a very short run', () => {
    const enough = Object.fromEntries(
      shortfalls(60_000, {}, {}, {}).map(({ count, needed }) => [count, needed]),
    );
    expect(shortfalls(60_000, enough, {}, {})).toEqual([]);
    expect(shortfalls(60_000, enough, { kill: 9 }, { kill: 2 })).toEqual([
      { count: 'kill', needed: 3, found: 2 },
      { count: 'process faults', needed: 3, found: 2 },
      { count: 'failovers', needed: 1, found: 0 },
      { count: 'unknown', needed: 1, found: 0 },
    ]);
    expect(shortfalls(20_000, {}, { kill: 4 }, {})).toEqual([]);
  });
});
