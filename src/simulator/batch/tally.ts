import type { SeedReport } from './seed-run.js';

/** Where a batch has proved little: it did too little of this, per 100 seeds. */
export interface Shortfall {
  readonly count: string;
  readonly needed: number;
  readonly found: number;
}

/**
 * The least that 100 seeds of the default mix have to exercise, about a third of what they usually
 * do. A clean verdict over less than this says nothing.
 */
export const MINIMUMS_PER_100_SEEDS: Readonly<Record<string, number>> = {
  failovers: 400,
  handOvers: 80,
  adoptions: 70,
  cuts: 20,
  crashes: 250,
  storageFailures: 5,
  lostDisks: 8,
  joins: 20,
  snapshots: 1,
  deduplicated: 800,
  readsOverlappingWrites: 900,
  staleReplicasAsked: 30,
  readsUnderLease: 250,
  listingsUnderLease: 40,
  writesHeld: 150,
  readsFromMemory: 100,
  entriesInvalidated: 400,
  changesTold: 2_000,
  leasesWaitedOut: 50,
  tableChanges: 50,
  partitions: 400,
  pauses: 80,
  ambushes: 100,
};

/** A smaller batch is too small to be judged by what it exercised. */
export const LEAST_BATCH_SEEDS = 100;

/** A batch of seeds, added up. */
export class Tally {
  seeds = 0;
  operations = 0;
  simulatedMs = 0;
  cpuMs = 0;
  twice = 0;
  undecided = 0;
  readonly counts: Record<string, number> = {};
  readonly failures: SeedReport[] = [];

  add(report: SeedReport): void {
    this.seeds += 1;
    this.operations += report.operations;
    this.simulatedMs += report.simulatedMs;
    this.cpuMs += report.cpuMs;
    if (report.isCheckedTwice) this.twice += 1;
    if (report.isUndecided) this.undecided += 1;
    for (const [name, count] of Object.entries(report.counts)) {
      this.counts[name] = (this.counts[name] ?? 0) + count;
    }
    if (report.findings.length > 0) this.failures.push(report);
  }

  /** How much faster than real time one core is, judges included. */
  get ratio(): number {
    return this.simulatedMs / Math.max(1, this.cpuMs);
  }

  /** What the batch did too little of; empty for a batch too small to tell. */
  shortfalls(): Shortfall[] {
    if (this.seeds < LEAST_BATCH_SEEDS) return [];
    const found: Shortfall[] = [];
    for (const [count, per100] of Object.entries(MINIMUMS_PER_100_SEEDS)) {
      const needed = Math.floor((per100 * this.seeds) / 100);
      const have = this.counts[count] ?? 0;
      if (have < needed) found.push({ count, needed, found: have });
    }
    return found;
  }
}
