import type { LogEntry } from '../log-entry.js';
import { entryAt } from './log-tail.js';
import type { PrimaryRole, ShardState } from './state.js';

/*
 * At the primary, entries are released one by one: a file that is leased far away holds up nobody
 * else's write. What replicas are told, and the view shows, is the released prefix.
 */

/** Whether this entry of the primary's log is released. */
export function isReleased(s: ShardState, role: PrimaryRole, seq: number): boolean {
  if (seq <= s.releasedSeq) return true;
  return seq <= role.examinedSeq && !role.held.has(seq);
}

/** The newest released write of the name above the view's position, if there is one. */
export function newestReleased(
  s: ShardState,
  role: PrimaryRole,
  name: string,
): LogEntry | undefined {
  const seqs = s.log.writes.get(name);
  if (seqs === undefined) return undefined;
  for (let index = seqs.length - 1; index >= 0; index -= 1) {
    const seq = seqs[index];
    if (seq !== undefined && isReleased(s, role, seq)) return entryAt(s.log, seq);
  }
  return undefined;
}
