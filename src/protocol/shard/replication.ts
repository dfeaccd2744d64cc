import { invariant } from '../invariant.js';
import type { LogEntry, Position } from '../log-entry.js';
import type { LogRead } from '../ports.js';
import { actEndMs } from './acting.js';
import { send } from './disk.js';
import { endSeq, entryBytes, epochAt, slice } from './log-tail.js';
import type { Append, Appended, Mismatch, Reign } from './messages.js';
import { advanceCommit } from './commit.js';
import { newProgress } from './replica-progress.js';
import type { PrimaryRole, ReplicaProgress, Step } from './state.js';

/*
 * The primary's side of replication to one replica: a window of entries sent and not yet
 * acknowledged, moved back when the replica says that something is missing.
 */

/** The epoch of a place that is not in memory: no entry has it. */
const UNKNOWN_EPOCH = 0;

/** A place in the log; its epoch is to be read from the disk where memory does not reach back to it. */
export function positionAt(step: Step, seq: number): Position {
  return { epoch: epochAt(step.s.log, seq) ?? UNKNOWN_EPOCH, seq };
}

/** Sends what fits into the replica's window, from memory or by way of a log read. */
export function replicate(step: Step, role: PrimaryRole, site: string): void {
  const { s } = step;
  const replica = role.replicas.get(site);
  if (replica === undefined || s.peers.get(site)?.connected !== true) return;
  const { limits } = s.config;
  while (replica.readId === null && replica.snapshotSeq === null) {
    const next = replica.previous.seq + 1;
    const window = Math.min(role.flushedSeq, replica.matchSeq + limits.windowEntries);
    if (next > window || replica.sentBytes >= limits.windowBytes) return;
    if (next <= s.log.before.seq) {
      replica.readId = s.nextToken++;
      const { batchEntries: entries, batchBytes: bytes } = limits;
      const from = isPlaced(replica.previous) ? next : replica.previous.seq;
      step.out.push({ kind: 'read-log', id: replica.readId, from, entries, bytes });
      return;
    }
    const last = Math.min(window, replica.previous.seq + limits.batchEntries);
    sendEntries(
      step,
      role,
      site,
      replica,
      withinBytes(slice(s.log, next, last), limits.batchBytes),
    );
  }
}

/**
 * Whether the epoch of the place is known. A replica takes no append that names another one; two such
 * answers in a row would have the primary begin again for ever.
 */
function isPlaced(position: Position): boolean {
  return position.epoch !== UNKNOWN_EPOCH || position.seq === 0;
}

function withinBytes(entries: LogEntry[], limit: number): LogEntry[] {
  let bytes = 0;
  for (let index = 0; index < entries.length; index += 1) {
    const entry = entries[index];
    if (entry === undefined) break;
    bytes += entryBytes(entry);
    if (bytes > limit && index > 0) return entries.slice(0, index);
  }
  return entries;
}

function sendEntries(
  step: Step,
  role: PrimaryRole,
  site: string,
  replica: ReplicaProgress,
  entries: readonly LogEntry[],
): void {
  send(step, site, appendMessage(step, role, replica, entries, null));
  for (const entry of entries) replica.sentBytes += entryBytes(entry);
  const last = entries.at(-1);
  if (last !== undefined) replica.previous = { epoch: last.epoch, seq: last.seq };
}

export function appendMessage(
  step: Step,
  role: PrimaryRole,
  replica: ReplicaProgress,
  entries: readonly LogEntry[],
  beat: Append['beat'],
): Append {
  const { s } = step;
  return {
    kind: 'append',
    epoch: role.epoch,
    run: s.config.run,
    previous: replica.previous,
    entries,
    commitSeq: s.commitSeq,
    releasedSeq: s.releasedSeq,
    trimSeq: s.trimSeq,
    beat,
    target:
      replica.targetSeq === null
        ? null
        : { incarnation: replica.incarnation, seq: replica.targetSeq },
  };
}

export function onReplicaRead(step: Step, id: number, result: LogRead): void {
  const { s } = step;
  if (s.role.kind !== 'primary') return;
  for (const [site, replica] of s.role.replicas) {
    if (replica.readId !== id) continue;
    replica.readId = null;
    const next = replica.previous.seq + 1;
    if (!result.ok) {
      replica.snapshotSeq = next;
      s.role.nextBeatMs = step.now.monoMs;
      return;
    }
    const [first] = result.entries;
    if (first?.seq === replica.previous.seq) {
      replica.previous = { epoch: first.epoch, seq: first.seq };
      const rest = result.entries.slice(1);
      if (rest.length > 0) sendEntries(step, s.role, site, replica, rest);
    } else if (first?.seq === next && isPlaced(replica.previous)) {
      sendEntries(step, s.role, site, replica, result.entries);
    } else {
      return;
    }
    replicate(step, s.role, site);
    return;
  }
}

/** The primary this message is for, and the replica it is from; undefined if it is of no use. */
function heard(
  step: Step,
  from: string,
  message: Reign & { readonly incarnation: number; readonly joining: boolean },
): { role: PrimaryRole; replica: ReplicaProgress } | undefined {
  const { s, now } = step;
  const { role } = s;
  if (role.kind !== 'primary' || role.epoch !== message.epoch) return undefined;
  if (message.run !== s.config.run) return undefined;
  const replica = role.replicas.get(from);
  if (replica === undefined || message.incarnation < replica.incarnation) return undefined;
  if (message.incarnation > replica.incarnation) {
    // † A replica that lost its disk: what an earlier incarnation acknowledged counts no more.
    Object.assign(replica, newProgress(step, replica.previous), {
      incarnation: message.incarnation,
    });
  }
  if (message.joining && replica.targetSeq === null) {
    replica.matchSeq = 0;
    replica.actEndMs = Number.NEGATIVE_INFINITY;
    replica.targetSeq = endSeq(s.log);
    role.nextBeatMs = now.monoMs;
  }
  replica.joining = message.joining;
  if (!message.joining) replica.targetSeq = null;
  replica.heardMs = now.monoMs;
  return { role, replica };
}

export function onAppended(step: Step, from: string, message: Appended): void {
  const { s, now } = step;
  const known = heard(step, from, message);
  if (known === undefined) return;
  const { role, replica } = known;
  invariant(message.durableSeq <= endSeq(s.log), 'I2', () => {
    return `${from} acknowledged ${message.durableSeq}, the log ends at ${endSeq(s.log)}`;
  });
  if (message.durableSeq > replica.matchSeq) {
    replica.matchSeq = message.durableSeq;
    replica.progressMs = now.monoMs;
  }
  // What a snapshot was for is there: one that leaves the log as it was ends without a mismatch.
  if (message.durableSeq >= (replica.snapshotSeq ?? Infinity)) replica.snapshotSeq = null;
  if (replica.matchSeq >= replica.previous.seq) {
    replica.sentBytes = 0;
    replica.progressMs = now.monoMs;
    if (replica.matchSeq > replica.previous.seq)
      replica.previous = positionAt(step, replica.matchSeq);
  } else if (replica.sentBytes > 0) {
    replica.sentBytes = sentBytes(step, replica);
  }
  if (message.beatSentMs !== null && !message.joining) {
    replica.actEndMs = Math.max(replica.actEndMs, actEndMs(step, message.beatSentMs));
  }
  advanceCommit(step, role);
  replicate(step, role, from);
}

function sentBytes(step: Step, replica: ReplicaProgress): number {
  let bytes = 0;
  for (const entry of slice(step.s.log, replica.matchSeq + 1, replica.previous.seq)) {
    bytes += entryBytes(entry);
  }
  return bytes;
}

/** Walks back to where the logs agree: at the place named, or else at what the replica committed. */
export function onMismatch(step: Step, from: string, message: Mismatch): void {
  const known = heard(step, from, message);
  if (known === undefined) return;
  const { role, replica } = known;
  if (message.previousSeq < replica.matchSeq) return; // older than what it has acknowledged since
  const { at } = message;
  const agrees = at.seq <= replica.matchSeq || epochAt(step.s.log, at.seq) === at.epoch;
  const seq = Math.max(message.commitSeq, replica.matchSeq);
  replica.previous = agrees ? at : positionAt(step, seq);
  replica.sentBytes = 0;
  replica.readId = null;
  const snapshotDone = replica.previous.seq >= (replica.snapshotSeq ?? 0);
  if (snapshotDone) replica.snapshotSeq = null;
  replicate(step, role, from);
}
