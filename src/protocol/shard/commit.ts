import { invariant } from '../invariant.js';
import type { LogEntry, Operation } from '../log-entry.js';
import { reachedByQuorum } from '../quorum.js';
import type { Answer } from '../request.js';
import { mayAct } from './acting.js';
import { acknowledgeableSeq, applyReleased, emit, joinLog } from './disk.js';
import { endSeq, entryAt, entryBytes, epochAt } from './log-tail.js';
import type { PrimaryRole, Step, Waiter } from './state.js';

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

/** Whether W sites, this one included, are there, joined, and keeping up. */
export function hasQuorum(step: Step, role: PrimaryRole): boolean {
  const { s, now } = step;
  const { quietMs } = s.config.timing;
  let count = 1;
  for (const [site, replica] of role.replicas) {
    if (s.peers.get(site)?.connected !== true || replica.joining) continue;
    if (now.monoMs - replica.heardMs > quietMs) continue;
    const stalled = replica.matchSeq < s.commitSeq && now.monoMs - replica.progressMs > 2 * quietMs;
    if (!stalled) count += 1;
  }
  return count >= s.config.writeQuorum;
}

/** † Counts acknowledgements only for entries of its own epoch; earlier ones commit beneath them. */
export function advanceCommit(step: Step, role: PrimaryRole): void {
  const { s } = step;
  const own = acknowledgeableSeq(step);
  const matches = [own];
  for (const replica of role.replicas.values())
    if (!replica.joining) matches.push(replica.matchSeq);
  const seq = Math.min(own, reachedByQuorum(matches, s.config.writeQuorum));
  if (seq >= role.noopSeq && seq > s.commitSeq) {
    invariant(s.hard.promisedEpoch === role.epoch, 'I4', () => 'commits in an epoch not its own');
    s.commitSeq = seq;
    s.provenSeq = Math.max(s.provenSeq, seq);
  }
  release(step, role);
}

/**
 * Answers, shows and lets be granted what has committed. † Nothing before every earlier primary has
 * certainly stopped acting.
 */
export function release(step: Step, role: PrimaryRole): void {
  const { s, now } = step;
  if (s.commitSeq < role.noopSeq || now.monoMs < role.serveFromMs) return;
  if (s.releasedSeq < s.commitSeq) role.commitNoticeDue = true;
  for (let seq = s.releasedSeq + 1; seq <= s.commitSeq; seq += 1) {
    const entry = entryAt(s.log, seq);
    if (entry !== undefined && entry.epoch === role.epoch) {
      role.unreleasedBytes -= entryBytes(entry);
    }
    s.releasedSeq = seq;
    const waiters = role.waiters.get(seq);
    if (waiters === undefined) continue;
    role.waiters.delete(seq);
    for (const waiter of waiters) answerWaiter(step, role, waiter);
  }
  if (role.phase === 'confirming') {
    role.phase = 'serving';
    const waitedMs = now.monoMs - role.crownedMs;
    emit(step, { kind: 'serving', epoch: role.epoch, waitedMs });
  }
  const due = role.endWaiters.filter((waiter) => waiter.seq <= s.releasedSeq);
  if (due.length > 0) {
    role.endWaiters = role.endWaiters.filter((waiter) => waiter.seq > s.releasedSeq);
    for (const { ticket } of due) answerEnd(step, role, ticket);
  }
  applyReleased(step);
}

function answerWaiter(step: Step, role: PrimaryRole, waiter: Waiter): void {
  // † A rejection is a read: the claim is checked last, after what it was judged against is there.
  if (waiter.isRead && !mayAct(step, role)) {
    answer(step, waiter.ticket, { outcome: 'rejected', reason: 'no_primary', current: null });
  } else {
    answer(step, waiter.ticket, waiter.answer);
  }
}

export function answerEnd(step: Step, role: PrimaryRole, ticket: number): void {
  const { s } = step;
  if (!mayAct(step, role)) {
    answer(step, ticket, { outcome: 'retry', reason: 'no_primary' });
  } else {
    answer(step, ticket, {
      outcome: 'end',
      end: { epoch: epochAt(s.log, s.releasedSeq) ?? 0, seq: s.releasedSeq },
    });
  }
}
