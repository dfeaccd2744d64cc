import type { Operation } from '../history.js';
import { type Finding, Findings, type SiteCopy, describe, valueText } from './finding.js';

interface Seen {
  readonly who: string;
  readonly value: string | null | undefined;
  readonly epoch: number | undefined;
  readonly seq: number | undefined;
  readonly operation: Operation | null;
}

/**
 * I1: at one (file, version) there is one content and one position, in every copy at every site and
 * in every answer to anybody, `local` reads too.
 */
export function judgeOneHistory(
  operations: readonly Operation[],
  copies: readonly SiteCopy[],
): Finding[] {
  const findings = new Findings();
  const first = new Map<string, Seen>();
  const compare = (name: string, version: number, seen: Seen): void => {
    const key = `${version} ${name}`;
    const known = first.get(key);
    if (known === undefined) {
      first.set(key, seen);
      return;
    }
    const differs = <T>(a: T | undefined, b: T | undefined): boolean =>
      a !== undefined && b !== undefined && a !== b;
    const isSame =
      !differs(known.value, seen.value) &&
      !differs(known.epoch, seen.epoch) &&
      !differs(known.seq, seen.seq);
    if (isSame) return;
    const place = (each: Seen): string =>
      `${valueText(each.value)} at (${each.epoch}, ${each.seq})`;
    findings.add(
      'I1',
      `${name} has two versions ${version}: ${known.who} has ${place(known)}, ` +
        `${seen.who} has ${place(seen)}`,
      ...[known.operation, seen.operation].filter((each) => each !== null),
    );
  };
  for (const { site, versions } of copies) {
    for (const { name, version, ...rest } of versions) {
      compare(name, version, { who: `site ${site}`, operation: null, ...rest });
    }
  }
  for (const operation of operations) {
    const { outcome, version, kind, epoch, seq } = operation;
    if (version === undefined || version === 0) continue;
    if (outcome !== 'ok' && outcome !== 'committed') continue;
    const value = kind === 'delete' ? null : operation.value;
    compare(operation.name, version, { who: describe(operation), value, epoch, seq, operation });
  }
  return findings.list;
}
