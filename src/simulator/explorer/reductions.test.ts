import { describe, expect, it } from 'vitest';
import { REAL_CORE } from '../scenario/core.js';
import { type Bounds, FULL_BOUNDS } from './bounds.js';
import { stationName } from './canonical.js';
import { Exploration } from './exploration.js';
import { EVERY_REDUCTION, NO_REDUCTION, type Reductions } from './reductions.js';

const NOTHING: Bounds = {
  ...FULL_BOUNDS,
  writes: 0,
  crashes: 0,
  changes: 0,
  partialLoss: false,
  timePasses: false,
};
const WITH_CHANGE: Bounds = { ...NOTHING, changes: 1 };
const WITH_CRASH: Bounds = { ...NOTHING, writes: 1, crashes: 1 };
const WITH_WRITES: Bounds = { ...NOTHING, writes: 2 };
const WITH_CRASH_AND_TIME: Bounds = { ...NOTHING, crashes: 1, partialLoss: true, timePasses: true };
const WITH_LEASE: Bounds = { ...NOTHING, leases: true };
const WITH_HAND_OVER: Bounds = { ...WITH_LEASE, handsOver: true };
const WITH_LEASE_AND_TIME: Bounds = { ...WITH_LEASE, timePasses: true };
const WITH_TIME: Bounds = { ...NOTHING, writes: 1, timePasses: true };

/** What is compared with no reduction, and makes the rest affordable. */
const BASE = { sendsAtOnce: true, subsumes: true };
const known = new Map<string, Exploration>();

function exploreAll(bounds: Bounds, reductions: Partial<Reductions>): Exploration {
  const key = JSON.stringify([bounds, reductions]);
  const exploration = known.get(key) ?? exploreOnce(bounds, reductions);
  known.set(key, exploration);
  return exploration;
}

function exploreOnce(bounds: Bounds, reductions: Partial<Reductions>): Exploration {
  const exploration = new Exploration(REAL_CORE, bounds, { ...NO_REDUCTION, ...reductions });
  expect(exploration.run(() => {})).toBeNull();
  expect(exploration.gaveUp).toBe(false);
  return exploration;
}

/** Every state of the sites that was met, with what happened so far. */
function scenesOf({ table, steps }: Exploration): Set<string> {
  const names = new Map<number, string>();
  const nameOf = (site: number): string => {
    const name = names.get(site) ?? stationName(steps.parts.station(site));
    names.set(site, name);
    return name;
  };
  const scenes = new Set<string>();
  for (let number = 0; number < table.count; number += 1) {
    const { sites, history } = table.row(number);
    const happened = JSON.stringify(steps.histories.at(history));
    scenes.add(`${sites.map(nameOf).join('\n')}\n${happened}`);
  }
  return scenes;
}

/** What can be told apart from outside: which entries committed, what was answered, what was read. */
function storiesOf({ table, steps }: Exploration): Set<string> {
  const stories = new Set<string>();
  for (let number = 0; number < table.count; number += 1) {
    const { committed, seen, attempts } = steps.histories.at(table.row(number).history);
    stories.add(JSON.stringify({ committed, seen, attempts }));
  }
  return stories;
}

const swapped = (text: string): string =>
  text.replace(/w0|w1/g, (name) => (name === 'w0' ? 'w1' : 'w0'));

describe('a reduction loses nothing', () => {
  it.each<[string, Bounds, Partial<Reductions>]>([
    ['sending at once', WITH_CHANGE, { sendsAtOnce: true }],
    ['subsumption', WITH_CHANGE, { subsumes: true }],
    ['both', WITH_CHANGE, { sendsAtOnce: true, subsumes: true }],
    ['both, with crashes', WITH_CRASH, { sendsAtOnce: true, subsumes: true }],
    ['both, with time', WITH_CRASH_AND_TIME, { sendsAtOnce: true, subsumes: true }],
    ['both, with a lease', WITH_LEASE, { sendsAtOnce: true, subsumes: true }],
    ['both, with a hand-over', WITH_HAND_OVER, { sendsAtOnce: true, subsumes: true }],
  ])('%s: the sites get into the same states', (_name, bounds, reductions) => {
    const [reduced, plain] = [exploreAll(bounds, reductions), exploreAll(bounds, {})];
    expect(reduced.table.kept).toBeLessThan(plain.table.kept);
    expect(scenesOf(reduced)).toEqual(scenesOf(plain));
  });

  it.each<[string, Bounds]>([
    ['with a crash', { ...WITH_CRASH, timePasses: true }],
    ['with a lease', WITH_LEASE_AND_TIME],
  ])('ageing, %s: the same stories', (_name, bounds) => {
    const [reduced, plain] = [
      exploreAll(bounds, { ...BASE, ages: true }),
      exploreAll(bounds, BASE),
    ];
    expect(reduced.table.kept).toBeLessThan(plain.table.kept);
    expect(storiesOf(reduced)).toEqual(storiesOf(plain));
  });

  it('a prompt start: the same states of sites that are up', () => {
    const reduced = exploreAll(WITH_CRASH, { ...BASE, promptStart: true });
    const plain = exploreAll(WITH_CRASH, BASE);
    expect(reduced.table.kept).toBeLessThan(plain.table.kept);
    const up = [...scenesOf(plain)].filter((scene) => !scene.includes('.down|'));
    expect(scenesOf(reduced)).toEqual(new Set(up));
  });

  it('ordered writes: the same stories, told with either name first', () => {
    const reduced = storiesOf(exploreAll(WITH_WRITES, { ...BASE, ordersWrites: true }));
    const plain = storiesOf(exploreAll(WITH_WRITES, BASE));
    expect(reduced.size).toBeLessThan(plain.size);
    const committed = (stories: Set<string>): Set<string> =>
      new Set(
        [...stories].map((story) =>
          (JSON.parse(story) as { committed: string[] }).committed.join(),
        ),
      );
    const both = [...committed(reduced)].flatMap((story) => [story, swapped(story)]);
    expect(new Set(both)).toEqual(committed(plain));
  });

  it.each<[string, Bounds]>([
    ['a change', WITH_CHANGE],
    ['a crash', { ...WITH_CRASH, partialLoss: true }],
    ['time', WITH_TIME],
  ])('all together, with %s: the same stories', (_name, bounds) => {
    const [reduced, plain] = [exploreAll(bounds, EVERY_REDUCTION), exploreAll(bounds, BASE)];
    expect(reduced.table.kept).toBeLessThan(plain.table.kept);
    expect(storiesOf(reduced)).toEqual(storiesOf(plain));
  });
});
