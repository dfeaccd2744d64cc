import type { History, Operation } from '../history.js';
import { judgeConvergence } from '../judges/convergence.js';
import { judgeDurability } from '../judges/durability.js';
import { judgeExactlyOnce } from '../judges/exactly-once.js';
import type { Finding } from '../judges/finding.js';
import { judgeKnownOrder } from '../judges/known-order.js';
import { judgeListings } from '../judges/listings.js';
import { judgeMonotonicReads } from '../judges/monotonic-reads.js';
import { judgeOneHistory } from '../judges/one-history.js';
import { judgeVisibility } from '../judges/visibility.js';
import type { RunOptions } from '../options.js';
import { Random } from '../random.js';
import { inflict } from './inflict.js';
import type { Fault } from './fault.js';
import { planFaults } from './plan-faults.js';
import { MOVER_CLIENTS, type PlannedOperation, planOperations } from './plan.js';
import { copyOf } from './recorder.js';
import { SimClient } from './sim-client.js';
import type { Tracer } from './tracer.js';
import type { RunCounts } from './run-counts.js';
import { World } from './world.js';

export interface RunPlan {
  readonly options: RunOptions;
  readonly faults: readonly Fault[];
  readonly operations: readonly PlannedOperation[];
}

export interface RunResult {
  readonly findings: readonly Finding[];
  readonly history: History;
  readonly counts: RunCounts;
  readonly exercised: Readonly<Record<string, number>>;
  readonly simulatedMs: number;
  readonly events: number;
  /** The same for the same plan, always. */
  readonly hash: string;
  readonly world: World;
}

export function planRun(options: RunOptions): RunPlan {
  const random = new Random(options.seed).fork('plan');
  return {
    options,
    faults: planFaults(options, random.fork('faults')),
    operations: planOperations(options, random.fork('operations')),
  };
}

/**
 * One run: a phase in which anything may go wrong, then one in which a majority is healed. A tracer
 * is told of everything and changes nothing.
 */
export function runPlan(plan: RunPlan, tracer: Tracer | null = null): RunResult {
  const { options } = plan;
  const world = new World(options, tracer);
  const operations: Operation[] = [];
  const clients = makeClients(world, plan, operations);
  for (const site of world.sites.values()) site.start();
  for (const fault of plan.faults) {
    world.queue.at(fault.atMs, () => {
      tracer?.fault(world.queue.nowMs, fault);
      inflict(world, fault);
    });
  }
  for (const client of clients) client.start();
  const stop = (): boolean => world.findings.length + world.recorder.findings.length > 0;
  runOn(world, stop, options.safetyMs);
  for (const client of clients) client.finish();
  if (!stop()) heal(world, clients, stop);
  const findings = [...world.findings, ...world.recorder.findings];
  const entries = world.recorder.committedEntries();
  const history: History = { operations, entries };
  if (findings.length === 0) findings.push(...judge(world, history));
  return {
    findings,
    history,
    counts: world.counts,
    exercised: { ...world.counts, ...world.exercise.counts, operations: operations.length },
    simulatedMs: world.queue.nowMs,
    events: world.queue.ran,
    hash: world.trace.value(),
    world,
  };
}

/** Something thrown outside of a site is a finding too. */
function runOn(world: World, isDone: () => boolean, untilMs: number): boolean {
  try {
    return world.queue.runUntilDone(() => {
      world.judgeReleases();
      return isDone();
    }, untilMs);
  } catch (error) {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    world.findings.push({ invariant: 'simulator', message, operations: [] });
    return true;
  }
}

function makeClients(world: World, plan: RunPlan, operations: Operation[]): SimClient[] {
  let lastId = 0;
  const nextId = (): number => {
    lastId += 1;
    return lastId;
  };
  const clients: SimClient[] = [];
  const count = plan.options.clients + MOVER_CLIENTS;
  for (let index = 0; index < count; index += 1) {
    const id = `c${index + 1}`;
    const planned = plan.operations.filter(({ client }) => client === index);
    const random = world.random.fork(`client/${id}`);
    clients.push(
      new SimClient(id, world, planned, (operation) => operations.push(operation), nextId, random),
    );
  }
  return clients;
}

/**
 * Heals a random majority; the rest stays dead. Then everything pending has to end, and the healed
 * replicas have to become equal, within a bound (I20).
 */
function heal(world: World, clients: readonly SimClient[], stop: () => boolean): void {
  const { options, queue } = world;
  const random = world.random.fork('healing');
  world.operator.isTidy = true;
  const { note, members } = world.operator;
  const leaving = note.change?.kind === 'remove' ? [note.change.site] : [];
  const all = random.shuffled([...new Set([...members, ...leaving])]);
  // A site that has not recovered from the loss of its disk is one loss, and so is one that comes or
  // goes; another is too many.
  const needsAll = random.chance(0.5) || world.isRefilling() || note.change !== null;
  const alive = all.slice(0, needsAll ? all.length : note.writeQuorum);
  world.calm();
  for (const [id, site] of world.sites) {
    if (!alive.includes(id)) site.condemn();
    else site.start();
  }
  const isQuiet = (): boolean =>
    stop() || (clients.every((c) => c.isDone) && isConverged(world, alive));
  const untilMs = queue.nowMs + options.livenessMs;
  if (runOn(world, isQuiet, untilMs)) return;
  const waiting = clients.filter((client) => !client.isDone).map((client) => client.id);
  world.findings.push({
    invariant: 'I20',
    message:
      `${options.livenessMs} ms after ${alive.join(', ')} were healed ` +
      (waiting.length > 0
        ? `${waiting.join(', ')} still wait`
        : `they differ: ${standing(world, alive)}, ${JSON.stringify(world.operator.note)}`),
    operations: [],
  });
}

function standing(world: World, alive: readonly string[]): string {
  const parts: string[] = [];
  for (const shard of world.shards.keys()) {
    for (const id of alive) {
      const state = world.sites.get(id)?.node?.drives.get(shard)?.state;
      const role = state?.role.kind ?? 'down';
      parts.push(`${shard}@${id} ${role} ${state?.viewSeq ?? '-'}/${state?.commitSeq ?? '-'}`);
    }
  }
  return parts.join(', ');
}

/** Every shard has a serving primary, and all views stand where its log ends. */
function isConverged(world: World, healed: readonly string[]): boolean {
  const { note } = world.operator;
  if (note.change !== null) return false;
  const alive = healed.filter((id) => note.sites.includes(id));
  for (const shard of world.shards.keys()) {
    let served = false;
    const seqs = new Set<number>();
    for (const id of alive) {
      const drive = world.sites.get(id)?.node?.drives.get(shard);
      if (drive === undefined || !drive.isReadable) return false;
      const { role, viewSeq, log } = drive.state;
      seqs.add(viewSeq);
      if (role.kind === 'primary' && role.phase === 'serving') served = true;
      if (viewSeq !== log.before.seq + log.entries.length) return false;
    }
    if (!served || seqs.size !== 1) return false;
  }
  const [first] = alive;
  const node = first === undefined ? null : world.sites.get(first)?.node;
  const newestVersion = (name: string): number =>
    Math.max(0, ...[...(node?.drives.values() ?? [])].map((d) => d.view.head(name)?.version ?? 0));
  return world.caches.every((cache) => cache.isFed(newestVersion));
}

function judge(world: World, history: History): Finding[] {
  const { operations } = history;
  const entries = history.entries ?? [];
  const { sites, writeQuorum } = world.operator.note;
  const alive = [...world.sites.values()].filter(({ isUp, id }) => isUp && sites.includes(id));
  const copies = alive.map((site) =>
    copyOf(
      site.id,
      [...site.stores.values()].map(({ view }) => view),
      (content) => site.content.has(content),
    ),
  );
  return [
    ...judgeKnownOrder(history),
    ...judgeDurability(operations, copies, writeQuorum),
    ...judgeOneHistory(operations, copies),
    ...judgeConvergence(copies),
    ...judgeExactlyOnce(operations, entries),
    ...judgeMonotonicReads(operations),
    ...judgeVisibility(operations, entries),
    ...judgeListings(operations, entries),
  ];
}
