import { onClaimSeen, onClaimSwapped, claimDeadline, claimTick } from './claim.js';
import {
  acknowledgeableEnd,
  acknowledgeableSeq,
  applyReleased,
  emit,
  onApplied,
  send,
  writeDisk,
} from './disk.js';
import type { ShardEffect } from './effects.js';
import {
  handoverDeadline,
  handoverTick,
  isLeaving,
  onHandoverRequest,
  onRoster,
  onStop,
  onWithdraw,
  onWithdrawn,
} from './handover.js';
import { clientsDeadline, clientsTick } from './client-leases.js';
import { onClientDone, onClientGone, onClientLeft } from './client-sessions.js';
import {
  acceptGrant,
  leaseholdDeadline,
  leaseholdTick,
  onGrant,
  onLeaseReply,
  onRecall,
  onRevoke,
  suspendLeasehold,
} from './leasehold.js';
import { onLeaseRequest, onRecalled, onRevoked } from './lease-answers.js';
import type { StorageFailure } from '../ports.js';
import type { Now, ShardInput } from './inputs.js';
import { entryAt } from './log-tail.js';
import type { ShardMessage } from './messages.js';
import { advanceCommit } from './commit.js';
import { flush, primaryDeadline, primaryTick } from './primary.js';
import { ask, askEnd, propose } from './judge.js';
import {
  candidateDeadline,
  candidateTick,
  answerPromise,
  onFetch,
  onFetched,
  onFetchRead,
  onPrepare,
  onPromised,
} from './recovery.js';
import { onAppend, payOwed } from './replica.js';
import { onAppended, onMismatch, onReplicaRead, positionAt, replicate } from './replication.js';
import {
  onSnapshotFailed,
  onSnapshotInstalled,
  onSnapshotOffer,
  onSnapshotReset,
  onSnapshotWanted,
} from './snapshot.js';
import { activeOf } from './membership.js';
import { isMember } from './voices.js';
import { newPeer, type ShardState, type Step } from './state.js';
import { stepDown } from './step-down.js';

/**
 * The whole protocol of one shard at one site: takes an input at a moment, changes the state, and
 * returns what the world has to do. It names no clock, disk or network; the same state and the
 * same inputs always give the same effects.
 */
export function step(s: ShardState, input: ShardInput, now: Now): ShardEffect[] {
  const out: ShardEffect[] = [];
  const here: Step = { s, now, out };
  advanceClock(here);
  if (!s.resumed) resume(here);
  dispatch(here, input);
  const { role } = s;
  // What it waited for may have been released just now.
  if (role.kind === 'primary' && role.withdrawal?.sentMs === null) handoverTick(here);
  return out;
}

/** When `tick` is due next, on the monotonic clock; Infinity if nothing waits for time. */
export function nextDeadline(s: ShardState): number {
  if (s.disk.failure !== null) return Number.POSITIVE_INFINITY;
  return Math.min(
    s.nextStandingMs,
    claimDeadline(s),
    primaryDeadline(s),
    candidateDeadline(s),
    handoverDeadline(s),
    leaseholdDeadline(s),
    clientsDeadline(s),
  );
}

/** † A holder counts the larger of the two clocks' advances: one stands still while asleep. */
export function advanceClock(here: Step): void {
  const { s, now } = here;
  const advance = Math.max(now.monoMs - s.clock.monoMs, now.wallMs - s.clock.wallMs, 0);
  s.clock = { monoMs: now.monoMs, wallMs: now.wallMs, holderMs: s.clock.holderMs + advance };
  const held = s.leasehold.lease;
  if (advance < s.config.timing.leaseMs || held === null || held.endMs < 0) return;
  // † This process stood still, or a clock jumped: nothing is served before it was asked for anew.
  suspendLeasehold(here);
  emit(here, { kind: 'paused', forMs: advance });
}

function resume(here: Step): void {
  const { s, out } = here;
  s.resumed = true;
  for (const seq of s.missing.keys()) {
    const entry = entryAt(s.log, seq);
    if (entry?.operation.kind === 'put' && entry.operation.content.kind === 'chunked') {
      const { content } = entry.operation;
      out.push({ kind: 'ensure-content', epoch: entry.epoch, seq, content, source: '' });
    }
  }
}

function dispatch(here: Step, input: ShardInput): void {
  const { s } = here;
  switch (input.kind) {
    case 'tick':
      return tick(here);
    case 'flush':
      return flush(here);
    case 'message':
      receive(here, input.from, input.message);
      return finishJoining(here); // the target may be told when all of it is here already
    case 'peer':
      return onPeer(here, input.site, input.connected);
    case 'written':
      return onWritten(here, input.id, input.failure);
    case 'log-read':
      return s.fetches.has(input.id)
        ? onFetchRead(here, input.id, input.result)
        : onReplicaRead(here, input.id, input.result);
    case 'applied':
      return onApplied(here, input.seq);
    case 'content-ready':
      if (s.missing.get(input.seq) !== input.epoch) return;
      s.missing.delete(input.seq);
      return afterDurable(here);
    case 'propose':
      return propose(here, input);
    case 'ask':
      return ask(here, input);
    case 'granted':
      return acceptGrant(here, input.name, input.version, input.terms, input.viewed);
    case 'client-done':
      return onClientDone(here, input.session, input.name, input.serial);
    case 'client-left':
      return onClientLeft(here, input.session, input.name, input.serial);
    case 'client-gone':
      return onClientGone(here, input.session, input.certain);
    case 'ask-end':
      return askEnd(here, input);
    case 'claim-seen':
      return onClaimSeen(here, input.claim);
    case 'claim-swapped':
      return onClaimSwapped(here, input.token, input.result);
    case 'snapshot-installed':
      return onSnapshotInstalled(here, input);
    case 'snapshot-failed':
      return onSnapshotFailed(here);
    case 'roster':
      return onRoster(here, input.roster);
    case 'stop':
      return onStop(here);
  }
}

function receive(here: Step, from: string, message: ShardMessage): void {
  if (here.s.disk.failure !== null) return; // a failed disk is final: nothing is said any more
  switch (message.kind) {
    case 'append':
      return onAppend(here, from, message);
    case 'appended':
      return onAppended(here, from, message);
    case 'mismatch':
      return onMismatch(here, from, message);
    case 'refused':
      here.s.highestEpoch = Math.max(here.s.highestEpoch, message.promised.epoch);
      if (here.s.role.kind === 'replica' || here.s.role.epoch !== message.epoch) return;
      if (message.run !== here.s.config.run) return;
      return stepDown(here, 'superseded');
    case 'prepare':
      return onPrepare(here, from, message);
    case 'promised':
      return onPromised(here, from, message);
    case 'fetch':
      return onFetch(here, from, message);
    case 'fetched':
      return onFetched(here, from, message);
    case 'lease-request':
      return onLeaseRequest(here, from, message);
    case 'lease':
      return onLeaseReply(here, message);
    case 'grant':
      return onGrant(here, message);
    case 'revoke':
      return onRevoke(here, from, message);
    case 'revoked':
      return onRevoked(here, from, message);
    case 'recall':
      return onRecall(here, from, message);
    case 'recalled':
      return onRecalled(here, from, message);
    case 'withdraw':
      return onWithdraw(here, from, message);
    case 'withdrawn':
      return onWithdrawn(here, from, message);
    case 'handover-request':
      return onHandoverRequest(here, from, message);
    case 'snapshot-offer':
      return onSnapshotOffer(here, from, message);
    case 'snapshot-wanted':
      return onSnapshotWanted(here, from, message);
    case 'standing': {
      const peer = here.s.peers.get(from);
      if (peer !== undefined) Object.assign(peer, { end: message.end, eligible: message.eligible });
      return;
    }
  }
}

function tick(here: Step): void {
  const { s, now } = here;
  if (s.disk.failure !== null) return;
  if (now.monoMs >= s.nextStandingMs) {
    s.nextStandingMs = now.monoMs + 2 * s.config.timing.heartbeatMs;
    sendStanding(here);
  }
  claimTick(here);
  primaryTick(here);
  candidateTick(here);
  handoverTick(here);
  leaseholdTick(here);
  clientsTick(here);
}

function sendStanding(here: Step): void {
  const { s } = here;
  if (s.role.kind === 'primary') return;
  const end = acknowledgeableEnd(here);
  const mayLead = !s.stopping && !isLeaving(s) && isMember(s);
  const eligible = s.durable.joined && s.snapshot === null && mayLead;
  for (const [site, peer] of s.peers) {
    if (peer.connected) send(here, site, { kind: 'standing', end, eligible });
  }
}

function onPeer(here: Step, site: string, connected: boolean): void {
  const { s } = here;
  const peer = s.peers.get(site) ?? newPeer();
  s.peers.set(site, peer);
  peer.connected = connected;
  if (!connected) {
    peer.eligible = false;
    return;
  }
  s.nextStandingMs = here.now.monoMs;
  if (s.role.kind === 'primary') {
    // Whatever was under way on the old session may be lost: start from what is known to be there.
    // Before its first answer nothing is: the next heartbeat asks where it stands.
    const replica = s.role.replicas.get(site);
    if (replica !== undefined && replica.matchSeq > 0) {
      replica.previous = positionAt(here, replica.matchSeq);
      replica.sentBytes = 0;
    }
    s.role.nextBeatMs = here.now.monoMs;
    replicate(here, s.role, site);
  } else if (s.role.kind === 'candidate') {
    s.role.nextSendMs = here.now.monoMs;
  }
}

function onWritten(here: Step, id: number, failure: StorageFailure | null): void {
  const { s } = here;
  if (s.disk.failure !== null) return;
  if (failure !== null) {
    // † A failed sync is final: what it covered may or may not be on disk, for ever.
    s.disk.failure = failure;
    emit(here, { kind: 'storage-failed', message: failure.message });
    stepDown(here, 'storage-failed');
    return;
  }
  const pending = s.disk.inFlight.shift();
  if (pending === undefined || pending.id !== id) throw new Error('disk effects end in order');
  if (pending.snapshot) onSnapshotReset(here);
  s.durable.syncedSeq = Math.max(s.durable.syncedSeq, pending.endSeq);
  if (pending.promised !== null) s.durable.promised = pending.promised;
  if (pending.joined !== null) s.durable.joined = pending.joined;
  if (pending.configured !== null) s.durable.configured = pending.configured;
  if (pending.answerTo !== null && pending.promised !== null) {
    answerPromise(here, pending.answerTo, pending.promised);
  }
  afterDurable(here);
}

/** Something that was awaited is on disk: acknowledge, commit, apply what now may be. */
function afterDurable(here: Step): void {
  const { s } = here;
  finishJoining(here);
  if (s.role.kind === 'primary') advanceCommit(here, s.role);
  else payOwed(here, true);
  applyReleased(here);
}

/** † A replica that lost its disk counts again once the target its primary noted is on disk. */
function finishJoining(here: Step): void {
  const { s } = here;
  const { joinTarget } = s;
  if (s.hard.joined || joinTarget === null || joinTarget.epoch !== s.hard.promisedEpoch) return;
  // † In another machine's place it has no say before it is certain that the other has none.
  const [certain] = activeOf(s);
  const { site, retired = 0 } = s.config;
  if (retired > 0 && (certain?.since[site] ?? 0) <= retired) return;
  const seq = Math.min(s.provenSeq, acknowledgeableSeq(here));
  if (seq < joinTarget.seq) return;
  emit(here, { kind: 'joined', seq });
  writeDisk(here, { hardState: { ...s.hard, joined: true } });
}
