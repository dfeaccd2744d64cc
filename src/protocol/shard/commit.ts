import { invariant } from '../invariant.js';
import { fileVersionOf, type LogEntry, type Operation } from '../log-entry.js';
import type { Answer } from '../request.js';
import { mayAct } from './acting.js';
import { acknowledgeableSeq, applyReleased, emit, joinLog } from './disk.js';
import { endSeq, entryAt, entryBytes, epochAt } from './log-tail.js';
import { reachOf } from '../lease/reach.js';
import { grantAgain, grantCatalogue, grantTo, heldUntilMs, passWrite } from './lending.js';
import { activeOf, reachedByAll } from './membership.js';
import { owns } from './ownership.js';
import { noteCommitted } from './replica-set.js';
import { voices } from './voices.js';
import { isReleased, newestReleased } from './released.js';
import type { HeldEntry, PrimaryRole, ReplicaProgress, Step, Waiter } from './state.js';

export function answer(step: Step, ticket: number, value: Answer): void {
  step.out.push({ kind: 'answer', ticket, answer: value });
}

/** Adds an entry at the log's end. It goes out with the next flush. */
export function addEntry(
  step: Step,
  role: PrimaryRole,
  requestId: string,
  operation: Operation,
): LogEntry {
  const { s, now } = step;
  const seq = endSeq(s.log) + 1;
  const entry = { epoch: role.epoch, seq, atMs: now.wallMs, requestId, operation };
  joinLog(step, entry, '');
  role.unreleasedBytes += entryBytes(entry);
  return entry;
}

/** Whether a write quorum, this site included, is there, joined, and keeping up. */
export function hasQuorum(step: Step, role: PrimaryRole): boolean {
  const { s } = step;
  const voiceOf = voices(s, role, 1, (replica, site) => (keepsUp(step, replica, site) ? 1 : 0));
  return reachedByAll(activeOf(s), voiceOf) === 1;
}

/** Whether the replica is there, was heard lately, and comes forward. */
export function keepsUp(step: Step, replica: ReplicaProgress, site: string): boolean {
  const { s, now } = step;
  const { quietMs } = s.config.timing;
  if (s.peers.get(site)?.connected !== true || now.monoMs - replica.heardMs > quietMs) return false;
  return replica.matchSeq >= s.commitSeq || now.monoMs - replica.progressMs <= 2 * quietMs;
}

/** † Counts acknowledgements only for entries of its own epoch; earlier ones commit beneath them. */
export function advanceCommit(step: Step, role: PrimaryRole): void {
  const { s } = step;
  const own = acknowledgeableSeq(step);
  const voiceOf = voices(s, role, own, (replica) => replica.matchSeq);
  for (;;) {
    const seq = Math.min(own, reachedByAll(activeOf(s), voiceOf));
    if (seq < role.noopSeq || seq <= s.commitSeq) break;
    invariant(s.hard.promisedEpoch === role.epoch, 'I4', () => 'commits in an epoch not its own');
    const before = s.commitSeq;
    s.commitSeq = seq;
    s.provenSeq = Math.max(s.provenSeq, seq);
    // Once a change of sites has committed, those of before have no say in what follows it.
    noteCommitted(step, role, before);
  }
  release(step, role);
}

/**
 * Answers, shows and lets be granted what has committed and what no cache can serve the old bytes
 * of any more. † Nothing before every earlier primary has certainly stopped acting; by then its
 * leases have run out too.
 */
export function release(step: Step, role: PrimaryRole): void {
  const { s, now } = step;
  if (s.role !== role || s.commitSeq < role.noopSeq || now.monoMs < role.serveFromMs) return;
  releaseHeld(step, role);
  while (role.examinedSeq < s.commitSeq) {
    role.examinedSeq += 1;
    const seq = role.examinedSeq;
    const entry = entryAt(s.log, seq);
    const reach = entry?.epoch === role.epoch ? reachOf(entry) : undefined;
    const held = reach === undefined ? undefined : { reach, sinceMs: now.monoMs };
    if (held !== undefined && isHeld(step, role, held)) role.held.set(seq, held);
    else releaseEntry(step, role, seq);
  }
  advanceReleased(step, role);
}

function isHeld(step: Step, role: PrimaryRole, held: HeldEntry): boolean {
  const { reach, sinceMs } = held;
  const untilMs = heldUntilMs(step, role, reach);
  if (untilMs > 0) {
    role.heldUntilMs = Math.min(role.heldUntilMs, untilMs);
    return true;
  }
  const lapsed = passWrite(step, role, reach);
  const waitedMs = step.now.monoMs - sinceMs;
  if (waitedMs > 0 || lapsed > 0)
    emit(step, { kind: 'write-passed', name: reach, waitedMs, lapsed });
  return false;
}

function releaseHeld(step: Step, role: PrimaryRole): void {
  role.heldUntilMs = Number.POSITIVE_INFINITY;
  for (const [seq, held] of role.held) {
    if (isHeld(step, role, held)) continue;
    role.held.delete(seq);
    releaseEntry(step, role, seq);
  }
}

function releaseEntry(step: Step, role: PrimaryRole, seq: number): void {
  const { s } = step;
  const entry = entryAt(s.log, seq);
  if (entry !== undefined && entry.epoch === role.epoch) {
    role.unreleasedBytes -= entryBytes(entry);
    grantAgain(step, role, entry);
  }
  const waiters = role.waiters.get(seq);
  if (waiters === undefined) return;
  role.waiters.delete(seq);
  // Emptied, since a map's left tables live long (see `TransientMap`).
  for (const waiter of waiters.splice(0)) settleWaiter(step, role, waiter, seq);
}

/** What readers and replicas are told: everything up to here is released. */
function advanceReleased(step: Step, role: PrimaryRole): void {
  const { s, now } = step;
  const [firstHeld] = role.held.keys();
  const upToSeq = firstHeld === undefined ? role.examinedSeq : firstHeld - 1;
  if (upToSeq > s.releasedSeq) {
    s.releasedSeq = upToSeq;
    role.commitNoticeDue = true;
  }
  // Its entry may be held before its first heartbeat is: whoever asked would be sent elsewhere.
  if (role.phase === 'confirming' && mayAct(step, role)) {
    role.phase = 'serving';
    const waitedMs = now.monoMs - role.crownedMs;
    emit(step, { kind: 'serving', epoch: role.epoch, waitedMs });
  }
  const due = role.prefixWaiters.filter((waiter) => waiter.seq <= s.releasedSeq);
  if (due.length > 0) {
    role.prefixWaiters = role.prefixWaiters.filter((waiter) => waiter.seq > s.releasedSeq);
    for (const waiter of due) settleWaiter(step, role, waiter, waiter.seq);
  }
  applyReleased(step);
}

function settleWaiter(step: Step, role: PrimaryRole, waiter: Waiter, seq: number): void {
  switch (waiter.kind) {
    case 'end':
      return answerEnd(step, role, waiter);
    case 'read':
      return answerRead(step, role, waiter, seq);
    case 'outcome':
      // † A rejection is a read: the claim is checked last, after what it was judged against.
      if (waiter.isRead && !mayAct(step, role)) {
        answer(step, waiter.ticket, { outcome: 'rejected', reason: 'no_primary', current: null });
      } else {
        answer(step, waiter.ticket, waiter.answer);
      }
  }
}

/** † The writes that a reader found pending are released; if others are by now, no grant. */
function answerRead(
  step: Step,
  role: PrimaryRole,
  waiter: Extract<Waiter, { kind: 'read' }>,
  seq: number,
): void {
  const { s } = step;
  const { ticket, name, asker } = waiter;
  if (!mayAct(step, role)) return answer(step, ticket, { outcome: 'retry', reason: 'no_primary' });
  if (!owns(s.ownership, name)) return answer(step, ticket, { outcome: 'retry', reason: 'moving' });
  const entry = newestReleased(s, role, name) ?? entryAt(s.log, seq);
  const head = entry === undefined ? undefined : fileVersionOf(entry);
  if (head === undefined) return answer(step, ticket, { outcome: 'retry', reason: 'moving' });
  const terms = grantTo(step, role, asker, name);
  answer(step, ticket, { outcome: 'head', head, epoch: role.epoch, terms });
}

function answerEnd(
  step: Step,
  role: PrimaryRole,
  { ticket, keep }: Extract<Waiter, { kind: 'end' }>,
): void {
  const { s } = step;
  if (!mayAct(step, role)) return answer(step, ticket, { outcome: 'retry', reason: 'no_primary' });
  const end = { epoch: epochAt(s.log, s.releasedSeq) ?? 0, seq: s.releasedSeq };
  const terms = keep === null ? null : grantCatalogue(step, role, keep);
  answer(step, ticket, { outcome: 'end', end, ...(terms !== null && { terms }) });
}

/** Settles it when the entry is released, or the whole log up to it; at once if that is so. */
export function waitFor(step: Step, role: PrimaryRole, waiter: Waiter, wait: Wait): void {
  const { s } = step;
  const { seq } = wait;
  const isDone = wait.prefix ? seq <= s.releasedSeq : isReleased(s, role, seq);
  if (isDone) return settleWaiter(step, role, waiter, seq);
  if (wait.prefix) {
    role.prefixWaiters.push({ ...waiter, seq });
    return;
  }
  const waiters = role.waiters.get(seq);
  if (waiters === undefined) role.waiters.set(seq, [waiter]);
  else waiters.push(waiter);
}

/** `prefix`: not that entry alone, but everything up to it. */
export interface Wait {
  readonly seq: number;
  readonly prefix: boolean;
}
