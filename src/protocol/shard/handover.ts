import { voidActing } from './acting.js';
import { acknowledgeableSeq, emit, send } from './disk.js';
import { revokeClients } from './client-leases.js';
import { endLeasehold } from './leasehold.js';
import { leasesOutUntilMs, sendRecall } from './lending.js';
import { endSeq } from './log-tail.js';
import type { HandoverRequest, Withdraw, Withdrawn } from './messages.js';
import { hasQuorum } from './commit.js';
import { latestOf, type Roster } from './membership.js';
import { NEARLY_EQUAL_ENTRIES } from './replica-progress.js';
import { syncReplicas } from './replica-set.js';
import { homeOf, type PrimaryRole, type ShardState, type Step, type Withdrawal } from './state.js';
import { stepDown } from './step-down.js';

/*
 * A change of hand that nobody has to wait out: the acting primary finishes what is in flight, says
 * to every replica that it does not act any more, and releases its claim.
 */

/** How long a primary waits for its withdrawal to be acknowledged. Without, a successor waits. */
const WITHDRAWAL_PATIENCE_MS = 250;

export function onStop(step: Step): void {
  const { s } = step;
  s.stopping = true;
  s.nextStandingMs = step.now.monoMs;
  endLeasehold(step);
  if (s.role.kind === 'candidate') stepDown(step, 'handed-over');
  if (s.role.kind === 'primary') withdraw(step, s.role, furthestReplica(s, s.role));
}

/** A site that leaves hands over what it is primary of; who learns is sent the log. */
export function onRoster(step: Step, roster: Roster): void {
  const { s } = step;
  s.roster = roster;
  s.nextStandingMs = step.now.monoMs;
  const { role } = s;
  if (role.kind === 'primary') syncReplicas(step, role);
  if (!isLeaving(s)) return;
  if (role.kind === 'candidate') stepDown(step, 'handed-over');
  if (role.kind === 'primary') leave(step, role);
}

/** Again at each tick: a withdrawal that takes too long is given up. */
function leave(step: Step, role: PrimaryRole): void {
  if (role.phase !== 'serving') return;
  const successor = furthestReplica(step.s, role);
  if (successor !== '') withdraw(step, role, successor);
}

export function isLeaving(s: ShardState): boolean {
  return s.roster.leaving.includes(s.config.site);
}

function furthestReplica(s: ShardState, role: PrimaryRole): string {
  let best = '';
  let bestSeq = -1;
  for (const site of latestOf(s.membership).sites) {
    const replica = role.replicas.get(site);
    if (replica === undefined || replica.joining || s.peers.get(site)?.connected !== true) continue;
    if (replica.matchSeq <= bestSeq) continue;
    best = site;
    bestSeq = replica.matchSeq;
  }
  return best;
}

function withdraw(step: Step, role: PrimaryRole, successor: string): void {
  if (role.withdrawal !== null) return;
  role.withdrawal = {
    successor,
    recalled: new Set(),
    closedMs: null,
    sentMs: null,
    acknowledged: new Set(),
  };
  emit(step, { kind: 'handing-over', epoch: role.epoch, to: successor });
  role.recalls = true;
  revokeClients(step, null);
  sendRecall(step, role);
  handoverTick(step);
}

export function onHandoverRequest(step: Step, from: string, message: HandoverRequest): void {
  const { s } = step;
  const { role } = s;
  if (role.kind !== 'primary' || role.phase !== 'serving' || role.epoch !== message.epoch) return;
  if (from !== homeOf(s) || s.peers.get(from)?.connected !== true) return;
  const replica = role.replicas.get(from);
  if (replica === undefined || replica.joining) return;
  if (replica.matchSeq + NEARLY_EQUAL_ENTRIES < endSeq(s.log) || !hasQuorum(step, role)) return;
  withdraw(step, role, from);
}

export function onWithdraw(step: Step, from: string, message: Withdraw): void {
  if (!voidActing(step, message)) return;
  if (message.successor === step.s.config.site) step.s.claim.heirOfEpoch = message.epoch;
  send(step, from, { kind: 'withdrawn', epoch: message.epoch, run: message.run });
}

export function onWithdrawn(step: Step, from: string, message: Withdrawn): void {
  const { s } = step;
  if (s.role.kind !== 'primary' || s.role.epoch !== message.epoch) return;
  if (message.run !== s.config.run || s.role.withdrawal === null) return;
  s.role.withdrawal.acknowledged.add(from);
  handoverTick(step);
}

export function handoverDeadline(s: ShardState): number {
  const { role, config, caughtUpSinceMs } = s;
  const { heartbeatMs, handoverLimitMs, homecomingMs } = config.timing;
  if (role.kind === 'primary' && role.withdrawal !== null) {
    const { closedMs, sentMs } = role.withdrawal;
    if (sentMs !== null) return sentMs + WITHDRAWAL_PATIENCE_MS;
    return closedMs === null ? leasesOutUntilMs(s, role) : closedMs + handoverLimitMs;
  }
  if (role.kind !== 'replica' || config.site !== homeOf(s)) return Number.POSITIVE_INFINITY;
  if (caughtUpSinceMs === null) return s.clock.monoMs + 2 * heartbeatMs;
  return Math.max(caughtUpSinceMs + homecomingMs, s.clock.monoMs + heartbeatMs);
}

export function handoverTick(step: Step): void {
  const { role } = step.s;
  if (role.kind === 'primary' && role.withdrawal !== null) withdrawalTick(step, role);
  else if (role.kind === 'primary' && isLeaving(step.s)) leave(step, role);
  else if (role.kind === 'replica') homecomingTick(step);
}

function withdrawalTick(step: Step, role: PrimaryRole): void {
  const { s, now } = step;
  const { withdrawal } = role;
  if (withdrawal === null) return;
  if (withdrawal.closedMs === null) {
    // † No site that is asked for a promise says that the way is free while a lease still runs.
    // Until the last is back writes go on: the pause is no longer than what is in flight.
    if (leasesOutUntilMs(s, role) > 0) return;
    withdrawal.closedMs = now.monoMs;
  }
  if (role.phase === 'serving') role.phase = 'withdrawing';
  if (withdrawal.sentMs === null) {
    const drained = s.releasedSeq >= endSeq(s.log) && s.releasedSeq >= role.noopSeq;
    if (!drained && now.monoMs - withdrawal.closedMs < s.config.timing.handoverLimitMs) return;
    if (!drained && !s.stopping) {
      // Too slow to be planned: go on as before.
      role.withdrawal = null;
      if (role.phase === 'withdrawing') role.phase = 'serving';
      return;
    }
    sendWithdrawal(step, role, withdrawal);
  }
  // A successor that knows, with this site's own answer, is all it takes: nothing is left to wait
  // for. Where nobody is chosen, anybody may come.
  const { successor, acknowledged } = withdrawal;
  const waiting = [...s.peers].some(([site, peer]) => {
    const matters = successor === '' || site === successor;
    return matters && peer.connected && !acknowledged.has(site);
  });
  const sentMs = withdrawal.sentMs ?? now.monoMs;
  if (waiting && now.monoMs - sentMs < WITHDRAWAL_PATIENCE_MS) return;
  stepDown(step, 'handed-over', withdrawal.successor);
  s.claim.nextRenewMs = now.monoMs;
}

/** From now on this site does not act in its epoch. */
function sendWithdrawal(step: Step, role: PrimaryRole, withdrawal: Withdrawal): void {
  const { s, now } = step;
  const { epoch } = role;
  const { run } = s.config;
  const { successor } = withdrawal;
  withdrawal.sentMs = now.monoMs;
  voidActing(step, { epoch, run });
  for (const [site, peer] of s.peers) {
    if (!peer.connected) continue;
    send(step, site, { kind: 'withdraw', epoch, run, successor });
  }
}

/** At the home site: asks for the shard back once it has been caught up for a while. */
function homecomingTick(step: Step): void {
  const { s, now } = step;
  if (s.config.site !== homeOf(s) || s.stopping || isLeaving(s)) return;
  const { leader } = s;
  const caughtUp =
    leader !== null &&
    leader.site !== s.config.site &&
    // While it steps back in the succession it could not take what it is given.
    now.monoMs >= s.claim.stepBackUntilMs &&
    s.durable.joined &&
    s.snapshot === null &&
    now.monoMs - leader.heardMs < s.config.timing.quietMs &&
    acknowledgeableSeq(step) + NEARLY_EQUAL_ENTRIES >= leader.commitSeq;
  if (!caughtUp) {
    s.caughtUpSinceMs = null;
    return;
  }
  s.caughtUpSinceMs ??= now.monoMs;
  if (now.monoMs - s.caughtUpSinceMs < s.config.timing.homecomingMs) return;
  send(step, leader.site, { kind: 'handover-request', epoch: leader.reign.epoch });
}
