import type { Position } from '../log-entry.js';
import type { OwnershipRecord, RequestRecord } from '../ports.js';
import { emit, writeDisk } from './disk.js';
import type { ShardInput } from './inputs.js';
import { endSeq } from './log-tail.js';
import type { SnapshotOffer, SnapshotWanted } from './messages.js';
import { createOwnership } from './ownership.js';
import { admitReign, promisedReign, sameReign, sendMismatch } from './replica.js';
import { createRequestTable } from './request-table.js';
import type { Step } from './state.js';

/*
 * A replica whose missing entries are in nobody's log any more takes over the view itself. While it
 * does, it serves, lists and acknowledges nothing and cannot claim; it keeps its old log, and
 * answers recovery with it, until the snapshot is durable.
 */

export function onSnapshotOffer(step: Step, from: string, message: SnapshotOffer): void {
  const { s } = step;
  if (s.snapshot !== null || !admitReign(step, from, message)) return;
  if (!sameReign(message, promisedReign(step))) return; // an append comes first
  if (!s.hard.installing && s.commitSeq >= message.missingSeq) {
    sendMismatch(step, from, { ...promisedReign(step), previous: { epoch: 0, seq: s.commitSeq } });
    return;
  }
  s.snapshot = { phase: 'installing', from };
  emit(step, { kind: 'snapshot-started', from });
  if (!s.hard.installing) writeDisk(step, { hardState: { ...s.hard, installing: true } });
  step.out.push({ kind: 'install-snapshot', from });
}

/** At the primary: whatever its log still has, this replica needs the view. */
export function onSnapshotWanted(step: Step, from: string, message: SnapshotWanted): void {
  const { s } = step;
  if (s.role.kind !== 'primary' || s.role.epoch !== message.epoch) return;
  const replica = s.role.replicas.get(from);
  if (replica === undefined || replica.snapshotSeq !== null) return;
  replica.snapshotSeq = s.viewSeq;
  s.role.nextBeatMs = step.now.monoMs;
}

export function onSnapshotFailed(step: Step): void {
  const { s } = step;
  if (s.snapshot?.phase === 'installing') s.snapshot = null; // the next offer starts it again
}

/** The view is the snapshot, durably. Now the log may start anew behind it. */
export function onSnapshotInstalled(
  step: Step,
  input: Extract<ShardInput, { kind: 'snapshot-installed' }>,
): void {
  const { s, now } = step;
  if (s.snapshot?.phase !== 'installing') return;
  s.snapshot = { phase: 'resetting', from: s.snapshot.from };
  const { position } = input;
  rebase(step, position, input.requests, input.ownership);
  const id = s.disk.nextId++;
  s.hard = { ...s.hard, installing: false };
  s.disk.inFlight.push({
    id,
    askedMs: now.monoMs,
    endSeq: position.seq,
    promised: promisedReign(step),
    joined: s.hard.joined,
    answerTo: null,
    snapshot: true,
  });
  step.out.push({ kind: 'reset-log', id, base: position, hardState: s.hard });
}

function rebase(
  step: Step,
  base: Position,
  requests: readonly RequestRecord[],
  ownership: readonly OwnershipRecord[],
): void {
  const { s } = step;
  const { log } = s;
  step.out.push({ kind: 'drop-content', fromSeq: s.viewSeq + 1 });
  Object.assign(log, { base, before: base, entries: [], bytes: 0, marks: [] });
  log.writes.clear();
  s.missing.clear();
  for (const pending of s.disk.inFlight) pending.endSeq = 0;
  s.durable.syncedSeq = 0;
  s.commitSeq = base.seq;
  s.releasedSeq = base.seq;
  s.applyingSeq = base.seq;
  s.viewSeq = base.seq;
  s.provenSeq = base.seq;
  const table = createRequestTable(requests);
  s.requests.records.clear();
  for (const [id, record] of table.records) s.requests.records.set(id, record);
  s.requests.order = table.order;
  const fresh = createOwnership(s.ownership.shard, s.ownership.initial, ownership);
  s.ownership.settled.clear();
  for (const [key, record] of fresh.settled) s.ownership.settled.set(key, record);
  s.ownership.moved = fresh.moved;
  s.ownership.rules = fresh.rules;
}

/** The log starts behind the snapshot, on disk too: say so, and follow again. */
export function onSnapshotReset(step: Step): void {
  const { s } = step;
  emit(step, { kind: 'snapshot-installed', seq: endSeq(s.log) });
  const from = s.snapshot?.from;
  s.snapshot = null;
  if (from === undefined) return;
  sendMismatch(step, from, { ...promisedReign(step), previous: { epoch: 0, seq: endSeq(s.log) } });
}
