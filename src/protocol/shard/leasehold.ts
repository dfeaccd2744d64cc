import { comparePositions, type LogEntry, nameOf, type Position } from '../log-entry.js';
import { granterEndMs, holderEndMs } from '../lease/duration.js';
import { catalogueOf, isCatalogue } from '../lease/catalogue.js';
import { blockedUntilMs, passLapsed } from '../lease/lender.js';
import { type Reach, reachOf } from '../lease/reach.js';
import { isLent, loseClients, revokeClients } from './client-leases.js';
import { emit, send } from './disk.js';
import { endSeq, entryAt, newestWrite } from './log-tail.js';
import type {
  Grant,
  GrantedVersion,
  GrantTerms,
  LeaseReply,
  Recall,
  Reign,
  Revoke,
  RevokedFile,
} from './messages.js';
import { admitReign, promisedReign, sameReign } from './reign.js';
import type { GrantHeld } from './lease-state.js';
import type { ShardState, Step } from './state.js';

/*
 * What a site may serve without asking: the files that the primary granted it, while its short lease
 * runs and both are of the same epoch and generation. The primary's own site needs none of this.
 */

const LEFT_LIMIT = 1024;

/**
 * † When leases that an earlier run of this site can have granted have all run out. Until then it
 * acknowledges no revocation and takes no short lease.
 */
function leasesReadyMs(s: ShardState): number {
  const { timing } = s.config;
  const { leaseMs, clientLeaseMs, actMs } = timing;
  const longestMs = Math.max(leaseMs, Math.min(clientLeaseMs, actMs));
  return s.config.starts === 1 ? 0 : granterEndMs(s.startedMs, longestMs, timing);
}

/** How much longer this site may serve under its short lease, on its holder clock; 0 if not at all. */
export function leaseLeftMs(step: Step): number {
  const { s } = step;
  const { lease } = s.leasehold;
  if (lease === null || s.role.kind !== 'replica' || s.snapshot !== null) return 0;
  if (!sameReign(lease.reign, promisedReign(step))) return 0;
  return Math.max(0, lease.endMs - s.clock.holderMs);
}

/** The grant under which the file may be served this very moment, if there is one. */
export function heldGrant(step: Step, name: string): GrantHeld | undefined {
  const { lease, grants } = step.s.leasehold;
  const grant = grants.get(name);
  if (grant === undefined || lease === null) return undefined;
  // † Of the same generation: a renewal does not bring back what a write has passed over.
  if (grant.generation !== lease.generation || !sameReign(grant, lease.reign)) return undefined;
  return leaseLeftMs(step) > 0 ? grant : undefined;
}

/** Everything that this site held ends; what its clients hold is suspect with it. */
export function dropLeasehold(step: Step): void {
  const { leasehold } = step.s;
  leasehold.lease = null;
  leasehold.grants.clear();
  leasehold.owing.clear();
  leasehold.recalledBy = null;
  leasehold.left = [];
  loseClients(step);
}

/**
 * Serves nothing until the lease is renewed, as after a pause. Clients stay registered: the primary
 * may ask this site for what they have.
 */
export function suspendLeasehold(step: Step): void {
  const { leasehold } = step.s;
  // Its generation is kept: were it forgotten, the next renewal would look like a new one, and
  // clients that still hold files under this one would be forgotten with it.
  if (leasehold.lease !== null) {
    leasehold.lease = { ...leasehold.lease, endMs: Number.NEGATIVE_INFINITY };
  }
  leasehold.grants.clear();
}

/** There is a reader: the short lease is asked for now and kept up for a while. */
export function wantLease(step: Step): void {
  const { s, now } = step;
  const { leasehold } = s;
  leasehold.wantedUntilMs = now.monoMs + s.config.timing.leaseKeepMs;
  if (leaseLeftMs(step) <= 0) requestLease(step);
}

export function leaseholdDeadline(s: ShardState): number {
  const { leasehold, clock, role } = s;
  if (role.kind !== 'replica' || s.leader === null) return Number.POSITIVE_INFINITY;
  let dueMs = Number.POSITIVE_INFINITY;
  if (leasehold.wantedUntilMs > clock.monoMs)
    dueMs = Math.max(leasehold.nextRequestMs, clock.monoMs);
  const { lender } = s.clients;
  for (const key of leasehold.owing.keys()) {
    const name = key === '' ? null : key;
    dueMs = Math.min(dueMs, blockedUntilMs(lender, name, clock.monoMs) || clock.monoMs);
  }
  if (leasehold.recalledBy === null) return dueMs;
  return Math.min(dueMs, blockedUntilMs(lender, null, clock.monoMs) || clock.monoMs);
}

export function leaseholdTick(step: Step): void {
  if (step.s.role.kind !== 'replica') return;
  if (step.s.leasehold.wantedUntilMs > step.now.monoMs) requestLease(step);
  settleOwing(step);
}

function requestLease(step: Step): void {
  const { s, now } = step;
  const { leasehold, leader } = s;
  if (s.role.kind !== 'replica' || leader === null || now.monoMs < leasehold.nextRequestMs) return;
  const { leaseMs, heartbeatMs } = s.config.timing;
  leasehold.nextRequestMs = now.monoMs + Math.min(leaseMs / 3, heartbeatMs);
  if (now.monoMs < leasesReadyMs(s) || s.snapshot !== null || s.hard.installing) return;
  if (leasehold.isEnding || leader.reign.epoch <= leasehold.recalledEpoch) return;
  const left = leasehold.left.splice(0, LEFT_LIMIT);
  const { holderMs: sentMs } = s.clock;
  const holder = s.config.run;
  send(step, leader.site, { kind: 'lease-request', ...leader.reign, holder, sentMs, left });
}

export function onLeaseReply(step: Step, message: LeaseReply): void {
  const { s } = step;
  const { leasehold } = s;
  if (message.holder !== s.config.run || !mayAccept(step, message)) return;
  // † Counted from the sending of the very request that this answers.
  const endMs = holderEndMs(message.sentMs, message.durationMs, s.config.timing);
  const { lease } = leasehold;
  const reign = { epoch: message.epoch, run: message.run };
  const isSame = lease !== null && sameReign(lease.reign, reign);
  if (isSame && message.generation < lease.generation) return; // a late one
  if (isSame && message.generation === lease.generation) {
    leasehold.lease = { ...lease, endMs: Math.max(lease.endMs, endMs) };
    return;
  }
  loseClients(step);
  leasehold.lease = { reign, generation: message.generation, endMs };
  for (const [name, grant] of leasehold.grants) {
    if (grant.generation < message.generation) leasehold.grants.delete(name);
  }
}

function mayAccept(step: Step, reign: Reign): boolean {
  const { s } = step;
  if (s.role.kind !== 'replica' || s.snapshot !== null || s.hard.installing) return false;
  if (!sameReign(reign, promisedReign(step))) return false;
  if (s.leasehold.isEnding) return false;
  return reign.epoch > s.leasehold.recalledEpoch && step.now.monoMs >= leasesReadyMs(s);
}

/**
 * † Keeps a grant unless something newer is known here: a later version in the log or the view, or
 * a revocation that was answered before the grant came.
 */
export function acceptGrant(
  step: Step,
  name: string,
  version: GrantedVersion,
  terms: GrantTerms,
  viewed: Position | null,
): void {
  const { s } = step;
  const { leasehold } = s;
  if (!mayAccept(step, terms)) return;
  if (comparePositions({ epoch: terms.epoch, seq: terms.position }, leasehold.revoked) < 0) return;
  const at = version ?? { epoch: 0, seq: 0 };
  if (viewed !== null && comparePositions(viewed, at) > 0) return;
  if (knowsNewer(s, name, at)) return;
  if (leasehold.lease !== null && leasehold.lease.generation > terms.generation) return;
  if (!leasehold.grants.has(name)) makeRoom(step);
  const { epoch, run, generation, position } = terms;
  leasehold.grants.set(name, { epoch, run, generation, position, version, used: false });
}

/** Whether the log has a later write of the file, or of any file of the bucket. */
function knowsNewer(s: ShardState, name: string, at: Position): boolean {
  if (!isCatalogue(name)) {
    const known = newestWrite(s.log, name, endSeq(s.log));
    return known !== undefined && comparePositions(known, at) > 0;
  }
  for (let seq = endSeq(s.log); seq > at.seq; seq -= 1) {
    const entry = entryAt(s.log, seq);
    if (entry === undefined) return true; // no longer in memory: who knows
    if (nameOf(entry)?.startsWith(name) === true && comparePositions(entry, at) > 0) return true;
  }
  return false;
}

export function onGrant(step: Step, message: Grant): void {
  acceptGrant(step, message.name, message.version, message, null);
}

/** At the bound the file that was not read for longest leaves; one that clients hold never does. */
function makeRoom(step: Step): void {
  const { s } = step;
  const { grants, left } = s.leasehold;
  if (grants.size < s.config.limits.leasedFiles) return;
  for (let tries = Math.min(grants.size, 64); tries > 0; tries -= 1) {
    for (const [name, grant] of grants) {
      grants.delete(name);
      if (grant.used || isLent(step, name)) {
        grants.set(name, { ...grant, used: false });
      } else {
        if (left.length < LEFT_LIMIT) left.push({ name, position: grant.position });
        emit(step, { kind: 'lease-evicted', name });
        return;
      }
      break;
    }
  }
}

/** An entry of the file has come: whatever was granted before it is old. */
export function dropGrant(step: Step, entry: LogEntry): void {
  const name = reachOf(entry);
  if (name === undefined) return;
  const { grants } = step.s.leasehold;
  if (name === null) {
    grants.clear();
  } else {
    grants.delete(name);
    grants.delete(catalogueOf(name) ?? '');
  }
  revokeClients(step, name);
}

/** † First off the list, then the clients, then the answer. */
export function onRevoke(step: Step, from: string, message: Revoke): void {
  const { s } = step;
  if (!admitReign(step, from, message)) return;
  const { leasehold } = s;
  const { epoch, run } = message;
  for (const { seq } of message.files) {
    if (comparePositions({ epoch, seq }, leasehold.revoked) > 0) leasehold.revoked = { epoch, seq };
  }
  if (step.now.monoMs < leasesReadyMs(s)) return; // † an earlier run's clients may have it still
  if (!sameReign(message, promisedReign(step))) {
    // Nothing was accepted here yet from a primary that was not followed yet.
    const files = message.files.map((file) => ({ ...file, wanted: false }));
    send(step, from, { kind: 'revoked', epoch, run, files });
    return;
  }
  for (const { name, seq } of message.files) owe(step, from, name, seq);
  settleOwing(step);
}

function owe(step: Step, from: string, name: Reach, seq: number): void {
  const { owing } = step.s.leasehold;
  const wanted = takeOff(step, name);
  const earlier = owing.get(name ?? '');
  owing.set(name ?? '', {
    from,
    seq: Math.max(seq, earlier?.seq ?? 0),
    wanted: wanted || earlier?.wanted === true,
  });
}

function takeOff(step: Step, name: Reach): boolean {
  const { grants } = step.s.leasehold;
  const clientsHave = isLent(step, name);
  revokeClients(step, name);
  if (name === null) {
    grants.clear();
    return false;
  }
  // Who lists again asks again: a bucket that is written is not lent once more unasked.
  const wanted = !isCatalogue(name) && (grants.get(name)?.used === true || clientsHave);
  grants.delete(name);
  return wanted;
}

export function onRecall(step: Step, from: string, message: Recall): void {
  const { s } = step;
  if (!sameReign(message, promisedReign(step)) || step.now.monoMs < leasesReadyMs(s)) return;
  const { leasehold } = s;
  leasehold.recalledEpoch = Math.max(leasehold.recalledEpoch, message.epoch);
  leasehold.lease = null;
  takeOff(step, null);
  leasehold.recalledBy = from;
  settleOwing(step);
}

/**
 * † This process ends: it takes no lease any more, whatever still comes, and once its clients have
 * none either it gives back what it had, so that no write has to wait that out.
 */
export function endLeasehold(step: Step): void {
  const { s } = step;
  const { leasehold, leader } = s;
  leasehold.isEnding = true;
  if (s.role.kind !== 'replica') return;
  leasehold.lease = null;
  if (leader === null || step.now.monoMs < leasesReadyMs(s)) return;
  takeOff(step, null);
  leasehold.recalledBy = leader.site;
  settleOwing(step);
}

/** Answers revocations, and a recall, whose clients are done or have lost their leases. */
export function settleOwing(step: Step): void {
  const { s, now } = step;
  const { leasehold } = s;
  if (s.role.kind !== 'replica') return;
  const answers = new Map<string, (RevokedFile & { wanted: boolean })[]>();
  for (const [key, { from, seq, wanted }] of leasehold.owing) {
    const name = key === '' ? null : key;
    if (blockedUntilMs(s.clients.lender, name, now.monoMs) > 0) continue;
    passLapsed(s.clients.lender, name, now.monoMs);
    leasehold.owing.delete(key);
    const files = answers.get(from);
    if (files === undefined) answers.set(from, [{ name, seq, wanted }]);
    else files.push({ name, seq, wanted });
  }
  const reign = promisedReign(step);
  for (const [to, files] of answers) send(step, to, { kind: 'revoked', ...reign, files });
  const { recalledBy } = leasehold;
  if (recalledBy === null || blockedUntilMs(s.clients.lender, null, now.monoMs) > 0) return;
  passLapsed(s.clients.lender, null, now.monoMs);
  leasehold.recalledBy = null;
  const ending = leasehold.isEnding && { holder: s.config.run };
  send(step, recalledBy, { kind: 'recalled', ...reign, ...ending });
}
