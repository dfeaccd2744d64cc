import type { Operation } from '../history.js';
import { type Finding, Findings, describe, isFresh } from './finding.js';

/**
 * I18: in `strong` and `validate`, nobody reads a version older than one that they themselves, or
 * anyone who finished before they began, read or were told to have committed.
 */
export function judgeMonotonicReads(operations: readonly Operation[]): Finding[] {
  const findings = new Findings();
  const moments: {
    readonly atMs: number;
    readonly isEnd: boolean;
    readonly operation: Operation;
  }[] = [];
  for (const operation of operations) {
    const { outcome, kind, version, startMs, endMs } = operation;
    if (version === undefined || endMs === null || !isFresh(operation)) continue;
    if (outcome !== 'ok' && outcome !== 'committed') continue;
    moments.push({ atMs: endMs, isEnd: true, operation });
    if (kind === 'read') moments.push({ atMs: startMs, isEnd: false, operation });
  }
  // At equal times a start comes first: the two calls overlap then.
  moments.sort((a, b) => a.atMs - b.atMs || Number(a.isEnd) - Number(b.isEnd));
  const newest = new Map<string, Operation>();
  const bounds = new Map<Operation, Operation>();
  for (const { isEnd, operation } of moments) {
    const known = newest.get(operation.name);
    if (!isEnd) {
      if (known !== undefined) bounds.set(operation, known);
    } else if (known === undefined || known.version! < operation.version!) {
      newest.set(operation.name, operation);
    }
  }
  for (const [read, bound] of bounds) {
    if (read.version! >= bound.version!) continue;
    const whose = read.client === bound.client ? 'the same client' : 'somebody';
    findings.add(
      'I18',
      `${describe(read)}, but ${whose} had already seen version ${bound.version}: ` +
        describe(bound),
      bound,
      read,
    );
  }
  return findings.list;
}
