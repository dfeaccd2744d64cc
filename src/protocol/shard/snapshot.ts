import type { Configuration, Position } from '../log-entry.js';
import type { OwnershipRecord, RequestRecord } from '../ports.js';
import { emit, writeDisk } from './disk.js';
import type { ShardInput } from './inputs.js';
import { suspendLeasehold } from './leasehold.js';
import { endSeq, epochAt, slice, startAfter } from './log-tail.js';
import { createMembership, noteConfigure } from './membership.js';
import type { SnapshotOffer, SnapshotWanted } from './messages.js';
import { createOwnership, recount } from './ownership.js';
import { admitReign, promisedReign, sameReign } from './reign.js';
import { sendMismatch } from './replica.js';
import { createRequestTable, noteRequest } from './request-table.js';
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
  if (s.applyingSeq !== s.viewSeq) return; // the view is still at work: the next offer will do
  s.snapshot = { phase: 'installing', from };
  suspendLeasehold(step);
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

/**
 * The view is the snapshot, durably. A log that agrees with it keeps what follows: this replica may
 * have acknowledged it. One that does not starts anew behind it.
 */
export function onSnapshotInstalled(
  step: Step,
  input: Extract<ShardInput, { kind: 'snapshot-installed' }>,
): void {
  const { s } = step;
  if (s.snapshot?.phase !== 'installing') return;
  const { position } = input;
  const { log } = s;
  if (position.seq < log.before.seq) {
    // Older than where this log begins: what lies between would be missing. Asked for again.
    s.snapshot = null;
    return;
  }
  const agrees = position.seq <= endSeq(log) && epochAt(log, position.seq) === position.epoch;
  if (agrees) startAfter(log, position);
  else replaceLog(step, position);
  for (const seq of s.missing.keys()) if (seq <= position.seq) s.missing.delete(seq);
  s.commitSeq = Math.max(s.commitSeq, position.seq);
  s.releasedSeq = Math.max(s.releasedSeq, position.seq);
  s.provenSeq = Math.max(s.provenSeq, position.seq);
  s.applyingSeq = position.seq;
  s.viewSeq = position.seq;
  takeLookups(step, input.requests, input.ownership);
  takeConfiguration(step, input.configuration);
  const { settled } = s.membership;
  s.hard = {
    ...s.hard,
    installing: false,
    ...(settled.version > 0 && { configuration: settled }),
  };
  if (agrees) {
    s.snapshot = null;
    writeDisk(step, { hardState: s.hard });
    emit(step, { kind: 'snapshot-installed', seq: position.seq });
  } else {
    s.snapshot = { phase: 'resetting', from: s.snapshot.from };
    resetDisk(step, position);
  }
}

function resetDisk(step: Step, base: Position): void {
  const { s, now } = step;
  const id = s.disk.nextId++;
  s.disk.inFlight.push({
    id,
    askedMs: now.monoMs,
    endSeq: base.seq,
    promised: promisedReign(step),
    joined: s.hard.joined,
    configured: s.hard.configuration?.version ?? null,
    answerTo: null,
    snapshot: true,
  });
  step.out.push({ kind: 'reset-log', id, base, hardState: s.hard });
}

function replaceLog(step: Step, base: Position): void {
  const { s } = step;
  step.out.push({ kind: 'drop-content', fromSeq: 0 });
  Object.assign(s.log, { base, before: base, entries: [], bytes: 0, marks: [] });
  s.log.writes.clear();
  s.missing.clear();
  for (const pending of s.disk.inFlight) pending.endSeq = 0;
  s.durable.syncedSeq = 0;
  s.commitSeq = base.seq;
  s.releasedSeq = base.seq;
  s.provenSeq = base.seq;
}

/** Request ids and moved rules as of the snapshot, and those of the log that follows it. */
function takeLookups(
  step: Step,
  requests: readonly RequestRecord[],
  ownership: readonly OwnershipRecord[],
): void {
  const { s } = step;
  const tail = slice(s.log, s.viewSeq + 1, endSeq(s.log));
  const table = createRequestTable(requests);
  for (const entry of tail) noteRequest(table, entry, s.config.limits.requestEntries);
  s.requests.records.clear();
  for (const [id, record] of table.records) s.requests.records.set(id, record);
  s.requests.order = table.order;
  const fresh = createOwnership(s.ownership.shard, s.ownership.initial, ownership);
  s.ownership.settled.clear();
  for (const [key, record] of fresh.settled) s.ownership.settled.set(key, record);
  recount(s.ownership, tail);
}

function takeConfiguration(step: Step, configuration: Configuration | null): void {
  const { s } = step;
  const fresh = createMembership(s.membership.settled, configuration);
  for (const entry of slice(s.log, s.viewSeq + 1, endSeq(s.log))) noteConfigure(fresh, entry);
  Object.assign(s.membership, fresh);
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
