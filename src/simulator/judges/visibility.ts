import type { CommittedEntry, Operation } from '../history.js';
import { type Finding, Findings, describe, isFresh, valueText } from './finding.js';

/**
 * I7: nobody sees what was never committed (`local` reads neither), and no `strong` or `validate`
 * answer shows what was not yet released when it was given. Needs the commit chain; the second part
 * also the true times of release.
 */
export function judgeVisibility(
  operations: readonly Operation[],
  entries: readonly CommittedEntry[],
): Finding[] {
  const findings = new Findings();
  const chain = new Map(entries.map((entry) => [`${entry.version} ${entry.name}`, entry]));
  const see = (
    operation: Operation,
    name: string,
    version: number,
    value: string | null | undefined,
  ): void => {
    if (version === 0) return;
    const entry = chain.get(`${version} ${name}`);
    if (entry === undefined) {
      findings.add(
        'I7',
        `${describe(operation)} and saw version ${version} of ${name}, which was never committed`,
        operation,
      );
    } else if (value !== undefined && value !== entry.value) {
      findings.add(
        'I7',
        `${describe(operation)} and saw ${valueText(value)}, but what was committed as version ` +
          `${version} is ${valueText(entry.value)}`,
        operation,
      );
    } else if (
      isFresh(operation) &&
      entry.releasedMs !== undefined &&
      operation.endMs !== null &&
      operation.endMs < entry.releasedMs
    ) {
      findings.add(
        'I7',
        `${describe(operation)} and saw version ${version} of ${name}, which was released only ` +
          `at ${entry.releasedMs.toFixed(1)} ms`,
        operation,
      );
    }
  };
  for (const operation of operations) {
    if (findings.isFull) break;
    if (operation.kind === 'list') {
      for (const { name, version } of operation.files ?? []) {
        see(operation, name, version, undefined);
      }
    } else if (operation.version !== undefined && operation.outcome !== 'committed') {
      see(operation, operation.name, operation.version, operation.value);
    }
  }
  return findings.list;
}
