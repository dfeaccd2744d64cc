import { invariant } from '../invariant.js';
import { nameOf, type LogEntry, type Position } from '../log-entry.js';

/**
 * The part of a shard's log that is kept in memory: a window that ends at the log's end. What lies
 * before it is on disk only, and always released and applied. `base` is the entry before the first
 * one on disk.
 */
export interface LogTail {
  base: Position;
  /** The entry before the first one in memory. */
  before: Position;
  entries: LogEntry[];
  bytes: number;
  /** Bytes of every entry that ever joined in this run; and, now and then, of those up to a seq. */
  joinedBytes: number;
  marks: { readonly seq: number; readonly joinedBytes: number }[];
  /** For names written above the view's position: the seqs of their entries, oldest first. */
  readonly writes: Map<string, number[]>;
}

const MARK_EVERY_ENTRIES = 256;
const ENTRY_OVERHEAD_BYTES = 200;
const CHUNK_REF_BYTES = 72;
const RETENTION_RULE_BYTES = 100;

/** What an entry costs on the wire and in memory, near enough for windows and limits. */
export function entryBytes(entry: LogEntry): number {
  const { operation } = entry;
  if (operation.kind === 'retain') {
    return ENTRY_OVERHEAD_BYTES + (operation.rules ?? []).length * RETENTION_RULE_BYTES;
  }
  if (operation.kind !== 'put') return ENTRY_OVERHEAD_BYTES;
  const { content } = operation;
  return (
    ENTRY_OVERHEAD_BYTES +
    (content.kind === 'inline' ? content.size : content.chunks.length * CHUNK_REF_BYTES)
  );
}

export function emptyTail(base: Position): LogTail {
  return {
    base,
    before: base,
    entries: [],
    bytes: 0,
    joinedBytes: 0,
    marks: [],
    writes: new Map(),
  };
}

export function endSeq(log: LogTail): number {
  return log.before.seq + log.entries.length;
}

export function endOf(log: LogTail): Position {
  const last = log.entries.at(-1);
  return last === undefined ? log.before : { epoch: last.epoch, seq: last.seq };
}

export function entryAt(log: LogTail, seq: number): LogEntry | undefined {
  return log.entries[seq - log.before.seq - 1];
}

/** The epoch of the entry at `seq`; undefined where memory does not reach. */
export function epochAt(log: LogTail, seq: number): number | undefined {
  if (seq === log.before.seq) return log.before.epoch;
  return entryAt(log, seq)?.epoch;
}

/** Entries `from` to `to`, both inclusive, that are in memory. */
export function slice(log: LogTail, from: number, to: number): LogEntry[] {
  const offset = log.before.seq + 1;
  return log.entries.slice(Math.max(0, from - offset), Math.max(0, to - offset + 1));
}

export function push(log: LogTail, entry: LogEntry): void {
  invariant(
    entry.seq === endSeq(log) + 1,
    'I2',
    () => `entry ${entry.seq} does not follow the end`,
  );
  log.entries.push(entry);
  const bytes = entryBytes(entry);
  log.bytes += bytes;
  log.joinedBytes += bytes;
  if (entry.seq % MARK_EVERY_ENTRIES === 0) {
    log.marks.push({ seq: entry.seq, joinedBytes: log.joinedBytes });
  }
  const name = nameOf(entry);
  if (name === undefined) return;
  const seqs = log.writes.get(name);
  if (seqs === undefined) log.writes.set(name, [entry.seq]);
  else seqs.push(entry.seq);
}

/** Drops every entry from `from` on, newest first. */
export function cut(log: LogTail, from: number, dropped: (entry: LogEntry) => void): void {
  while (endSeq(log) >= from) {
    const entry = log.entries.pop();
    if (entry === undefined) return;
    log.bytes -= entryBytes(entry);
    const name = nameOf(entry);
    if (name !== undefined) {
      const seqs = log.writes.get(name);
      seqs?.pop();
      if (seqs?.length === 0) log.writes.delete(name);
    }
    dropped(entry);
  }
}

/** The view shows everything up to `seq`: it need not be found in memory any more. */
export function shown(log: LogTail, afterSeq: number, seq: number): void {
  for (let at = afterSeq + 1; at <= seq; at += 1) {
    const entry = entryAt(log, at);
    const name = entry === undefined ? undefined : nameOf(entry);
    if (name === undefined) continue;
    const seqs = log.writes.get(name);
    if (seqs?.[0] === at) seqs.shift();
    if (seqs?.length === 0) log.writes.delete(name);
  }
}

/** Frees memory of entries up to `upTo` once the window is a quarter over either limit. */
export function evict(log: LogTail, upTo: number, maxEntries: number, maxBytes: number): void {
  if (log.entries.length <= maxEntries * 1.25 && log.bytes <= maxBytes * 1.25) return;
  let count = 0;
  let bytes = log.bytes;
  while (count < log.entries.length) {
    const entry = log.entries[count];
    if (entry === undefined || entry.seq > upTo) break;
    if (log.entries.length - count <= maxEntries && bytes <= maxBytes) break;
    bytes -= entryBytes(entry);
    count += 1;
  }
  const last = log.entries[count - 1];
  if (last === undefined) return;
  log.before = { epoch: last.epoch, seq: last.seq };
  log.entries.splice(0, count);
  log.bytes = bytes;
}

/** Forgets what lies at or before `position`, which this log agrees with. */
export function startAfter(log: LogTail, position: Position): void {
  if (position.seq <= log.before.seq) return;
  const kept = slice(log, position.seq + 1, endSeq(log));
  log.before = position;
  log.entries = [];
  log.bytes = 0;
  log.marks = [];
  log.writes.clear();
  for (const entry of kept) push(log, entry);
}

/** The last mark that has more than `maxBytes` behind it; what is at or before it may be let go. */
export function seqBeyondBytes(log: LogTail, maxBytes: number): number {
  let seq = 0;
  for (let first = log.marks[0]; first !== undefined; first = log.marks[0]) {
    if (log.joinedBytes - first.joinedBytes <= maxBytes) break;
    seq = first.seq;
    log.marks.shift();
  }
  return seq;
}

/** The newest write of `name` in memory at or below `atMost` and above the view's position. */
export function newestWrite(log: LogTail, name: string, atMost: number): LogEntry | undefined {
  const seqs = log.writes.get(name);
  if (seqs === undefined) return undefined;
  for (let index = seqs.length - 1; index >= 0; index -= 1) {
    const seq = seqs[index];
    if (seq !== undefined && seq <= atMost) return entryAt(log, seq);
  }
  return undefined;
}
