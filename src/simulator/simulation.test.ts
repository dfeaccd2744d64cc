import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type SeedReport, type SeedSettings, runSeed } from './batch/seed-run.js';
import { Tally } from './batch/tally.js';

const SEEDS = 500;
const CHUNK = 50;
/** One seed in so many is run a second time, and has to be the same run. */
const TWICE_EVERY = 5;

interface CorpusSeed {
  readonly seed: number;
  readonly settings: SeedSettings;
  readonly found: string;
}

function seedsOfCorpus(): CorpusSeed[] {
  const text = readFileSync(new URL('../../corpus/seeds.txt', import.meta.url), 'utf8');
  return text
    .split('\n')
    .filter((line) => /^\d/.test(line))
    .map((line) => {
      const parts = /^(\d+)\s+\S+\s+(\{.*\})?\s*(.*)$/.exec(line);
      if (parts === null) throw new Error(`corpus: ${line}`);
      const [, seed = '', settings = '{}', found = ''] = parts;
      return { seed: Number(seed), settings: JSON.parse(settings) as SeedSettings, found };
    });
}

function told({ seed, findings }: SeedReport): string[] {
  return findings.map(({ invariant, message }) => `seed ${seed}: ${invariant}: ${message}`);
}

describe('the real protocol code in the simulated world', () => {
  const tally = new Tally();

  for (let from = 1; from <= SEEDS; from += CHUNK) {
    it(`keeps every promise in runs ${from} to ${from + CHUNK - 1}`, { timeout: 120_000 }, () => {
      for (let seed = from; seed < from + CHUNK; seed += 1) {
        const report = runSeed(seed, {}, seed % TWICE_EVERY === 0);
        tally.add(report);
        expect(told(report)).toEqual([]);
      }
    });
  }

  it('exercised enough for that to mean something', () => {
    expect(tally.seeds).toBe(SEEDS);
    expect(tally.shortfalls()).toEqual([]);
    console.log(`${SEEDS} seeds: ${Math.round(tally.ratio)} x real time per core`);
  });
});

describe('the corpus of seeds that once failed', () => {
  it.each(seedsOfCorpus())('runs clean: $seed, $found', ({ seed, settings }) => {
    expect(told(runSeed(seed, settings, true))).toEqual([]);
  });
});

it('runs five sites as well as three', () => {
  for (let seed = 1; seed <= 10; seed += 1) {
    expect(told(runSeed(seed, { sites: 5 }, false))).toEqual([]);
  }
});
