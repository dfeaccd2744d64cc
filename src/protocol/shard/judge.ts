import type { FileVersion } from '../file-version.js';
import { invariant } from '../invariant.js';
import { fileVersionOf, type LogEntry, type Operation } from '../log-entry.js';
import {
  conditionsHold,
  type WriteAnswer,
  type WriteIntent,
  type WriteRequest,
} from '../request.js';
import type { Found, ShardInput } from './inputs.js';
import { mayAct } from './acting.js';
import { configurationFault } from './configuring.js';
import { grantTo, pendingWriteSeq } from './lending.js';
import { endSeq, newestWrite } from './log-tail.js';
import { activeOf } from './membership.js';
import { owns, recordOf, wouldLose } from './ownership.js';
import { addEntry, answer, hasQuorum, type Wait, waitFor } from './commit.js';
import { mayBeForgotten } from './request-table.js';
import { isReleased, newestReleased } from './released.js';
import type { Step } from './state.js';

/*
 * What the primary decides: whether a write takes effect, in log order against everything in the
 * log, and what a reader is told.
 */

type Judgement =
  | { readonly accept: Operation }
  /** `restsOn`: what has to be released before the answer may leave. */
  | { readonly reject: WriteAnswer; readonly restsOn: Wait };

function rejection(
  reason: Extract<WriteAnswer, { outcome: 'rejected' }>['reason'],
  current: FileVersion | null = null,
): WriteAnswer {
  return { outcome: 'rejected', reason, current };
}

export function propose(step: Step, input: Extract<ShardInput, { kind: 'propose' }>): void {
  const { s } = step;
  const { ticket, request, found } = input;
  const { role } = s;
  if (s.disk.failure !== null) return answer(step, ticket, rejection('storage_failed'));
  if (role.kind !== 'primary' || role.phase !== 'serving') {
    return answer(step, ticket, rejection('no_primary'));
  }
  // An attempt that comes late must not take effect under a later primary: its sender may have
  // given it up, been refused on a second try, and said so.
  if (input.epoch !== null && input.epoch !== role.epoch) {
    return answer(step, ticket, rejection('no_primary'));
  }
  const earlier = s.requests.records.get(request.requestId);
  if (earlier !== undefined) {
    const { name, version, epoch, seq, requestId } = earlier;
    step.out.push({ kind: 'event', event: { kind: 'deduplicated', requestId } });
    const atMs = step.now.wallMs;
    const answer = { outcome: 'committed', name, version, epoch, seq, atMs } as const;
    const wait = { seq, prefix: false };
    return waitFor(step, role, { kind: 'outcome', ticket, answer, isRead: false }, wait);
  }
  const { limits } = s.config;
  if (mayBeForgotten(request.since, endSeq(s.log), limits.requestEntries)) {
    return answer(step, ticket, { outcome: 'unknown', reason: 'forgotten' });
  }
  if (!mayAct(step, role) || !hasQuorum(step, role)) {
    return answer(step, ticket, rejection('quorum_unavailable'));
  }
  const pending = endSeq(s.log) - s.releasedSeq;
  if (pending >= limits.pendingEntries || role.unreleasedBytes >= limits.pendingBytes) {
    return answer(step, ticket, rejection('overloaded'));
  }
  const judgement = judge(step, request, found);
  if ('reject' in judgement) {
    const { reject, restsOn } = judgement;
    return waitFor(step, role, { kind: 'outcome', ticket, answer: reject, isRead: true }, restsOn);
  }
  const entry = addEntry(step, role, request.requestId, judgement.accept);
  const committed = committedBy(entry);
  const waiter = { kind: 'outcome', ticket, answer: committed, isRead: false } as const;
  waitFor(step, role, waiter, { seq: entry.seq, prefix: false });
}

function committedBy(entry: LogEntry): WriteAnswer {
  const { epoch, seq, atMs } = entry;
  const file = fileVersionOf(entry);
  return {
    outcome: 'committed',
    name: file?.name ?? '',
    version: file?.version ?? 0,
    epoch,
    seq,
    atMs,
  };
}

function judge(step: Step, request: WriteRequest, found: Found): Judgement {
  const { intent } = request;
  switch (intent.kind) {
    case 'put':
    case 'delete':
      return judgeFile(step, request, intent, found);
    case 'retain':
      return { accept: intent };
    case 'configure':
      return judgeConfigure(step, intent);
    case 'configured':
      return judgeConfigured(step, intent);
    case 'move-out':
    case 'move-in':
    case 'move-back':
      return judgeMove(step, intent, found);
  }
}

function judgeFile(
  step: Step,
  request: WriteRequest,
  intent: Extract<WriteIntent, { kind: 'put' | 'delete' }>,
  found: Found,
): Judgement {
  const { s } = step;
  const { name } = intent;
  if (!owns(s.ownership, name)) return { reject: rejection('moving'), restsOn: wholeLog(step) };
  const newest = newestWrite(s.log, name, endSeq(s.log));
  const head = (newest === undefined ? found.head : fileVersionOf(newest)) ?? null;
  const restsOn = { seq: newest?.seq ?? 0, prefix: false };
  if (!conditionsHold(request.conditions, head)) {
    return { reject: rejection('precondition_failed', head), restsOn };
  }
  const isGone = head === null || head.deleted;
  if (intent.kind === 'delete' && isGone && intent.metadata === undefined) {
    return { reject: rejection('no_such_file', head), restsOn };
  }
  const version = (head?.version ?? 0) + 1;
  invariant(Number.isSafeInteger(version), 'I17', () => `version ${version} of ${name}`);
  return { accept: operationOf(intent, version) };
}

/** Field by field: the intent came from elsewhere, and only what is known may reach the log. */
function operationOf(
  intent: Extract<WriteIntent, { kind: 'put' | 'delete' }>,
  version: number,
): Operation {
  const { kind, name, metadata, erases } = intent;
  const erased = erases === undefined ? undefined : { erases };
  if (kind === 'delete') {
    return { kind, name, version, ...(metadata !== undefined && { metadata }), ...erased };
  }
  const { content, restored } = intent;
  const put = { kind, name, version, content, metadata: intent.metadata };
  return { ...put, ...(restored !== undefined && { restored }), ...erased };
}

function wholeLog(step: Step): Wait {
  return { seq: endSeq(step.s.log), prefix: true };
}

/** † At most one change of sites is under way, and only in the hands of a primary that stays. */
function judgeConfigure(
  step: Step,
  { configuration, probe }: Extract<WriteIntent, { kind: 'configure' }>,
): Judgement {
  const fault = configurationFault(step, configuration);
  const reason = fault ?? (probe ? 'ready' : null);
  if (reason !== null) return { reject: rejection(reason), restsOn: wholeLog(step) };
  return { accept: { kind: 'configure', configuration } };
}

/** What is known here alone is written down, once every primary to come would have to find out. */
function judgeConfigured(
  step: Step,
  intent: Extract<WriteIntent, { kind: 'configured' }>,
): Judgement {
  const [active, pending] = activeOf(step.s);
  const isKnown = pending === undefined && active?.version === intent.version;
  if (isKnown) return { accept: { kind: 'configured', version: intent.version } };
  return { reject: rejection('not_ready'), restsOn: wholeLog(step) };
}

/** A change of the table, one step of it. A step that was overtaken is refused for ever. */
function judgeMove(
  step: Step,
  intent: Extract<WriteIntent, { kind: 'move-out' | 'move-in' | 'move-back' }>,
  found: Found,
): Judgement {
  const { s } = step;
  const restsOn = wholeLog(step);
  const known = recordOf(s.ownership, intent.pattern);
  if (known !== undefined && known.tableVersion > intent.tableVersion) {
    return { reject: rejection('moving'), restsOn };
  }
  if (known?.tableVersion === intent.tableVersion && known.state === 'back') {
    if (intent.kind !== 'move-back') return { reject: rejection('moving'), restsOn };
  }
  if (intent.kind === 'move-out') {
    const leaving = wouldLose(s.ownership, intent.pattern, intent.to);
    if (found.inTheWay || [...s.log.writes.keys()].some(leaving)) {
      return { reject: rejection('names_have_files'), restsOn };
    }
  }
  return { accept: intent };
}

/**
 * Tells the newest released version of a name: the authority that makes one replica's read strong.
 * † A site that wants to keep it waits for writes that are pending when it asks, so that a file that
 * is written all the time can be leased too.
 */
export function ask(step: Step, input: Extract<ShardInput, { kind: 'ask' }>): void {
  const { s } = step;
  const { role } = s;
  const { ticket, name, found, asker } = input;
  if (role.kind !== 'primary' || role.phase === 'confirming' || !mayAct(step, role)) {
    return answer(step, ticket, { outcome: 'retry', reason: 'no_primary' });
  }
  if (!owns(s.ownership, name)) {
    return answer(step, ticket, { outcome: 'retry', reason: 'moving' });
  }
  const pending = asker === null ? 0 : pendingWriteSeq(step, role, name);
  if (asker !== null && pending > 0) {
    const wait = { seq: pending, prefix: false };
    return waitFor(step, role, { kind: 'read', ticket, name, asker }, wait);
  }
  const newest = newestReleased(s, role, name);
  const head = (newest === undefined ? found.head : fileVersionOf(newest)) ?? null;
  invariant(head === null || isReleased(s, role, head.seq), 'I7', () => `${name} is not released`);
  const terms = asker === null ? null : grantTo(step, role, asker, name);
  answer(step, ticket, { outcome: 'head', head, epoch: role.epoch, terms });
}

/** Tells a position that covers everything committed now, once all of that is released. */
export function askEnd(step: Step, input: Extract<ShardInput, { kind: 'ask-end' }>): void {
  const { s } = step;
  const { role } = s;
  const { ticket, keep } = input;
  if (role.kind !== 'primary' || role.phase === 'confirming') {
    return answer(step, ticket, { outcome: 'retry', reason: 'no_primary' });
  }
  waitFor(step, role, { kind: 'end', ticket, keep }, { seq: s.commitSeq, prefix: true });
}
