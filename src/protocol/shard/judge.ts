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
import { endSeq, newestWrite } from './log-tail.js';
import { owns, recordOf, wouldLose } from './ownership.js';
import { addEntry, answer, answerEnd, hasQuorum } from './commit.js';
import { mayBeForgotten } from './request-table.js';
import type { PrimaryRole, Step } from './state.js';

/*
 * What the primary decides: whether a write takes effect, in log order against everything in the
 * log, and what a reader is told.
 */

type Judgement =
  | { readonly accept: Operation }
  /** `restsOnSeq`: the answer may leave once this entry is released. */
  | { readonly reject: WriteAnswer; readonly restsOnSeq: number };

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
    return answerAt(
      step,
      role,
      ticket,
      { outcome: 'committed', name, version, epoch, seq, atMs },
      seq,
      false,
    );
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
    return answerAt(step, role, ticket, judgement.reject, judgement.restsOnSeq, true);
  }
  const entry = addEntry(step, role, request.requestId, judgement.accept);
  answerAt(step, role, ticket, committedBy(entry), entry.seq, false);
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

/** Answers when the entry at `seq` is released, at once if it is. */
function answerAt(
  step: Step,
  role: PrimaryRole,
  ticket: number,
  value: WriteAnswer,
  seq: number,
  isRead: boolean,
): void {
  if (seq > step.s.releasedSeq) {
    const waiters = role.waiters.get(seq);
    const waiter = { ticket, answer: value, isRead };
    if (waiters === undefined) role.waiters.set(seq, [waiter]);
    else waiters.push(waiter);
  } else if (isRead && !mayAct(step, role)) {
    answer(step, ticket, rejection('no_primary'));
  } else {
    answer(step, ticket, value);
  }
}

function judge(step: Step, request: WriteRequest, found: Found): Judgement {
  const { intent } = request;
  switch (intent.kind) {
    case 'put':
    case 'delete':
      return judgeFile(step, request, intent, found);
    case 'retain':
      return { accept: intent };
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
  if (!owns(s.ownership, name)) return { reject: rejection('moving'), restsOnSeq: endSeq(s.log) };
  const newest = newestWrite(s.log, name, endSeq(s.log));
  const head = (newest === undefined ? found.head : fileVersionOf(newest)) ?? null;
  const restsOnSeq = newest?.seq ?? 0;
  if (!conditionsHold(request.conditions, head)) {
    return { reject: rejection('precondition_failed', head), restsOnSeq };
  }
  if (intent.kind === 'delete' && (head === null || head.deleted)) {
    return { reject: rejection('no_such_file', head), restsOnSeq };
  }
  const version = (head?.version ?? 0) + 1;
  invariant(Number.isSafeInteger(version), 'I17', () => `version ${version} of ${name}`);
  const { kind } = intent;
  return kind === 'delete'
    ? { accept: { kind, name, version } }
    : { accept: { kind, name, version, content: intent.content, metadata: intent.metadata } };
}

/** A change of the table, one step of it. A step that was overtaken is refused for ever. */
function judgeMove(
  step: Step,
  intent: Extract<WriteIntent, { kind: 'move-out' | 'move-in' | 'move-back' }>,
  found: Found,
): Judgement {
  const { s } = step;
  const restsOnSeq = endSeq(s.log);
  const known = recordOf(s.ownership, intent.pattern);
  if (known !== undefined && known.tableVersion > intent.tableVersion) {
    return { reject: rejection('moving'), restsOnSeq };
  }
  if (known?.tableVersion === intent.tableVersion && known.state === 'back') {
    if (intent.kind !== 'move-back') return { reject: rejection('moving'), restsOnSeq };
  }
  if (intent.kind === 'move-out') {
    const leaving = (name: string): boolean =>
      wouldLose(s.ownership, intent.pattern, intent.to, name);
    if (found.inTheWay || [...s.log.writes.keys()].some(leaving)) {
      return { reject: rejection('names_have_files'), restsOnSeq };
    }
  }
  return { accept: intent };
}

/** Tells the newest released version of a name: the authority that makes one replica's read strong. */
export function ask(step: Step, ticket: number, name: string, found: Found): void {
  const { s } = step;
  const { role } = s;
  if (role.kind !== 'primary' || role.phase === 'confirming' || !mayAct(step, role)) {
    return answer(step, ticket, { outcome: 'retry', reason: 'no_primary' });
  }
  if (!owns(s.ownership, name)) {
    return answer(step, ticket, { outcome: 'retry', reason: 'moving' });
  }
  const newest = newestWrite(s.log, name, s.releasedSeq);
  const head = (newest === undefined ? found.head : fileVersionOf(newest)) ?? null;
  invariant(head === null || head.seq <= s.releasedSeq, 'I7', () => `${name} is not released`);
  answer(step, ticket, { outcome: 'head', head, epoch: role.epoch });
}

/** Tells a position that covers everything committed now, once all of that is released. */
export function askEnd(step: Step, ticket: number): void {
  const { s } = step;
  const { role } = s;
  if (role.kind !== 'primary' || role.phase === 'confirming') {
    return answer(step, ticket, { outcome: 'retry', reason: 'no_primary' });
  }
  if (s.commitSeq <= s.releasedSeq) return answerEnd(step, role, ticket);
  role.endWaiters.push({ ticket, seq: s.commitSeq });
}
