import { nameOf, type LogEntry } from '../log-entry.js';
import type { RequestRecord } from '../ports.js';

/**
 * Which request ids took effect, and how. Replicated state: it follows from the log alone, and an
 * id is forgotten by log position, never by time. Ids of entries not yet committed are in it too.
 */
export interface RequestTable {
  readonly records: Map<string, RequestRecord>;
  /** Ids in the order of their seqs; may name ids that were cut since. */
  order: { readonly seq: number; readonly requestId: string }[];
}

export function createRequestTable(records: readonly RequestRecord[]): RequestTable {
  return {
    records: new Map(records.map((record) => [record.requestId, record])),
    order: records.map(({ seq, requestId }) => ({ seq, requestId })),
  };
}

export function noteRequest(table: RequestTable, entry: LogEntry, capacity: number): void {
  forgetUpTo(table, entry.seq - capacity);
  const { requestId, operation, epoch, seq } = entry;
  if (requestId === '') return;
  const version = operation.kind === 'put' || operation.kind === 'delete' ? operation.version : 0;
  table.records.set(requestId, { requestId, epoch, seq, name: nameOf(entry) ?? '', version });
  table.order.push({ seq, requestId });
}

/** An entry was cut from the log: its id never took effect. Called newest entry first. */
export function unnoteRequest(table: RequestTable, entry: LogEntry): void {
  if (table.records.get(entry.requestId)?.seq !== entry.seq) return;
  table.records.delete(entry.requestId);
  if (table.order.at(-1)?.seq === entry.seq) table.order.pop();
}

function forgetUpTo(table: RequestTable, seq: number): void {
  const first = table.order[0];
  if (first === undefined || first.seq > seq - 1024) return; // in blocks: shift() is not free
  let count = 0;
  for (const { seq: at, requestId } of table.order) {
    if (at > seq) break;
    if (table.records.get(requestId)?.seq === at) table.records.delete(requestId);
    count += 1;
  }
  table.order.splice(0, count);
}

/** True when a request whose session began at `since` may have been forgotten. */
export function mayBeForgotten(since: number | null, endSeq: number, capacity: number): boolean {
  return since !== null && since < endSeq - capacity;
}
