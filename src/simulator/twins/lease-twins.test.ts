import { describe, expect, it } from 'vitest';
import { granterEndMs, holderEndMs } from '../../protocol/lease/duration.js';

const DRIFT = { driftRate: 0.1, driftMarginMs: 2 };
/** Two machines whose rates differ by no more than the drift rate allows for. */
const RATES = [0.955, 0.98, 1, 1.02, 1.045];
const DELAYS_MS = [0, 1, 7, 40];
const DURATIONS_MS = [0, 1, 10, 300, 1000];

/**
 * The dumb twin: walks true time millisecond by millisecond with two clocks of their own rates, and
 * looks at each step who takes the right to be running.
 */
function overlap(
  ends: { holder: typeof holderEndMs; granter: typeof granterEndMs },
  rates: { holder: number; granter: number },
  delayMs: number,
  durationMs: number,
): { holderAlone: number; both: number } {
  const clock = (rate: number, trueMs: number): number => 5000 * rate + trueMs * rate;
  const holderUntil = ends.holder(clock(rates.holder, 0), durationMs, DRIFT);
  const granterUntil = ends.granter(clock(rates.granter, delayMs), durationMs, DRIFT);
  let holderAlone = 0;
  let both = 0;
  for (let trueMs = delayMs; trueMs < delayMs + 2 * durationMs + 50; trueMs += 1) {
    const holds = clock(rates.holder, trueMs) < holderUntil;
    const waits = clock(rates.granter, trueMs) < granterUntil;
    if (holds && !waits) holderAlone += 1;
    if (holds && waits) both += 1;
  }
  return { holderAlone, both };
}

function* cases(): Generator<[{ holder: number; granter: number }, number, number]> {
  for (const holder of RATES) {
    for (const granter of RATES) {
      for (const delayMs of DELAYS_MS) {
        for (const durationMs of DURATIONS_MS) yield [{ holder, granter }, delayMs, durationMs];
      }
    }
  }
}

describe('how long a right runs, beside two clocks that are walked through', () => {
  it('never lets a holder go on after its granter stopped waiting', () => {
    let useful = 0;
    for (const [rates, delayMs, durationMs] of cases()) {
      const ends = { holder: holderEndMs, granter: granterEndMs };
      const { holderAlone, both } = overlap(ends, rates, delayMs, durationMs);
      expect(holderAlone, JSON.stringify({ rates, delayMs, durationMs })).toBe(0);
      if (both > 0) useful += 1;
    }
    expect(useful).toBeGreaterThan(100);
  });

  it.each([
    ['counted from its receipt', { holder: fromReceipt, granter: granterEndMs }],
    ['without the drift', { holder: exact, granter: exact }],
  ])('would let it if it were %s', (_mistake, ends) => {
    const found = [...cases()].some(([rates, delayMs, durationMs]) => {
      return overlap(ends, rates, delayMs, durationMs).holderAlone > 0;
    });
    expect(found).toBe(true);
  });
});

function exact(fromMs: number, durationMs: number): number {
  return fromMs + durationMs;
}

/** As a holder that waited 200 ms for the answer would have it. */
function fromReceipt(sentMs: number, durationMs: number, drift: typeof DRIFT): number {
  return holderEndMs(sentMs + 200, durationMs, drift);
}
