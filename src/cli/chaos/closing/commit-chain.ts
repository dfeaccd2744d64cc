import type { CommittedEntry, Operation } from '../../../simulator/history.js';
import { type Finding, Findings, type SiteCopy } from '../../../simulator/judges/finding.js';

export interface Chain {
  readonly entries: readonly CommittedEntry[];
  /** Content that nobody wrote, deletes that nobody asked for. */
  readonly findings: readonly Finding[];
}

/**
 * The commit chain, from the history that a site keeps of every file. That does not tell request
 * ids, but contents are unique: whoever wrote the content made the version. Of a delete the version
 * says it, where it was answered.
 */
export function chainOf(copy: SiteCopy, operations: readonly Operation[]): Chain {
  const writers = new Map<string, string>();
  const deletes = new Map<string, string>();
  const openDeletes = new Map<string, string[]>();
  for (const { kind, name, outcome, value, version, requestId = '' } of operations) {
    if (kind === 'write' && typeof value === 'string' && outcome !== 'rejected') {
      writers.set(`${name} ${value}`, requestId);
    }
    if (kind !== 'delete') continue;
    if (outcome === 'committed') deletes.set(`${name} ${version}`, requestId);
    if (outcome === 'unknown') openDeletes.set(name, [...(openDeletes.get(name) ?? []), requestId]);
  }
  const findings = new Findings();
  const told = new Set(deletes.values());
  const unexplained = new Map<string, number>();
  const entries = copy.versions.map(({ name, version, epoch, seq, value }) => {
    const entry = { name, version, epoch, seq, value };
    const place = `version ${version} of ${name} at (${epoch}, ${seq})`;
    if (value !== null) {
      const requestId = writers.get(`${name} ${value}`);
      if (requestId === undefined) findings.add('I7', `${place} has content that nobody wrote`);
      return { ...entry, requestId: requestId ?? '' };
    }
    const known = deletes.get(`${name} ${version}`);
    if (known !== undefined) return { ...entry, requestId: known };
    const open = [...new Set(openDeletes.get(name))].filter((id) => !told.has(id));
    const count = (unexplained.get(name) ?? 0) + 1;
    unexplained.set(name, count);
    if (count > open.length) findings.add('I7', `${place} is a delete that nobody asked for`);
    // Of several that may have made it, none can be told apart.
    return { ...entry, requestId: open.length === 1 ? open[0]! : '' };
  });
  return { entries, findings: findings.list };
}
