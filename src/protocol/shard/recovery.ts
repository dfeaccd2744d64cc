import { comparePositions } from '../log-entry.js';
import type { LogRead } from '../ports.js';
import { createLender } from '../lease/lender.js';
import { clearTimeMs, remainderMs, voidActing } from './acting.js';
import { acknowledgeableEnd, acknowledgeableSeq, cutLog, emit, send, writeDisk } from './disk.js';
import { dropLeasehold } from './leasehold.js';
import { endOf, endSeq, epochAt, slice } from './log-tail.js';
import type { Fetch, Fetched, Prepare, Promised, Reign } from './messages.js';
import {
  activeOf,
  foundingConfiguration,
  hasRecoveryQuorum,
  latestOf,
  sitesOf,
  toRecover,
} from './membership.js';
import { addEntry } from './commit.js';
import { admitReign, promisedReign, sameReign } from './reign.js';
import { follow, matches, merge } from './replica.js';
import { syncReplicas } from './replica-set.js';
import { isMember } from './voices.js';
import { positionAt } from './replication.js';
import type { CandidateRole, PrimaryRole, ShardState, Step } from './state.js';
import { stepDown } from './step-down.js';

/*
 * How the winner of an epoch becomes its primary: promises from N − W + 1 replicas, the log that
 * ends last among them, an entry of its own, and the time that any earlier primary may still act.
 */

export function becomeCandidate(step: Step, epoch: number): void {
  const { s, now } = step;
  emit(step, { kind: 'claimed', epoch });
  s.highestEpoch = Math.max(s.highestEpoch, epoch);
  if (epoch <= s.hard.promisedEpoch) {
    // A larger epoch was promised meanwhile (a coordinator restored from a backup).
    s.claim.abandonedEpoch = epoch;
    s.claim.releaseDue = { epoch, successor: '' };
    return;
  }
  s.role = {
    kind: 'candidate',
    epoch,
    sinceMs: now.monoMs,
    answers: new Map(),
    asked: new Set([s.config.site]),
    adopting: null,
    nextSendMs: now.monoMs,
  };
  s.leader = null;
  s.caughtUpSinceMs = null;
  dropLeasehold(step);
  promise(step, { epoch, run: s.config.run }, s.config.site);
  candidateTick(step);
}

/**
 * † What was never acknowledgeable (its content is not here) is cut on promising; the promise goes
 * to disk behind every append, and the answer is made when it is there.
 */
function promise(step: Step, reign: Reign, answerTo: string): void {
  const { s } = step;
  s.provenSeq = s.commitSeq;
  // What is known to have committed stays, with or without its content: others hold it.
  const from = Math.max(Math.min(...s.missing.keys()), s.commitSeq + 1);
  const cutFrom = from <= endSeq(s.log) ? from : undefined;
  if (cutFrom !== undefined) cutLog(step, cutFrom);
  const hardState = { ...s.hard, promisedEpoch: reign.epoch, promisedRun: reign.run };
  writeDisk(step, { cutFrom, hardState, answerTo });
}

export function onPrepare(step: Step, from: string, message: Prepare): void {
  const { s } = step;
  // A site that was removed, and has not heard of it, would depose the primary for nothing.
  const isKnown = sitesOf(activeOf(s)).includes(from);
  if (!isKnown && (message.configured ?? 0) <= latestOf(s.membership).version) return;
  if (!admitReign(step, from, message)) return;
  // The primary's own word may come after that of whom it told first.
  if (message.withdrawn !== undefined) voidActing(step, message.withdrawn);
  const reign = { epoch: message.epoch, run: message.run };
  if (sameReign(reign, promisedReign(step))) {
    if (sameReign(reign, s.durable.promised)) answerPromise(step, from, reign);
    return;
  }
  follow(step, reign);
  promise(step, reign, from);
}

/** The promise is durable: say so, unless a larger one was made since. */
export function answerPromise(step: Step, to: string, reign: Reign): void {
  const { s } = step;
  if (!sameReign(reign, promisedReign(step))) return;
  if (!s.durable.joined) return; // † it may have forgotten what it acknowledged: it has no say
  const promised: Promised = {
    kind: 'promised',
    ...reign,
    incarnation: s.config.incarnation,
    end: acknowledgeableEnd(step),
    commitSeq: s.commitSeq,
    remainderMs: remainderMs(step),
    active: activeOf(s),
  };
  if (to === s.config.site) onPromised(step, to, promised);
  else send(step, to, promised);
}

export function onPromised(step: Step, from: string, message: Promised): void {
  const { s } = step;
  const { role } = s;
  if (role.kind !== 'candidate' || role.epoch !== message.epoch) return;
  if (message.run !== s.config.run || role.adopting !== null) return;
  const { end, commitSeq, incarnation } = message;
  const { succession, writeQuorum } = s.config;
  const active = message.active ?? [foundingConfiguration(succession, writeQuorum)];
  if ((role.answers.get(from)?.incarnation ?? 0) > incarnation) return;
  const clearMs = clearTimeMs(step, message.remainderMs);
  role.answers.set(from, { end, commitSeq, incarnation, clearMs, active });
  if (!role.answers.has(s.config.site)) return;
  const configurations = toRecover([...role.answers.values()].map((told) => told.active));
  if (hasRecoveryQuorum(configurations, role.answers)) return adoptLongest(step, role);
  const isUnasked = (site: string): boolean => !role.asked.has(site);
  if (sitesOf(configurations).some(isUnasked)) candidateTick(step, true);
}

function adoptLongest(step: Step, role: CandidateRole): void {
  let best = { from: step.s.config.site, end: endOf(step.s.log) };
  for (const [from, { end }] of role.answers) {
    if (comparePositions(end, best.end) > 0) best = { from, end };
  }
  if (best.from === step.s.config.site) {
    crown(step, role, '');
    return;
  }
  role.adopting = best;
  sendFetch(step, role);
}

function sendFetch(step: Step, role: CandidateRole): void {
  const { s } = step;
  if (role.adopting === null) return;
  const { from, end } = role.adopting;
  const after = Math.min(fetchedSeq(step), end.seq);
  send(step, from, { kind: 'fetch', epoch: role.epoch, run: s.config.run, after, upTo: end.seq });
}

/** Up to where this log is certainly equal to the one that is being adopted. */
function fetchedSeq(step: Step): number {
  return Math.max(step.s.provenSeq, step.s.commitSeq);
}

export function onFetch(step: Step, from: string, message: Fetch): void {
  const { s } = step;
  if (!admitReign(step, from, message) || !sameReign(message, promisedReign(step))) return;
  const { batchEntries, batchBytes } = s.config.limits;
  if (message.after < s.log.before.seq) {
    if (s.fetches.size >= s.peers.size) return; // asked again in time
    const id = s.nextToken++;
    s.fetches.set(id, { to: from, after: message.after });
    const first = Math.max(1, message.after);
    step.out.push({ kind: 'read-log', id, from: first, entries: batchEntries, bytes: batchBytes });
    return;
  }
  const last = Math.min(message.upTo, message.after + batchEntries, acknowledgeableSeq(step));
  sendFetched(step, from, {
    previous: positionAt(step, message.after),
    entries: slice(s.log, message.after + 1, last),
    trimmed: false,
  });
}

export function onFetchRead(step: Step, id: number, result: LogRead): void {
  const { s } = step;
  const fetch = s.fetches.get(id);
  s.fetches.delete(id);
  if (fetch === undefined) return;
  const { to, after } = fetch;
  if (!result.ok) {
    sendFetched(step, to, { previous: { epoch: 0, seq: after }, entries: [], trimmed: true });
    return;
  }
  const [first] = result.entries;
  const inclusive = first?.seq === after;
  sendFetched(step, to, {
    previous: { epoch: inclusive ? first.epoch : 0, seq: after },
    entries: inclusive ? result.entries.slice(1) : result.entries,
    trimmed: false,
  });
}

function sendFetched(
  step: Step,
  to: string,
  part: Pick<Fetched, 'previous' | 'entries' | 'trimmed'>,
): void {
  const { incarnation } = step.s.config;
  send(step, to, { kind: 'fetched', ...promisedReign(step), incarnation, ...part });
}

export function onFetched(step: Step, from: string, message: Fetched): void {
  const { s } = step;
  const { role } = s;
  if (role.kind !== 'candidate' || role.epoch !== message.epoch) return;
  if (message.run !== s.config.run || role.adopting?.from !== from) return;
  if (message.trimmed) return stepDown(step, 'recovery-failed'); // the other one has to do it
  if (message.previous.seq > fetchedSeq(step) || !matches(step, message.previous)) return;
  const merged = merge(step, message.previous.seq, message.entries, from);
  if (merged.entries.length > 0) writeDisk(step, merged);
  s.provenSeq = Math.max(s.provenSeq, message.previous.seq + message.entries.length);
  const { end } = role.adopting;
  if (s.provenSeq >= end.seq) {
    crown(step, role, from);
  } else {
    role.nextSendMs = step.now.monoMs + s.config.timing.heartbeatMs;
    if (message.entries.length === 0) return; // perhaps it lost its disk since: not for ever
    role.sinceMs = step.now.monoMs;
    sendFetch(step, role);
  }
}

/** † Serves nothing until an entry of this epoch has committed and every earlier claim is clear. */
function crown(step: Step, role: CandidateRole, adoptedFrom: string): void {
  const { s, now } = step;
  // The log that was adopted may say that this site is not one of those who keep the shard.
  if (!isMember(s)) return stepDown(step, 'recovery-failed');
  const serveFromMs = Math.max(...[...role.answers.values()].map((told) => told.clearMs));
  const noopSeq = endSeq(s.log) + 1;
  const primary: PrimaryRole = {
    kind: 'primary',
    epoch: role.epoch,
    phase: 'confirming',
    noopSeq,
    crownedMs: now.monoMs,
    serveFromMs,
    replicas: new Map(),
    waiters: new Map(),
    prefixWaiters: [],
    examinedSeq: s.releasedSeq,
    held: new Map(),
    heldUntilMs: Number.POSITIVE_INFINITY,
    lender: createLender(),
    wanted: new Map(),
    lastMoveSeq: 0,
    flushedSeq: endSeq(s.log),
    unreleasedBytes: 0,
    nextBeatMs: now.monoMs,
    lowSinceMs: null,
    commitNoticeDue: false,
    recalls: false,
    withdrawal: null,
  };
  s.role = primary;
  syncReplicas(step, primary);
  for (const [site, progress] of primary.replicas) {
    const told = role.answers.get(site);
    if (told === undefined) continue;
    progress.incarnation = told.incarnation;
    const agrees = epochAt(s.log, told.end.seq) === told.end.epoch;
    progress.previous = agrees ? told.end : positionAt(step, told.commitSeq);
  }
  emit(step, { kind: 'crowned', epoch: role.epoch, adoptedFrom });
  addEntry(step, primary, '', { kind: 'noop' });
}

export function candidateDeadline(s: ShardState): number {
  return s.role.kind === 'candidate' ? s.role.nextSendMs : Number.POSITIVE_INFINITY;
}

/** `atOnce`: somebody has to be asked who was not known of before. */
export function candidateTick(step: Step, atOnce = false): void {
  const { s, now } = step;
  const { role } = s;
  if (role.kind !== 'candidate' || (!atOnce && now.monoMs < role.nextSendMs)) return;
  if (now.monoMs - role.sinceMs > 2 * s.config.timing.claimMs) {
    return stepDown(step, 'recovery-failed');
  }
  role.nextSendMs = now.monoMs + s.config.timing.heartbeatMs;
  if (role.adopting !== null) return sendFetch(step, role);
  const told = [activeOf(s), ...[...role.answers.values()].map(({ active }) => active)];
  const { version: configured } = latestOf(s.membership);
  const { withdrawn } = s.noted;
  const passedOn = withdrawn.epoch > 0 ? { withdrawn } : {};
  const { epoch } = role;
  const { run } = s.config;
  for (const site of sitesOf(told.flat())) {
    if (site === s.config.site || role.answers.has(site)) continue;
    role.asked.add(site);
    send(step, site, { kind: 'prepare', epoch, run, configured, ...passedOn });
  }
}
