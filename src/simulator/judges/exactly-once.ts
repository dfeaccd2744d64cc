import type { CommittedEntry, Operation } from '../history.js';
import { type Finding, Findings, describe, isConflict } from './finding.js';

/**
 * I14: a request id takes effect at most once and always gets its original outcome. `entries` is
 * the commit chain, or null where it was not recorded.
 */
export function judgeExactlyOnce(
  operations: readonly Operation[],
  entries: readonly CommittedEntry[] | null,
): Finding[] {
  const findings = new Findings();
  judgeChain(entries ?? [], operations, findings);
  const answered = new Map<string, Operation>();
  const byEnd = operations
    .filter(({ requestId, endMs }) => requestId !== undefined && requestId !== '' && endMs !== null)
    .sort((a, b) => a.endMs! - b.endMs!);
  for (const operation of byEnd) {
    if (operation.outcome !== 'committed') continue;
    const first = answered.get(operation.requestId!);
    if (first === undefined) answered.set(operation.requestId!, operation);
    else if (first.version !== operation.version || first.name !== operation.name) {
      findings.add(
        'I14',
        `request ${operation.requestId} took effect twice: ${describe(first)}, ` +
          `and again ${describe(operation)}`,
        first,
        operation,
      );
    }
  }
  for (const operation of byEnd) {
    const first = answered.get(operation.requestId!);
    if (!isConflict(operation) || first === undefined) continue;
    if (first.endMs! >= operation.startMs) continue;
    findings.add(
      'I14',
      `request ${operation.requestId} was told "committed" and later "${operation.reason}": ` +
        `${describe(first)}; ${describe(operation)}`,
      first,
      operation,
    );
  }
  return findings.list;
}

function judgeChain(
  entries: readonly CommittedEntry[],
  operations: readonly Operation[],
  findings: Findings,
): void {
  const firsts = new Map<string, CommittedEntry>();
  for (const entry of entries) {
    const { requestId } = entry;
    if (requestId === '') continue;
    const first = firsts.get(requestId);
    if (first === undefined) {
      firsts.set(requestId, entry);
      continue;
    }
    const involved = operations.filter((operation) => operation.requestId === requestId);
    findings.add(
      'I14',
      `request ${requestId} took effect twice: as version ${first.version} of ${first.name} ` +
        `at (${first.epoch}, ${first.seq}) and as version ${entry.version} of ${entry.name} ` +
        `at (${entry.epoch}, ${entry.seq})`,
      ...involved,
    );
  }
}
