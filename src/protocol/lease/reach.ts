import type { LogEntry } from '../log-entry.js';
import { catalogueOf } from './catalogue.js';

/** Whose readers something concerns: those of one file, or, with null, of the whole shard. */
export type Reach = string | null;

/** Whose old bytes an entry makes old; undefined: nobody's. When names move, all of the shard's. */
export function reachOf(entry: LogEntry): Reach | undefined {
  const { operation } = entry;
  if (operation.kind === 'put' || operation.kind === 'delete') return operation.name;
  return operation.kind === 'move-out' ? null : undefined;
}

/** Everything leased that a write of this reach makes old: the file, and listings that show it. */
export function leasedUnder(reach: Reach): readonly Reach[] {
  const catalogue = reach === null ? null : catalogueOf(reach);
  return catalogue === null ? [reach] : [reach, catalogue];
}
