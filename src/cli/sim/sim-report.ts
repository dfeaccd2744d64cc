import type { ShrunkFailure } from '../../simulator/batch/failure.js';
import { planOfSeed } from '../../simulator/batch/seed-run.js';
import { LEAST_BATCH_SEEDS, type Tally } from '../../simulator/batch/tally.js';
import { countText, tableLines } from '../figures.js';
import type { BatchSettings } from './sim-settings.js';

export interface BatchResult {
  readonly batch: BatchSettings;
  readonly tally: Tally;
  readonly realMs: number;
  readonly problem: string;
  readonly shrunk: ShrunkFailure | null;
  readonly trace?: string;
}

/** What each count is called for people, in the groups in which it is shown. */
const FAULTS: Readonly<Record<string, string>> = {
  messagesLost: 'messages lost',
  messagesDuplicated: 'messages duplicated',
  messagesReordered: 'messages out of order',
  sessionsBroken: 'sessions broken',
  partitions: 'partitions',
  clogs: 'clogged links',
  crashes: 'crashes',
  plannedStops: 'planned stops',
  pauses: 'pauses and sleeps',
  lostWrites: 'writes lost in a crash',
  tornWrites: 'writes torn',
  syncErrors: 'failed syncs',
  fullDisks: 'disks full',
  rottenEntries: 'entries gone bad',
  wipedDisks: 'disks wiped',
  coordinatorUnknowns: 'coordinator answers lost',
  restores: 'coordinator restores',
  ambushes: 'faults at a chosen moment',
};

const EXERCISED: Readonly<Record<string, string>> = {
  failovers: 'new primaries',
  waitsForClaim: '… that waited out a predecessor',
  handOvers: 'hand-overs',
  stepDowns: 'primaries that stepped down',
  adoptions: 'logs adopted from a peer',
  cuts: 'uncommitted suffixes cut',
  storageFailures: 'storage failures',
  lostDisks: 'sites that lost their disk',
  lostViews: 'sites that lost their views alone',
  joins: 'replicas filled up again',
  snapshots: 'snapshots installed',
  deduplicated: 'retries deduplicated',
  unknownOutcomes: 'unknown outcomes',
  readsOverlappingWrites: 'reads overlapping writes',
  staleReplicasAsked: 'stale replicas asked',
  readsUnderLease: 'reads under a lease',
  listingsUnderLease: 'listings under a lease',
  readsFromMemory: "reads from a client's memory",
  entriesInvalidated: 'cache entries invalidated by push',
  changesTold: 'changes told to feeds',
  feedsTooOld: 'feeds that came back too late',
  sessionsCut: 'client sessions cut',
  writesHeld: 'writes that waited for caches',
  leasesWaitedOut: 'leases waited out',
  readsFetched: 'reads that fetched content',
  tableChanges: 'changes of the primary table',
  siteChangesDone: 'sites added, removed or replaced',
  coordinatorConflicts: 'lost races at the coordinator',
};

function section(title: string, names: Readonly<Record<string, string>>, tally: Tally): string[] {
  const rows = Object.entries(names).map(([count, label]) => [
    `  ${label}`,
    countText(tally.counts[count] ?? 0).padStart(12),
  ]);
  return [title, ...tableLines(rows), ''];
}

/** The summary that a person reads; `story` tells the failure, if there is one. */
export function batchText(result: BatchResult, story: string): string {
  const { batch, tally, realMs, problem, trace } = result;
  const hours = tally.simulatedMs / 3_600_000;
  const simulated = hours >= 1 ? `${hours.toFixed(1)} hours` : `${(hours * 60).toFixed(1)} minutes`;
  const lines = [
    `${countText(tally.seeds)} ${tally.seeds === 1 ? 'seed' : 'seeds'} from ${batch.from}, ` +
      `${simulated} simulated in ${(realMs / 1000).toFixed(1)} s: ` +
      `${countText(Math.round(tally.ratio))} x real time per core`,
    `${countText(tally.operations)} operations; ${countText(tally.twice)} run twice and ` +
      `compared; second opinion undecided on ${tally.undecided}`,
    '',
    ...section('What went wrong on purpose', FAULTS, tally),
    ...section('What was exercised', EXERCISED, tally),
  ];
  if (trace !== undefined) lines.push(`Trace: ${trace}`, '');
  for (const failure of tally.failures) {
    const [finding] = failure.findings;
    lines.push(`Seed ${failure.seed} FAILED: ${finding?.invariant}: ${finding?.message}`, '');
  }
  if (story !== '') lines.push(story, '', replay(result), '');
  lines.push(verdict(tally, problem));
  return lines.join('\n');
}

function replay({ batch, tally }: BatchResult): string {
  const { settings } = batch;
  const sites = settings.sites === undefined ? '' : ` --sites ${settings.sites}`;
  const only = settings.only === undefined ? '' : ` --only ${settings.only.join(',') || 'none'}`;
  return `Again: quorate sim --seed ${tally.failures[0]?.seed}${sites}${only} --trace run.jsonl`;
}

function verdict(tally: Tally, problem: string): string {
  if (tally.failures.length > 0) {
    const { length } = tally.failures;
    return `Verdict: ${length} ${length === 1 ? 'seed' : 'seeds'} FAILED.`;
  }
  if (problem !== '') return `Verdict: none, the batch did not end: ${problem}`;
  const short = tally
    .shortfalls()
    .map(({ count, needed, found }) => `${count} ${found} of at least ${needed}`);
  if (short.length > 0) return `Verdict: clean but EMPTY, too little of: ${short.join(', ')}`;
  const small = tally.seeds < LEAST_BATCH_SEEDS;
  return `Verdict: clean.${small ? ` (Minimums apply from ${LEAST_BATCH_SEEDS} seeds on.)` : ''}`;
}

/** The same for programs, in one line. */
export function batchJson(result: BatchResult): string {
  const { batch, tally, realMs, problem, shrunk } = result;
  const { seeds, operations, simulatedMs, cpuMs, ratio, twice, undecided, counts } = tally;
  const shortfalls = tally.shortfalls();
  const isClean = tally.failures.length + shortfalls.length === 0 && problem === '';
  return JSON.stringify({
    verdict: isClean ? 'clean' : 'failed',
    from: batch.from,
    seeds,
    operations,
    simulatedMs,
    cpuMs,
    realMs,
    ratio,
    runTwice: twice,
    undecided,
    counts,
    shortfalls,
    problem,
    failures: tally.failures.map(({ seed, findings }) => ({
      seed,
      findings,
      options: planOfSeed(seed, batch.settings).options,
    })),
    shrunk,
  });
}
