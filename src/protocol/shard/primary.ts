import { noteActing } from './acting.js';
import { hasQuorum, release } from './commit.js';
import { send, trimTo, writeDisk } from './disk.js';
import { repeatRevocations, revokeWritten } from './lending.js';
import { endSeq, seqBeyondBytes, slice } from './log-tail.js';
import { appendMessage, replicate } from './replication.js';
import type { PrimaryRole, ShardState, Step } from './state.js';
import { stepDown } from './step-down.js';

/** What was proposed in this turn goes to this disk and to every replica, in parallel. */
export function flush(step: Step): void {
  const { s } = step;
  const { role } = s;
  if (role.kind !== 'primary' || s.disk.failure !== null) return;
  const entries = slice(s.log, role.flushedSeq + 1, endSeq(s.log));
  if (entries.length > 0) {
    role.flushedSeq = endSeq(s.log);
    writeDisk(step, { entries });
    revokeWritten(step, role, entries);
    for (const site of role.replicas.keys()) replicate(step, role, site);
  }
  if (!role.commitNoticeDue) return;
  role.commitNoticeDue = false;
  if (entries.length > 0 || s.releasedSeq < endSeq(s.log)) return; // a later message will say it
  for (const [site, replica] of role.replicas) {
    if (s.peers.get(site)?.connected !== true) continue;
    send(step, site, appendMessage(step, role, replica, [], null));
  }
}

export function primaryDeadline(s: ShardState): number {
  const { role } = s;
  if (role.kind !== 'primary') return Number.POSITIVE_INFINITY;
  let due = role.nextBeatMs;
  if (s.commitSeq >= role.noopSeq && s.releasedSeq < s.commitSeq) {
    due = Math.min(due, Math.max(role.serveFromMs, role.held.size > 0 ? role.heldUntilMs : 0));
  }
  return due;
}

export function primaryTick(step: Step): void {
  const { s, now } = step;
  const { role } = s;
  if (role.kind !== 'primary') return;
  release(step, role);
  if (now.monoMs < role.nextBeatMs) return;
  role.nextBeatMs = now.monoMs + s.config.timing.heartbeatMs;
  if (hasQuorum(step, role)) role.lowSinceMs = null;
  else role.lowSinceMs ??= now.monoMs;
  const { claimMs } = s.config.timing;
  if (role.lowSinceMs !== null && now.monoMs - role.lowSinceMs > claimMs) {
    stepDown(step, 'quorum-lost');
    return;
  }
  if (role.withdrawal !== null && role.withdrawal.sentMs !== null) return;
  trimLog(step, role);
  const { actMs } = s.config.timing;
  noteActing(step, role.epoch, actMs);
  const beat = { sentMs: s.clock.holderMs, actMs };
  for (const [site, replica] of role.replicas) {
    if (s.peers.get(site)?.connected !== true) continue;
    send(step, site, appendMessage(step, role, replica, [], beat));
    if (replica.snapshotSeq !== null) {
      const { epoch } = role;
      const missingSeq = replica.snapshotSeq;
      send(step, site, { kind: 'snapshot-offer', epoch, run: s.config.run, missingSeq });
    }
    replicate(step, role, site);
    repeatRevocations(step, role, site);
  }
}

/** The log is kept for feeds, and for the replica that is furthest behind up to a limit. */
function trimLog(step: Step, role: PrimaryRole): void {
  const { s } = step;
  let seq = s.viewSeq - s.config.limits.feedEntries;
  for (const replica of role.replicas.values()) seq = Math.min(seq, replica.matchSeq);
  const { retainEntries, retainBytes } = s.config.limits;
  const beyond = Math.min(seqBeyondBytes(s.log, retainBytes), s.viewSeq);
  seq = Math.max(seq, s.viewSeq - retainEntries, beyond);
  trimTo(step, seq);
}
