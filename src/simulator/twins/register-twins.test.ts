import { describe, expect, it } from 'vitest';
import type { Operation } from '../history.js';
import { searchLinearization } from '../judges/wing-gong-lowe.js';
import { Random } from '../random.js';
import { naiveIsLinearizable } from './naive-register.js';

const HISTORIES = 4000;
const CALLS = 7;

describe('the search for an order, and one that tries every order', () => {
  it('agree on every small history', () => {
    const random = new Random(7);
    const counts = { linearizable: 0, not_linearizable: 0, undecided: 0 };
    for (let round = 0; round < HISTORIES; round += 1) {
      const calls = Array.from({ length: CALLS }, (_, id) => drawCall(random, id));
      const { verdict } = searchLinearization(calls);
      counts[verdict] += 1;
      expect({ verdict, calls }).toEqual({
        verdict: naiveIsLinearizable(calls) ? 'linearizable' : 'not_linearizable',
        calls,
      });
    }
    // Both kinds are there in numbers.
    expect(counts.linearizable).toBeGreaterThan(HISTORIES / 20);
    expect(counts.not_linearizable).toBeGreaterThan(HISTORIES / 20);
  });
});

/** Few moments and few contents, so that calls overlap and meet. */
function drawCall(random: Random, id: number): Operation {
  const startMs = random.int(13);
  const endMs = startMs + 1 + random.int(6);
  const common = { client: `c${id}`, site: 'nyc', id, name: 'b/f', startMs, endMs };
  const content = (): string => `call ${random.int(CALLS)}`;
  if (random.chance(0.4)) {
    const value = random.chance(0.2) ? null : content();
    return { ...common, kind: 'read', outcome: 'ok', value };
  }
  const kind = random.chance(0.2) ? 'delete' : 'write';
  const outcome = random.pick(['committed', 'unknown', 'unknown', 'rejected'] as const);
  const written = kind === 'delete' ? {} : { value: `call ${id}` };
  const condition = drawCondition(random, content);
  const reason = outcome === 'rejected' ? { reason: 'precondition_failed' } : {};
  const isJudged = outcome === 'rejected' || random.chance(0.4);
  return { ...common, kind, outcome, ...written, ...reason, ...(isJudged && { condition }) };
}

function drawCondition(random: Random, content: () => string): Operation['condition'] {
  const kind = random.pick(['absent', 'value', 'match', 'noneMatch'] as const);
  if (kind === 'absent') return { ifAbsent: true };
  if (kind === 'value') return { ifVersion: 1, ifValue: content() };
  if (kind === 'match') return { ifMatch: [random.chance(0.3) ? '*' : content()] };
  return { ifNoneMatch: [random.chance(0.3) ? '*' : content()] };
}
