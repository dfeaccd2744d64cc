import { type History, type Operation, operationsByFile } from '../history.js';
import { judgeExactlyOnce } from './exactly-once.js';
import type { Finding } from './finding.js';
import { judgeKnownOrder } from './known-order.js';
import { judgeListings } from './listings.js';
import { judgeMonotonicReads } from './monotonic-reads.js';
import { judgeVisibility } from './visibility.js';
import { searchLinearization } from './wing-gong-lowe.js';

/** Every judge that needs nothing but a history; those that need its commit chain only where it is known. */
export function judgeHistory(history: History): Finding[] {
  const { operations, entries } = history;
  return [
    ...judgeKnownOrder(history),
    ...judgeExactlyOnce(operations, entries),
    ...judgeMonotonicReads(operations),
    ...(entries === null ? [] : judgeVisibility(operations, entries)),
    ...(entries === null ? [] : judgeListings(operations, entries)),
  ];
}

/** The second opinion on a history, file by file. */
export interface SecondOpinion {
  readonly findings: readonly Finding[];
  readonly decided: number;
  /** Files whose search came to its bound. */
  readonly undecided: readonly string[];
}

/** Searches each file's history within so many steps of its own, so that none keeps others from it. */
export function searchEachFile(
  operations: readonly Operation[],
  stepsPerFile: number,
): SecondOpinion {
  const files = operationsByFile(operations);
  const findings: Finding[] = [];
  const undecided: string[] = [];
  for (const [name, file] of files) {
    const search = searchLinearization(file, stepsPerFile);
    if (search.verdict === 'not_linearizable') findings.push(search.finding);
    if (search.verdict === 'undecided') undecided.push(name);
  }
  return { findings, decided: files.size - undecided.length, undecided };
}
