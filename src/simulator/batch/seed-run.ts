import type { Operation } from '../history.js';
import type { Finding } from '../judges/finding.js';
import { secondOpinion } from '../judges/second-opinion.js';
import { type OptionSettings, drawOptions } from '../options.js';
import { type RunPlan, type RunResult, planRun, runPlan } from '../world/run.js';

export type SeedSettings = OptionSettings;

/** One seed, run and judged, without the run itself: small enough to send to another process. */
export interface SeedReport {
  readonly seed: number;
  readonly findings: readonly Finding[];
  /** How often each thing happened, faults included. */
  readonly counts: Readonly<Record<string, number>>;
  readonly operations: number;
  readonly simulatedMs: number;
  /** CPU time of the first run and its judges; the second run is not counted. */
  readonly cpuMs: number;
  readonly hash: string;
  readonly isCheckedTwice: boolean;
  readonly isUndecided: boolean;
}

const TOLD_FINDINGS = 3;

export function planOfSeed(seed: number, settings: SeedSettings): RunPlan {
  return planRun(drawOptions(seed, settings));
}

/** Runs a seed, judges it twice over, and, if asked to, runs it again to see that it is the same. */
export function runSeed(seed: number, settings: SeedSettings, checkTwice: boolean): SeedReport {
  const before = process.cpuUsage();
  const plan = planOfSeed(seed, settings);
  const result = runPlan(plan);
  const search = secondOpinion(result.history.operations);
  const findings = [...result.findings];
  if (search.verdict === 'not_linearizable') findings.push(search.finding);
  const { user, system } = process.cpuUsage(before);
  if (checkTwice) findings.push(...compare(result, runPlan(plan)));
  return {
    seed,
    findings: findings.slice(0, TOLD_FINDINGS),
    counts: countsOf(result),
    operations: result.history.operations.length,
    simulatedMs: result.simulatedMs,
    cpuMs: (user + system) / 1000,
    hash: result.hash,
    isCheckedTwice: checkTwice,
    isUndecided: search.verdict === 'undecided',
  };
}

function compare(first: RunResult, second: RunResult): Finding[] {
  if (first.hash === second.hash && first.events === second.events) return [];
  const message =
    `the same seed ran differently the second time: hash ${first.hash} after ${first.events} ` +
    `events, then ${second.hash} after ${second.events}`;
  return [{ invariant: 'replay', message, operations: [] }];
}

function countsOf(result: RunResult): Record<string, number> {
  const { world, history } = result;
  const { operations: _, ...exercised } = result.exercised;
  const disks = [...world.sites.values()].flatMap((site) => [...site.stores.values()]);
  const sum = (of: (counts: (typeof disks)[number]['disk']['counts']) => number): number =>
    disks.reduce((total, { disk }) => total + of(disk.counts), 0);
  const { network, coordinator } = world;
  return {
    ...exercised,
    readsOverlappingWrites: overlappingReads(history.operations),
    unknownOutcomes: history.operations.filter(({ outcome }) => outcome === 'unknown').length,
    messagesSent: network.counts.sent,
    messagesLost: network.counts.lost,
    messagesDuplicated: network.counts.duplicated,
    messagesReordered: network.counts.reordered,
    sessionsBroken: network.counts.sessionsBroken,
    partitions: network.counts.partitions,
    clogs: network.counts.clogs,
    syncErrors: sum(({ failedSyncs }) => failedSyncs),
    fullDisks: sum(({ fullWrites }) => fullWrites),
    tornWrites: sum(({ writesTorn }) => writesTorn),
    lostWrites: sum(({ writesLost }) => writesLost),
    rottenEntries: sum(({ rotted }) => rotted),
    wipedDisks: sum(({ wipes }) => wipes),
    coordinatorUnknowns: coordinator.counts.unknowns,
    coordinatorConflicts: coordinator.counts.conflicts,
  };
}

/** Strong reads during which a write of the same file was under way. */
export function overlappingReads(operations: readonly Operation[]): number {
  const writes = new Map<string, { readonly startMs: number; readonly endMs: number }[]>();
  for (const { kind, name, startMs, endMs } of operations) {
    if (kind !== 'write' && kind !== 'delete') continue;
    const known = writes.get(name);
    const write = { startMs, endMs: endMs ?? Infinity };
    if (known === undefined) writes.set(name, [write]);
    else known.push(write);
  }
  let count = 0;
  for (const { kind, name, startMs, endMs, mode, outcome } of operations) {
    if (kind !== 'read' || mode === 'local' || outcome !== 'ok') continue;
    const overlaps = writes
      .get(name)
      ?.some((write) => write.startMs < (endMs ?? Infinity) && write.endMs > startMs);
    if (overlaps === true) count += 1;
  }
  return count;
}
