import { invariant } from '../invariant.js';
import type { LogEntry, Position } from '../log-entry.js';
import { noteActing } from './acting.js';
import {
  acknowledgeableSeq,
  applyReleased,
  cutLog,
  joinLog,
  send,
  trimTo,
  writeDisk,
} from './disk.js';
import { dropGrant, dropLeasehold } from './leasehold.js';
import { endSeq, epochAt } from './log-tail.js';
import type { Append, Reign } from './messages.js';
import { isConfigure } from './membership.js';
import { admitReign, promisedReign, sameReign } from './reign.js';
import { stepDown } from './step-down.js';
import type { Step } from './state.js';

/**
 * † Accepting an append is itself a durable promise of its epoch. Whatever this site was in an
 * earlier epoch it is no longer.
 */
export function follow(step: Step, reign: Reign): void {
  const { s } = step;
  if (s.role.kind !== 'replica') stepDown(step, 'superseded');
  s.highestEpoch = Math.max(s.highestEpoch, reign.epoch);
  s.provenSeq = s.commitSeq;
  s.owed = { acknowledge: false, beatSentMs: null };
  s.leader = null;
  s.caughtUpSinceMs = null;
  dropLeasehold(step);
}

export function onAppend(step: Step, from: string, message: Append): void {
  const { s } = step;
  if (s.snapshot !== null || !admitReign(step, from, message)) return;
  const isNew = !sameReign(message, promisedReign(step));
  if (isNew) follow(step, message);
  const hardState = isNew
    ? { ...s.hard, promisedEpoch: message.epoch, promisedRun: message.run }
    : undefined;
  if (s.hard.installing) {
    // A snapshot was begun and not finished: the view is of no use until one is.
    if (hardState !== undefined) writeDisk(step, { hardState });
    send(step, from, { kind: 'snapshot-wanted', epoch: message.epoch, run: message.run });
    return;
  }
  noteLeader(step, from, message);
  if (message.target !== null && message.target.incarnation === s.config.incarnation) {
    s.joinTarget = { epoch: message.epoch, seq: message.target.seq };
  }
  if (!matches(step, message.previous)) {
    if (hardState !== undefined) writeDisk(step, { hardState });
    sendMismatch(step, from, message);
    return;
  }
  const merged = merge(step, message.previous.seq, message.entries, from);
  if (merged.entries.length > 0 || hardState !== undefined) {
    writeDisk(step, { ...merged, hardState });
  }
  // † Before this the primary needed no quorum of the new sites to act: they note it here.
  // scenarios/new-sites-wait-for-the-old-right.txt
  if (message.entries.some(isConfigure)) noteActing(step, message.epoch, s.config.timing.actMs);
  s.provenSeq = Math.max(s.provenSeq, message.previous.seq + message.entries.length);
  learnCommit(step, message);
  if (message.entries.length > 0 || message.beat !== null || message.target !== null) {
    s.owed.acknowledge = true;
  }
  payOwed(step, false);
  applyReleased(step);
}

function noteLeader(step: Step, from: string, message: Append): void {
  const { s, now } = step;
  const reign = { epoch: message.epoch, run: message.run };
  s.leader = { reign, site: from, commitSeq: message.commitSeq, heardMs: now.monoMs };
  if (message.beat !== null && noteActing(step, message.epoch, message.beat.actMs)) {
    s.owed.beatSentMs = message.beat.sentMs;
    s.owed.acknowledge = true;
  }
  trimTo(step, message.trimSeq);
}

/** Whether this log and the sender's are equal up to `previous`. What has committed always is. */
export function matches(step: Step, previous: Position): boolean {
  const { s } = step;
  if (previous.seq <= s.commitSeq) return true;
  return previous.seq <= endSeq(s.log) && epochAt(s.log, previous.seq) === previous.epoch;
}

/**
 * Brings the log into line with entries that follow a matching `previousSeq`. † Cuts only from the
 * first seq whose epoch differs: a shorter, repeated or late append cuts nothing. Returns what has
 * to go to disk.
 */
export function merge(
  step: Step,
  previousSeq: number,
  entries: readonly LogEntry[],
  source: string,
): { cutFrom?: number; entries: readonly LogEntry[] } {
  const { s } = step;
  for (let index = 0; index < entries.length; index += 1) {
    const entry = entries[index];
    if (entry === undefined) break;
    invariant(entry.seq === previousSeq + 1 + index, 'I2', () => 'entries are not consecutive');
    const epoch = epochAt(s.log, entry.seq);
    if (entry.seq <= s.commitSeq) {
      invariant(epoch === undefined || epoch === entry.epoch, 'I2', () => {
        return `${s.config.shard}/${entry.seq} committed here in ${epoch}, sent as ${entry.epoch}`;
      });
      continue;
    }
    if (epoch === entry.epoch) continue;
    const added = entries.slice(index);
    const conflict = entry.seq <= endSeq(s.log);
    if (conflict) cutLog(step, entry.seq);
    for (const each of added) {
      joinLog(step, each, source);
      dropGrant(step, each);
    }
    return conflict ? { cutFrom: entry.seq, entries: added } : { entries: added };
  }
  return { entries: [] };
}

/** † Never beyond what this append or an earlier one of the same primary proved equal. */
function learnCommit(step: Step, message: Append): void {
  const { s } = step;
  s.commitSeq = Math.max(s.commitSeq, Math.min(message.commitSeq, s.provenSeq));
  s.releasedSeq = Math.max(s.releasedSeq, Math.min(message.releasedSeq, s.provenSeq));
}

export function sendMismatch(step: Step, to: string, append: Reign & { previous: Position }): void {
  const { s } = step;
  const seq = Math.min(append.previous.seq, endSeq(s.log));
  send(step, to, {
    kind: 'mismatch',
    epoch: append.epoch,
    run: append.run,
    incarnation: s.config.incarnation,
    joining: !s.durable.joined,
    previousSeq: append.previous.seq,
    commitSeq: s.commitSeq,
    at: { epoch: epochAt(s.log, seq) ?? 0, seq },
  });
}

/**
 * Acknowledges what is durable, if anything is owed (or `always`, after a disk write). Says nothing
 * before the promise of the leader's epoch is itself on disk.
 */
export function payOwed(step: Step, always: boolean): void {
  const { s } = step;
  if (s.leader === null || s.snapshot !== null) return;
  if (!always && !s.owed.acknowledge) return;
  const { reign, site } = s.leader;
  if (!sameReign(reign, promisedReign(step)) || !sameReign(reign, s.durable.promised)) return;
  send(step, site, {
    kind: 'appended',
    epoch: reign.epoch,
    run: reign.run,
    incarnation: s.config.incarnation,
    durableSeq: Math.min(acknowledgeableSeq(step), s.provenSeq),
    joining: !s.durable.joined,
    beatSentMs: s.owed.beatSentMs,
  });
  s.owed = { acknowledge: false, beatSentMs: null };
}
