import { type CommittedEntry, type Operation, operationsByFile } from '../../simulator/history.js';
import { judgeConvergence } from '../../simulator/judges/convergence.js';
import { judgeDurability } from '../../simulator/judges/durability.js';
import type { Finding, SiteCopy } from '../../simulator/judges/finding.js';
import { judgeHistory, searchEachFile } from '../../simulator/judges/history-verdict.js';
import { judgeOneHistory } from '../../simulator/judges/one-history.js';
import { chainOf } from './closing/commit-chain.js';
import { FAULT_GROUPS, type FaultKind, groupOf, GROUPS } from './fault.js';

/** Steps of the second opinion for each file. */
const STEPS_PER_FILE = 100_000;
const WRITE_QUORUM = 2;

export interface Judged {
  readonly findings: readonly Finding[];
  readonly entries: readonly CommittedEntry[];
  readonly filesSearched: number;
  readonly filesUndecided: number;
  /** Calls that were under way while another client's write of the same file was. */
  readonly overlaps: number;
  /** Changes of primary that show in the chain. */
  readonly epochs: number;
}

/** Everything that clients saw and sites kept, before the judges of the simulator. */
export function judgeRun(operations: readonly Operation[], copies: readonly SiteCopy[]): Judged {
  const [first] = copies;
  const chain = first === undefined ? { entries: [], findings: [] } : chainOf(first, operations);
  const { entries } = chain;
  const search = searchEachFile(operations, STEPS_PER_FILE);
  const findings = [
    ...chain.findings,
    ...judgeHistory({ operations, entries }),
    ...judgeDurability(operations, copies, WRITE_QUORUM),
    ...judgeOneHistory(operations, copies),
    ...judgeConvergence(copies),
    ...search.findings,
  ];
  return {
    findings,
    entries,
    filesSearched: search.decided,
    filesUndecided: search.undecided.length,
    overlaps: countOverlaps(operations),
    epochs: new Set(entries.map(({ name, epoch }) => `${shardOf(name)} ${epoch}`)).size,
  };
}

/** By the names that these clients use: `bucket/<home>/…`. */
function shardOf(name: string): string {
  return name.split('/', 2)[1] ?? '';
}

/** In one sweep over each file's calls: a call overlaps where a write of another began before its end. */
export function countOverlaps(operations: readonly Operation[]): number {
  let overlaps = 0;
  for (const file of operationsByFile(operations).values()) {
    const sorted = file.sort((a, b) => a.startMs - b.startMs);
    let open: Operation[] = [];
    for (const each of sorted) {
      open = open.filter(({ endMs }) => (endMs ?? Infinity) > each.startMs);
      const isWrite = each.kind !== 'read';
      if (
        open.some((other) => other.client !== each.client && (isWrite || other.kind !== 'read'))
      ) {
        overlaps += 1;
      }
      open.push(each);
    }
  }
  return overlaps;
}

/** Where a run has proved little: it did too little of this. */
export interface Shortfall {
  readonly count: string;
  readonly needed: number;
  readonly found: number;
}

/** The least that a minute has to exercise, about a fifth of what it does on a calm machine. */
const MINIMUMS_PER_MINUTE: Readonly<Record<string, number>> = {
  operations: 400,
  committed: 100,
  overlaps: 60,
  'native reads': 40,
  'native writes': 30,
  'sdk reads': 40,
  'sdk writes': 30,
  's3 reads': 40,
  's3 writes': 30,
  'reads by memory': 3,
  'reads by lease': 4,
  'changes told': 100,
};

/** A shorter run is too short to be judged by what it did. */
const LEAST_MS = 30_000;
/**
 * The part of what was planned of each group that has to have been played, and of each kind that was
 * planned often: some are left out, because their site was away, or another disk was not whole yet.
 */
const PLAYED_PART = 1 / 3;
const OFTEN = 6;

/** What a run did too little of. A clean verdict over less says nothing. */
export function shortfalls(
  durationMs: number,
  counts: Readonly<Record<string, number>>,
  planned: Readonly<Partial<Record<FaultKind, number>>>,
  played: Readonly<Partial<Record<FaultKind, number>>>,
): Shortfall[] {
  if (durationMs < LEAST_MS) return [];
  const found: Shortfall[] = [];
  const need = (count: string, needed: number, have: number): void => {
    if (have < needed) found.push({ count, needed, found: have });
  };
  for (const [count, perMinute] of Object.entries(MINIMUMS_PER_MINUTE)) {
    need(count, Math.floor((perMinute * durationMs) / 60_000), counts[count] ?? 0);
  }
  const kinds = Object.entries(planned) as [FaultKind, number][];
  for (const [kind, count] of kinds) {
    if (count >= OFTEN) need(kind, Math.floor(count * PLAYED_PART), played[kind] ?? 0);
  }
  for (const group of GROUPS) {
    const sum = (of: Readonly<Partial<Record<FaultKind, number>>>): number =>
      FAULT_GROUPS[group].reduce((all, kind) => all + (of[kind] ?? 0), 0);
    need(`${group} faults`, Math.floor(sum(planned) * PLAYED_PART), sum(played));
  }
  const takesAway = kinds
    .filter(([kind]) => groupOf(kind) === 'process')
    .reduce((all, [, count]) => all + count, 0);
  // A site that is away for longer than its claim loses its shard.
  need('failovers', Math.floor(takesAway / 6), counts.failovers ?? 0);
  if (takesAway > 0) need('unknown', 1, counts.unknown ?? 0);
  return found;
}
