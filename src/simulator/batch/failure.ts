import type { Finding } from '../judges/finding.js';
import { type RunOptions, printOptions } from '../options.js';
import { shrink } from '../shrink.js';
import type { Fault } from '../world/fault.js';
import { type RunPlan, runPlan } from '../world/run.js';
import { type SeedSettings, planOfSeed } from './seed-run.js';

/** A failing seed, made small enough to be understood. */
export interface ShrunkFailure {
  readonly seed: number;
  readonly finding: Finding;
  readonly plan: RunPlan;
  readonly before: { readonly faults: number; readonly operations: number };
  readonly runs: number;
  /** False when the budget ended first. */
  readonly isMinimal: boolean;
}

export interface ShrinkLimits {
  readonly runs: number;
  readonly realMs: number;
}

export const DEFAULT_SHRINK: ShrinkLimits = { runs: 600, realMs: 60_000 };

/**
 * Leaves out faults, then operations, then what the options allow, as long as the same invariant
 * still fails. Null where the seed does not fail by itself, as when only a second run differed.
 */
export function shrinkSeed(
  seed: number,
  settings: SeedSettings,
  limits: ShrinkLimits = DEFAULT_SHRINK,
): ShrunkFailure | null {
  const plan = planOfSeed(seed, settings);
  const first = runPlan(plan).findings[0];
  if (first === undefined) return null;
  const endMs = performance.now() + limits.realMs;
  let finding = first;
  const fails = (smaller: RunPlan): boolean => {
    if (performance.now() > endMs) return false;
    const found = runPlan(smaller).findings.find(({ invariant }) => invariant === first.invariant);
    if (found !== undefined) finding = found;
    return found !== undefined;
  };
  const { run, runs, isMinimal } = shrink(plan, fails, { runs: limits.runs, simplerOptions });
  return {
    seed,
    finding,
    plan: run,
    before: { faults: plan.faults.length, operations: plan.operations.length },
    runs,
    isMinimal: isMinimal && performance.now() <= endMs,
  };
}

/** Fewer sites, then no chance of this or that. */
function simplerOptions(options: RunOptions): RunOptions[] {
  const { network, coordinator, disk, clock } = options;
  const simpler: RunOptions[] = [];
  if (options.sites > 3) simpler.push({ ...options, sites: 3 });
  const calm = { jitterMs: 0, lossChance: 0, duplicateChance: 0, stragglerChance: 0 };
  if (Object.entries(calm).some(([name, value]) => network[name as keyof typeof calm] !== value)) {
    simpler.push({ ...options, network: { ...network, ...calm } });
  }
  const sure = { lostRequestChance: 0, lostAnswerChance: 0, lateRequestChance: 0 };
  if (Object.keys(sure).some((name) => coordinator[name as keyof typeof sure] !== 0)) {
    simpler.push({ ...options, coordinator: { ...coordinator, ...sure } });
  }
  if (disk.syncErrorChance > 0 || disk.tornWrites) {
    simpler.push({ ...options, disk: { ...disk, syncErrorChance: 0, tornWrites: false } });
  }
  if (network.delivery !== 'ordered') {
    simpler.push({ ...options, network: { ...network, delivery: 'ordered' } });
  }
  if (clock.drift > 0) simpler.push({ ...options, clock: { ...clock, drift: 0 } });
  return simpler;
}

/** What a person is told: options, story, and what is left of the run. */
export function tellFailure(failure: ShrunkFailure): string {
  const { finding, plan, before, runs, isMinimal } = failure;
  const { faults, operations } = plan;
  const lines = [
    `What cannot be (${finding.invariant}):`,
    `  ${finding.message}`,
    '',
    `Shrunk in ${runs} runs from ${before.faults} faults and ${before.operations} operations to ` +
      `${faults.length} and ${operations.length}${isMinimal ? '' : ' (the budget ended first)'}:`,
    ...faults.map((fault) => `  ${tellFault(fault)}`),
    ...operations
      .slice(0, TOLD_OPERATIONS)
      .map(
        ({ client, thinkMs, kind, file }) =>
          `  c${client + 1} waits ${thinkMs.toFixed(1)} ms, then ${kind} b/f${file}`,
      ),
    ...(operations.length > TOLD_OPERATIONS
      ? [`  … and ${operations.length - TOLD_OPERATIONS} more operations`]
      : []),
    '',
    'Options:',
    ...printOptions(plan.options)
      .split('\n')
      .map((line) => `  ${line}`),
  ];
  return lines.join('\n');
}

const TOLD_OPERATIONS = 40;

function tellFault(fault: Fault): string {
  const { kind, atMs, ...rest } = fault;
  const details = Object.entries(rest).map(([name, value]) => {
    return `${name} ${typeof value === 'number' ? Math.round(value * 10) / 10 : String(value)}`;
  });
  return `at ${atMs.toFixed(1)} ms ${kind}${details.length > 0 ? `: ${details.join(', ')}` : ''}`;
}
