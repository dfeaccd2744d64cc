import {
  type LogEntry,
  nameOf,
  type Operation,
  type RetentionRule,
} from '../../protocol/log-entry.js';
import type { OwnershipRecord, RequestRecord } from '../../protocol/ports.js';

/* What log entries mean to a view, shared by its implementations. */

/** A request id is remembered for at least this many entries after it took effect. */
export const REQUEST_TABLE_ENTRIES = 65_536;
/** Request ids are forgotten in blocks of this many entries. */
const EVICTION_BLOCK_ENTRIES = 1024;

/** The last seq whose request id a view at this seq has forgotten; a function of the seq alone. */
export function forgottenRequestSeq(seq: number): number {
  const horizon = Math.floor((seq - REQUEST_TABLE_ENTRIES) / EVICTION_BLOCK_ENTRIES);
  return Math.max(0, horizon * EVICTION_BLOCK_ENTRIES);
}

/** Earlier versions that the entry takes out of its file's history. */
export function erasedBy({ operation }: LogEntry): readonly number[] {
  if (operation.kind !== 'put' && operation.kind !== 'delete') return [];
  const { erases = [], version } = operation;
  return erases.filter((erased) => erased < version);
}

/** What a name begins with up to its first `/`; '' where there is none. */
export function bucketOf(name: string): string {
  return name.slice(0, Math.max(0, name.indexOf('/')));
}

/** What a retain says of the files of each bucket. */
export function retentionOf(
  operation: Extract<Operation, { kind: 'retain' }>,
): (bucket: string) => RetentionRule {
  const rules = new Map((operation.rules ?? []).map((rule) => [rule.bucket, rule]));
  const { beforeMs } = operation;
  return (bucket) => rules.get(bucket) ?? { bucket, beforeMs, versions: null };
}

/** What is remembered of an entry's request id, if it has one. */
export function requestOf(entry: LogEntry): RequestRecord | undefined {
  const { requestId, epoch, seq, operation } = entry;
  if (requestId === '') return undefined;
  const version = operation.kind === 'put' || operation.kind === 'delete' ? operation.version : 0;
  return { requestId, epoch, seq, name: nameOf(entry) ?? '', version };
}

/** The record a move makes in the view of this shard, if the operation is one. */
export function ownershipOf(shard: string, operation: Operation): OwnershipRecord | undefined {
  switch (operation.kind) {
    case 'move-in':
      return { ...moved(operation), state: 'in', to: shard };
    case 'move-back':
      return { ...moved(operation), state: 'back', to: operation.to };
    case 'move-out':
      return { ...moved(operation), state: 'out', to: operation.to };
    case 'noop':
    case 'put':
    case 'delete':
    case 'retain':
    case 'configure':
    case 'configured':
      return undefined;
  }
}

function moved({ pattern, tableVersion }: Pick<OwnershipRecord, 'pattern' | 'tableVersion'>) {
  return { pattern, tableVersion };
}

/** One text per pattern; also the order in which records are told. */
export function patternText(pattern: OwnershipRecord['pattern']): string {
  return pattern.kind === 'exact' ? `e${pattern.name}` : `p${pattern.prefix}`;
}

/** A skipped, repeated or overtaking entry is a bug of the caller. Returns what is new. */
export function entriesAfter(seq: number, entries: readonly LogEntry[]): readonly LogEntry[] {
  const fresh = entries.filter((entry) => entry.seq > seq);
  fresh.forEach((entry, i) => {
    if (entry.seq !== seq + 1 + i) {
      throw new Error(`entry ${entry.seq} does not follow ${seq + i} in the view`);
    }
  });
  return fresh;
}
