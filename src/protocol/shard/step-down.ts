import { cutLog, emit } from './disk.js';
import { loseClients } from './client-leases.js';
import { answer } from './commit.js';
import type { StepDownReason } from './effects.js';
import { endSeq } from './log-tail.js';
import type { Step, Waiter } from './state.js';

/** Ends this site's role, whichever it is. What waited is told what is known of its fate. */
export function stepDown(step: Step, cause: StepDownReason, successor = ''): void {
  const { s, now } = step;
  const { role } = s;
  if (role.kind === 'replica') return;
  // The successor may come before its acknowledgement.
  const hasWithdrawn = role.kind === 'primary' && (role.withdrawal?.sentMs ?? null) !== null;
  const reason = cause === 'superseded' && hasWithdrawn ? 'handed-over' : cause;
  s.role = { kind: 'replica' };
  s.claim.abandonedEpoch = Math.max(s.claim.abandonedEpoch, role.epoch);
  if (reason !== 'storage-failed') s.claim.releaseDue = { epoch: role.epoch, successor };
  if (reason === 'quorum-lost' || reason === 'recovery-failed') {
    s.claim.stepBackUntilMs = now.monoMs + 2 * s.config.timing.claimMs;
  }
  s.leader = null;
  s.provenSeq = s.commitSeq;
  emit(step, { kind: 'stepped-down', epoch: role.epoch, reason });
  if (role.kind !== 'primary') return;
  loseClients(step);
  // What was never handed to the disk was never sent either: it did not happen.
  const unflushed = new Set<number>();
  for (let seq = role.flushedSeq + 1; seq <= endSeq(s.log); seq += 1) unflushed.add(seq);
  if (unflushed.size > 0) cutLog(step, role.flushedSeq + 1);
  for (const [seq, waiters] of role.waiters) {
    for (const waiter of waiters) answerLost(step, waiter, unflushed.has(seq));
  }
  for (const waiter of role.prefixWaiters) answerLost(step, waiter, false);
}

/** `dropped`: the entry that it waited for certainly never happens. */
function answerLost(step: Step, waiter: Waiter, dropped: boolean): void {
  const { ticket } = waiter;
  if (waiter.kind !== 'outcome') {
    answer(step, ticket, { outcome: 'retry', reason: 'no_primary' });
  } else if (waiter.isRead || dropped) {
    answer(step, ticket, { outcome: 'rejected', reason: 'no_primary', current: null });
  } else {
    answer(step, ticket, { outcome: 'unknown', reason: 'primary_lost' });
  }
}
