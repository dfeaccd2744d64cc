import { invariant } from '../invariant.js';
import type { LogEntry, Position } from '../log-entry.js';
import type { HardState } from '../ports.js';
import type { ShardEvent } from './effects.js';
import { cut, endSeq, entryAt, epochAt, push, shown, slice, evict } from './log-tail.js';
import type { ShardMessage } from './messages.js';
import { cutConfigures, noteConfigure, settleConfigure } from './membership.js';
import { isMove, noteMove, recount, settleMove } from './ownership.js';
import { noteRequest, unnoteRequest } from './request-table.js';
import type { Step } from './state.js';

export function send(step: Step, to: string, message: ShardMessage): void {
  step.out.push({ kind: 'send', to, message });
}

export function emit(step: Step, event: ShardEvent): void {
  step.out.push({ kind: 'event', event });
}

/** The last seq up to which every entry, and all content it names, is on this disk. */
export function acknowledgeableSeq(step: Step): number {
  const { s } = step;
  let seq = Math.min(s.durable.syncedSeq, endSeq(s.log));
  for (const missing of s.missing.keys()) if (missing <= seq) seq = missing - 1;
  return seq;
}

export function acknowledgeableEnd(step: Step): Position {
  const seq = acknowledgeableSeq(step);
  return { epoch: epochAt(step.s.log, seq) ?? 0, seq };
}

/** Adds an entry to the log in memory. `source` is the site that has its content, '' if here. */
export function joinLog(step: Step, entry: LogEntry, source: string): void {
  const { s } = step;
  push(s.log, entry);
  noteRequest(s.requests, entry, s.config.limits.requestEntries);
  noteMove(s.ownership, entry);
  noteConfigure(s.membership, entry);
  const { operation } = entry;
  if (source === '' || operation.kind !== 'put' || operation.content.kind !== 'chunked') return;
  s.missing.set(entry.seq, entry.epoch);
  const { epoch, seq } = entry;
  step.out.push({ kind: 'ensure-content', epoch, seq, content: operation.content, source });
}

/**
 * Drops the log's tail from `fromSeq` on, in memory. What is on its way to disk is no longer what
 * the log says, so its completion must not count beyond the cut.
 */
export function cutLog(step: Step, fromSeq: number): void {
  const { s } = step;
  invariant(fromSeq > s.commitSeq, 'I2', () => `cut from ${fromSeq}, committed to ${s.commitSeq}`);
  let moves = false;
  let entries = 0;
  cut(s.log, fromSeq, (entry) => {
    unnoteRequest(s.requests, entry);
    s.missing.delete(entry.seq);
    moves ||= isMove(entry);
    entries += 1;
  });
  if (entries === 0) return;
  cutConfigures(s.membership, fromSeq);
  for (const pending of s.disk.inFlight) pending.endSeq = Math.min(pending.endSeq, fromSeq - 1);
  s.durable.syncedSeq = Math.min(s.durable.syncedSeq, fromSeq - 1);
  if (moves) recount(s.ownership, slice(s.log, s.viewSeq + 1, endSeq(s.log)));
  step.out.push({ kind: 'drop-content', fromSeq });
  emit(step, { kind: 'cut', fromSeq, entries });
}

export interface DiskWrite {
  readonly cutFrom?: number | undefined;
  readonly entries?: readonly LogEntry[];
  readonly hardState?: HardState | undefined;
  readonly answerTo?: string;
}

/** Sends a write to disk. Its entries must be in the log already. */
export function writeDisk(step: Step, write: DiskWrite): void {
  const { s, now } = step;
  const { cutFrom, entries = [], hardState, answerTo } = write;
  if (hardState !== undefined) s.hard = hardState;
  const id = s.disk.nextId++;
  s.disk.inFlight.push({
    id,
    askedMs: now.monoMs,
    endSeq: entries.at(-1)?.seq ?? 0,
    promised:
      hardState === undefined
        ? null
        : { epoch: hardState.promisedEpoch, run: hardState.promisedRun },
    joined: hardState?.joined ?? null,
    configured: hardState?.configuration?.version ?? null,
    answerTo: answerTo ?? null,
    snapshot: false,
  });
  step.out.push({
    kind: 'write',
    id,
    write: {
      entries,
      ...(cutFrom === undefined ? {} : { cutFrom }),
      ...(hardState === undefined ? {} : { hardState }),
    },
  });
}

/** Hands to the view what is released, equal to the primary's log and on this disk. */
export function applyReleased(step: Step): void {
  const { s } = step;
  if (s.snapshot !== null || s.hard.installing) return;
  const upTo = Math.min(s.releasedSeq, acknowledgeableSeq(step));
  if (upTo <= s.applyingSeq) return;
  const entries = slice(s.log, s.applyingSeq + 1, upTo);
  invariant(entries.length === upTo - s.applyingSeq, 'I7', () => 'a released entry left memory');
  s.applyingSeq = upTo;
  step.out.push({ kind: 'apply', entries });
}

/** † Before the log is trimmed: with the entry gone and the view lost nothing else would know it. */
function keepConfiguration(step: Step): void {
  const { s } = step;
  const { settled } = s.membership;
  if (settled.version <= (s.hard.configuration?.version ?? 0) || s.disk.failure !== null) return;
  writeDisk(step, { hardState: { ...s.hard, configuration: settled } });
}

/** Lets the log forget what nobody needs, once what it said of sites is kept elsewhere. */
export function trimTo(step: Step, seq: number): void {
  const { s } = step;
  if (seq <= s.trimSeq || s.durable.configured < s.membership.settled.version) return;
  s.trimSeq = seq;
  step.out.push({ kind: 'trim', upToSeq: seq });
}

/** The view shows everything up to `seq`. */
export function onApplied(step: Step, seq: number): void {
  const { s } = step;
  if (s.snapshot !== null || seq <= s.viewSeq) return;
  for (let at = s.viewSeq + 1; at <= seq; at += 1) {
    const entry = entryAt(s.log, at);
    if (entry === undefined) continue;
    if (isMove(entry)) settleMove(s.ownership, entry);
    settleConfigure(s.membership, entry);
  }
  keepConfiguration(step);
  shown(s.log, s.viewSeq, seq);
  s.viewSeq = seq;
  evict(s.log, seq, s.config.limits.memoryEntries, s.config.limits.memoryBytes);
}
