import { describe, expect, it } from 'vitest';
import { DelayLine } from './delay-line.js';

describe('a delay line', () => {
  it('delivers at once, in the same turn, where there is no delay', () => {
    const seen: number[] = [];
    const line = new DelayLine<number>({ delayMs: () => 0 }, (item) => seen.push(item));
    line.push(1, 10);
    expect(seen).toEqual([1]);
    expect(line.queuedBytes).toBe(0);
  });

  it('keeps the order when a later item has the shorter delay', async () => {
    const delays = [8, 0, 3];
    const seen: number[] = [];
    await new Promise<void>((resolve) => {
      const line = new DelayLine<number>({ delayMs: () => delays.shift() ?? 0 }, (item) => {
        seen.push(item);
        if (seen.length === 3) resolve();
      });
      for (const item of [1, 2, 3]) line.push(item, 1);
      expect(line.queuedBytes).toBe(3);
    });
    expect(seen).toEqual([1, 2, 3]);
  });

  it('is never early by more than its grain', async () => {
    const begunMs = performance.now();
    await new Promise<void>((resolve) => {
      new DelayLine<null>({ delayMs: () => 12.5 }, () => resolve()).push(null, 0);
    });
    expect(performance.now() - begunMs).toBeGreaterThan(12);
  });

  it('delivers nothing while held, nor after it was closed', async () => {
    const seen: number[] = [];
    const line = new DelayLine<number>({ delayMs: () => 0 }, (item) => seen.push(item));
    line.hold();
    line.push(1, 1);
    expect(seen).toEqual([]);
    line.release();
    expect(seen).toEqual([1]);
    const late = new DelayLine<number>({ delayMs: () => 2 }, (item) => seen.push(item));
    late.push(2, 1);
    late.close();
    await new Promise<void>((resolve) => {
      new DelayLine<null>({ delayMs: () => 5 }, () => resolve()).push(null, 0);
    });
    expect(seen).toEqual([1]);
  });
});
