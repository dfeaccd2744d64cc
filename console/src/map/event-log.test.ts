import { expect, it } from 'vitest';
import { groupOf, KEPT_LIMIT, withEvents } from './event-log.ts';
import type { SiteEvent } from './live-frame.ts';

function event(site: string, id: number, atMs: number): SiteEvent {
  return { id, atMs, site, kind: 'primary', level: 'info', message: `${site} ${id}` };
}

it('has each event of each site once, newest first, however often it is told', () => {
  const first = withEvents([], [event('nyc', 1, 10), event('tor', 1, 30)]);
  const then = withEvents(first, [event('tor', 1, 30), event('nyc', 2, 20)]);
  expect(then.map(({ message }) => message)).toEqual(['tor 1', 'nyc 2', 'nyc 1']);
  expect(withEvents(then, [])).toBe(then);
});

it('lets the oldest go, also when they are told again', () => {
  const many = Array.from({ length: KEPT_LIMIT + 50 }, (_, id) => event('nyc', id, id));
  const known = withEvents([], many);
  expect(known).toHaveLength(KEPT_LIMIT);
  expect(withEvents(known, many.slice(0, 50)).at(-1)?.id).toBe(50);
});

it('puts failovers, catch-up and repairs into groups of their own', () => {
  const kinds = ['primary-gone', 'catch-up-begun', 'repaired', 'site-lost'] as const;
  const groups = kinds.map((kind) => groupOf({ kind }));
  expect(groups).toEqual(['failover', 'catch-up', 'repairs', 'sites']);
});
