import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SeenVersions } from './seen-versions.js';

it('never takes an older version for current, however many names it had to forget', () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 9 })));
  fc.assert(
    fc.property(steps, (noted) => {
      const seen = new SeenVersions(5);
      const newest = new Map<string, number>();
      for (const [number, version] of noted) {
        const name = `docs/${number}`;
        seen.note(name, version);
        newest.set(name, Math.max(version, newest.get(name) ?? 0));
        for (const [each, limit] of newest) {
          if (limit > 0) expect(seen.isCurrent(each, limit - 1)).toBe(false);
        }
      }
    }),
  );
});

it('takes the newest that it was told of a name, and what it knows nothing of, for current', () => {
  const seen = new SeenVersions();
  seen.note('docs/a', 3);
  seen.note('docs/a', 2);
  expect(seen.isCurrent('docs/a', 3)).toBe(true);
  expect(seen.isCurrent('docs/a', 2)).toBe(false);
  expect(seen.isCurrent('docs/b', 0)).toBe(true);
});
