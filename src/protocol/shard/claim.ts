import { comparePositions } from '../log-entry.js';
import type { ClaimRecord, Revised, SwapResult } from '../ports.js';
import { acknowledgeableEnd } from './disk.js';
import { isLeaving } from './handover.js';
import { activeOf, countsIn, latestOf } from './membership.js';
import { becomeCandidate } from './recovery.js';
import { isMember } from './voices.js';
import type { ClaimAttempt, ShardState, Step } from './state.js';
import { stepDown } from './step-down.js';

/*
 * The claim at the coordinator decides who may try in which epoch, by compare-and-set on the whole
 * record; it is never trusted for how long. A successor measures on its own clock how long the
 * record has not changed.
 */

export function onClaimSeen(step: Step, claim: Revised<ClaimRecord>): void {
  const { s } = step;
  if (s.claim.known && claim.revision <= s.claim.seen.revision) return; // a late or repeated sight
  see(step, claim);
  const { value } = claim;
  if (value === null || value.run !== s.config.run || value.released) return;
  // An attempt of this run whose answer was lost did happen. The epoch is this run's, once.
  const isLost = s.claim.attempt === null && s.role.kind === 'replica';
  if (isLost && value.epoch > s.claim.abandonedEpoch) gain(step, step.now.monoMs, value.epoch);
}

/** † Any difference, and a first sight, starts the measurement anew. */
function see(step: Step, claim: Revised<ClaimRecord>): void {
  const { s, now } = step;
  s.claim.seen = claim;
  s.claim.known = true;
  s.claim.sinceMs = now.monoMs;
  const epoch = claim.value?.epoch ?? 0;
  s.highestEpoch = Math.max(s.highestEpoch, epoch);
  if (s.role.kind !== 'replica' && epoch > s.role.epoch) stepDown(step, 'superseded');
}

function gain(step: Step, sentMs: number, epoch: number): void {
  const { s } = step;
  s.claim.confirmedMs = sentMs;
  s.claim.nextRenewMs = step.now.monoMs + s.config.timing.claimMs / 3;
  becomeCandidate(step, epoch);
}

export function onClaimSwapped(step: Step, token: number, result: SwapResult<ClaimRecord>): void {
  const { s, now } = step;
  const { attempt } = s.claim;
  if (attempt === null || attempt.token !== token) return;
  s.claim.attempt = null;
  switch (result.outcome) {
    case 'swapped':
      s.claim.seen = { value: attempt.value, revision: result.revision };
      s.claim.sinceMs = now.monoMs;
      return onSwapped(step, attempt);
    case 'conflict':
      see(step, result.current);
      return onConflict(step, attempt, result.current.value);
    case 'unknown':
      s.claim.nextRenewMs = now.monoMs + s.config.timing.heartbeatMs;
      return;
  }
}

function onSwapped(step: Step, attempt: ClaimAttempt): void {
  const { s } = step;
  if (attempt.kind === 'claim') {
    if (s.stopping || s.role.kind !== 'replica') {
      s.claim.abandonedEpoch = attempt.value.epoch;
      s.claim.releaseDue = { epoch: attempt.value.epoch, successor: '' };
    } else {
      gain(step, attempt.sentMs, attempt.value.epoch);
    }
  } else if (attempt.kind === 'renew') {
    s.claim.confirmedMs = attempt.sentMs;
    // A release that came due meanwhile goes out at once: somebody waits for it.
    const isReleasing = s.claim.releaseDue !== null;
    s.claim.nextRenewMs = isReleasing
      ? step.now.monoMs
      : attempt.sentMs + s.config.timing.claimMs / 3;
  } else if (s.claim.releaseDue?.epoch === attempt.value.epoch) {
    s.claim.releaseDue = null;
  }
}

function onConflict(step: Step, attempt: ClaimAttempt, current: ClaimRecord | null): void {
  const { s } = step;
  const isMine = current?.run === s.config.run && current.epoch === attempt.value.epoch;
  if (isMine && !current.released) {
    // An earlier attempt happened after all; the next one goes out at the new revision.
    if (attempt.kind === 'claim' && s.role.kind === 'replica') {
      gain(step, attempt.sentMs, current.epoch);
    }
    s.claim.nextRenewMs = step.now.monoMs;
    return;
  }
  if (attempt.kind === 'renew') stepDown(step, 'superseded');
  if (s.claim.releaseDue?.epoch === attempt.value.epoch) s.claim.releaseDue = null;
}

/** How many live sites stand before this one: further on in the log, or as far and nearer home. */
function placeInSuccession(step: Step): number {
  const { s } = step;
  const own = acknowledgeableEnd(step);
  const { site } = s.config;
  const succession = latestOf(s.membership).sites;
  let place = 0;
  for (const [other, peer] of s.peers) {
    if (!peer.connected || !peer.eligible || !succession.includes(other)) continue;
    const order = comparePositions(peer.end, own);
    const nearer = succession.indexOf(other) < succession.indexOf(site);
    if (order > 0 || (order === 0 && nearer)) place += 1;
  }
  return place;
}

/** When this site may try to claim, as things stand; Infinity if it may not. */
function claimTimeMs(step: Step): number {
  const { s } = step;
  const { seen, sinceMs, known, attempt, releaseDue, stepBackUntilMs } = s.claim;
  if (!known || attempt !== null || releaseDue !== null) return Number.POSITIVE_INFINITY;
  if (!mayClaim(s)) return Number.POSITIVE_INFINITY;
  const { value } = seen;
  const isHeir = inherits(s);
  const free = value === null || value.released || isHeir;
  const otherChosen =
    free && !isHeir && (value?.successor ?? '') !== '' && value?.successor !== s.config.site;
  const isChosen = isHeir || (free && value?.successor === s.config.site);
  const { staggerMs } = s.config.timing;
  // In a new cluster nobody has told where it stands yet: the home site goes first.
  const order = latestOf(s.membership).sites;
  const least = value === null ? order.indexOf(s.config.site) : 0;
  const place = Math.max(placeInSuccession(step), least);
  const places = isChosen ? 0 : place + (otherChosen ? 4 : 0);
  return Math.max(sinceMs + (free ? 0 : value.claimMs) + places * staggerMs, stepBackUntilMs);
}

/**
 * Whose claim it is has told this site that it does not act any more and who comes next: the release
 * says nothing else, and would come a round trip later.
 */
function inherits({ claim }: ShardState): boolean {
  const { value } = claim.seen;
  return value !== null && !value.released && value.epoch === claim.heirOfEpoch;
}

function mayClaim(s: ShardState): boolean {
  if (s.role.kind !== 'replica' || s.stopping || s.disk.failure !== null) return false;
  if (!s.durable.joined || !s.hard.joined || s.snapshot !== null || s.hard.installing) return false;
  if (isLeaving(s) || !isMember(s)) return false;
  return canReachQuorum(s);
}

/** Whether so many are connected that a write could be held. */
export function canReachQuorum(s: ShardState): boolean {
  const active = activeOf(s);
  for (const configuration of active) {
    let missing = configuration.writeQuorum;
    for (const site of configuration.sites) {
      if (countsIn(active, configuration, site, incarnationSeen(s, site))) missing -= 1;
    }
    if (missing > 0) return false;
  }
  return true;
}

/** Of a peer that is connected the newest there can be; of one that is not, none. */
function incarnationSeen(s: ShardState, site: string): number {
  if (site === s.config.site) return s.config.incarnation;
  return s.peers.get(site)?.connected === true ? Infinity : -Infinity;
}

function swap(step: Step, kind: ClaimAttempt['kind'], value: ClaimRecord): void {
  const { s, now } = step;
  const token = s.nextToken++;
  s.claim.attempt = { token, kind, value, sentMs: now.monoMs };
  step.out.push({ kind: 'swap-claim', token, revision: s.claim.seen.revision, value });
}

export function claimDeadline(s: ShardState): number {
  const { claim, role, config } = s;
  if (claim.attempt !== null) return Number.POSITIVE_INFINITY;
  if (role.kind !== 'replica' || claim.releaseDue !== null) return claim.nextRenewMs;
  if (!claim.known || !mayClaim(s)) return Number.POSITIVE_INFINITY;
  const { value } = claim.seen;
  if (inherits(s) || (value?.released === true && value.successor === config.site)) {
    return Math.max(claim.sinceMs, claim.stepBackUntilMs);
  }
  // The place in the succession may change at any time: look again at each stagger.
  const first = claim.sinceMs + (value === null || value.released ? 0 : value.claimMs);
  const next = s.clock.monoMs + config.timing.staggerMs / 2;
  return Math.max(first, claim.stepBackUntilMs, next);
}

export function claimTick(step: Step): void {
  const { s, now } = step;
  const { claim, role, config } = s;
  if (claim.attempt !== null) return;
  if (claim.releaseDue !== null) return releaseTick(step);
  if (role.kind === 'replica') {
    if (now.monoMs < claimTimeMs(step)) return;
    const epoch = Math.max(claim.seen.value?.epoch ?? 0, s.highestEpoch, s.hard.promisedEpoch) + 1;
    claim.renewal += 1;
    return swap(step, 'claim', ownRecord(s, epoch, false, ''));
  }
  if (now.monoMs < claim.nextRenewMs) return;
  const { claimMs } = config.timing;
  // † A claim that ran out is never renewed.
  if (now.monoMs - claim.confirmedMs > claimMs) return stepDown(step, 'claim-lapsed');
  if (!isHealthy(step)) {
    claim.nextRenewMs = now.monoMs + config.timing.heartbeatMs;
    return;
  }
  claim.renewal += 1;
  swap(step, 'renew', ownRecord(s, role.epoch, false, ''));
}

/** Renews only while its own disk makes progress; without a quorum it steps down by itself. */
function isHealthy(step: Step): boolean {
  const { s, now } = step;
  const oldest = s.disk.inFlight[0];
  return oldest === undefined || now.monoMs - oldest.askedMs < s.config.timing.claimMs;
}

function releaseTick(step: Step): void {
  const { s, now } = step;
  const { claim } = s;
  if (claim.releaseDue === null || now.monoMs < claim.nextRenewMs) return;
  const { epoch, successor } = claim.releaseDue;
  const { value } = claim.seen;
  if (value === null || value.run !== s.config.run || value.epoch !== epoch || value.released) {
    claim.releaseDue = null; // somebody else's by now
    return;
  }
  claim.renewal += 1;
  swap(step, 'release', ownRecord(s, epoch, true, successor));
}

function ownRecord(
  s: ShardState,
  epoch: number,
  released: boolean,
  successor: string,
): ClaimRecord {
  const { shard, site, run, timing } = s.config;
  const { claimMs } = timing;
  return { shard, epoch, site, run, claimMs, renewal: s.claim.renewal, released, successor };
}
