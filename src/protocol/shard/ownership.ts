import type { LogEntry, NamePattern } from '../log-entry.js';
import type { OwnershipRecord, TableRule } from '../ports.js';
import { patternText, shardOf, withRule } from '../primary-table.js';

/**
 * Which names are this shard's, as its own log says. The primary table only guides requests to the
 * right place; whether a request is accepted is decided here, so no two shards ever accept the same
 * name: an old owner logs `move-out` before the new one logs `move-in`.
 */
export interface Ownership {
  readonly shard: string;
  /** The rules the cluster was created with. */
  readonly initial: readonly TableRule[];
  /** By pattern text, what the view's part of the log says of it last. */
  readonly settled: Map<string, OwnershipRecord>;
  /** The same with everything in the log, committed or not. */
  moved: Map<string, OwnershipRecord>;
  rules: readonly TableRule[];
}

export function createOwnership(
  shard: string,
  initial: readonly TableRule[],
  records: readonly OwnershipRecord[],
): Ownership {
  const settled = new Map(
    records.map((record) => [
      patternText(record.pattern),
      record.state === 'in' ? { ...record, to: shard } : record,
    ]),
  );
  const ownership: Ownership = { shard, initial, settled, moved: new Map(settled), rules: initial };
  rebuild(ownership);
  return ownership;
}

export function owns(ownership: Ownership, name: string): boolean {
  return shardOf(ownership.rules, name) === ownership.shard;
}

/** Which names would stop being this shard's if the pattern went to shard `to`. */
export function wouldLose(
  ownership: Ownership,
  pattern: NamePattern,
  to: string,
): (name: string) => boolean {
  const rules = withRule(ownership.rules, { pattern, shards: [to] });
  return (name) => owns(ownership, name) && shardOf(rules, name) !== ownership.shard;
}

export function recordOf(ownership: Ownership, pattern: NamePattern): OwnershipRecord | undefined {
  return ownership.moved.get(patternText(pattern));
}

/** Takes note of a move entry that joined the log; others are ignored. */
export function noteMove(ownership: Ownership, entry: LogEntry): void {
  if (noteIn(ownership.moved, ownership.shard, entry)) rebuild(ownership);
}

/** The view has applied the entry: it can no longer be cut. */
export function settleMove(ownership: Ownership, entry: LogEntry): void {
  noteIn(ownership.settled, ownership.shard, entry);
}

/** Entries were cut from the log; `tail` is what is left of it above the view. */
export function recount(ownership: Ownership, tail: readonly LogEntry[]): void {
  ownership.moved = new Map(ownership.settled);
  for (const entry of tail) noteIn(ownership.moved, ownership.shard, entry);
  rebuild(ownership);
}

export function isMove(entry: LogEntry): boolean {
  const { kind } = entry.operation;
  return kind === 'move-out' || kind === 'move-in' || kind === 'move-back';
}

/** A change that a later one has overtaken has no effect. */
function noteIn(map: Map<string, OwnershipRecord>, shard: string, entry: LogEntry): boolean {
  const record = ownershipRecordOf(shard, entry);
  if (record === undefined) return false;
  const key = patternText(record.pattern);
  const known = map.get(key);
  if (known !== undefined && known.tableVersion > record.tableVersion) return false;
  map.set(key, record);
  return true;
}

function ownershipRecordOf(shard: string, entry: LogEntry): OwnershipRecord | undefined {
  const { operation } = entry;
  switch (operation.kind) {
    case 'move-out':
      return { ...named(operation), state: 'out', to: operation.to };
    case 'move-in':
      return { ...named(operation), state: 'in', to: shard };
    case 'move-back':
      return { ...named(operation), state: 'back', to: operation.to };
    case 'noop':
    case 'put':
    case 'delete':
    case 'retain':
    case 'configure':
    case 'configured':
      return undefined;
  }
}

function named(operation: { readonly pattern: NamePattern; readonly tableVersion: number }): {
  pattern: NamePattern;
  tableVersion: number;
} {
  return { pattern: operation.pattern, tableVersion: operation.tableVersion };
}

function rebuild(ownership: Ownership): void {
  let rules = ownership.initial;
  for (const record of ownership.moved.values()) {
    if (record.to !== '') rules = withRule(rules, { pattern: record.pattern, shards: [record.to] });
  }
  ownership.rules = rules;
}
