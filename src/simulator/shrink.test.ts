import { expect, it } from 'vitest';
import { drawOptions, printOptions } from './options.js';
import { type ShrinkableRun, shrink } from './shrink.js';

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
type Run = ShrinkableRun<number, number, { readonly sites: number }>;

it('shrinks a run to the few things it fails by', () => {
  const run: Run = { faults: numbers(200), operations: numbers(500), options: { sites: 5 } };
  const fails = ({ faults, operations, options }: Run): boolean =>
    faults.includes(17) && faults.includes(150) && operations.includes(321) && options.sites >= 3;
  const simplerOptions = ({ sites }: Run['options']) => (sites > 1 ? [{ sites: sites - 1 }] : []);
  const shrunk = shrink(run, fails, { runs: 2_000, simplerOptions });
  expect(shrunk.run).toEqual({ faults: [17, 150], operations: [321], options: { sites: 3 } });
  expect(shrunk.isMinimal).toBe(true);
  expect(shrunk.runs).toBeLessThan(300);
});

it('stops at its budget with the smallest failing run so far', () => {
  const run: Run = { faults: numbers(100), operations: [], options: { sites: 3 } };
  const shrunk = shrink(run, ({ faults }) => faults.includes(7) && faults.includes(90), {
    runs: 9,
  });
  expect(shrunk.runs).toBe(9);
  expect(shrunk.isMinimal).toBe(false);
  expect(shrunk.run.faults).toEqual(expect.arrayContaining([7, 90]));
});

it('draws the same options for a seed, and zeroes what is not asked for', () => {
  expect(drawOptions(5)).toEqual(drawOptions(5));
  expect(drawOptions(5)).not.toEqual(drawOptions(6));
  for (let seed = 0; seed < 20; seed += 1) {
    const { network, disk, process, coordinator } = drawOptions(seed, { only: ['network'] });
    expect(network).toEqual(drawOptions(seed).network);
    expect([disk.syncErrorChance, disk.rotEveryMs, disk.tornWrites]).toEqual([0, 0, false]);
    expect([process.crashEveryMs, coordinator.lostAnswerChance]).toEqual([0, 0]);
  }
  const isPresent = numbers(400).filter((seed) => drawOptions(seed).network.lossChance > 0);
  expect(isPresent.length / 400).toBeCloseTo(0.5, 0);
  expect(printOptions(drawOptions(5))).toContain('network.lossChance = ');
});
