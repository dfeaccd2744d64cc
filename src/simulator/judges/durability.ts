import type { Operation } from '../history.js';
import { type Finding, Findings, type SiteCopy, describe } from './finding.js';

/**
 * I2: what was answered `committed` is on disk at W sites when the dust has settled, with the very
 * content and position. The copies are what each living site holds after recovery; a version that
 * retention removed must be left out of the operations by the caller.
 */
export function judgeDurability(
  operations: readonly Operation[],
  copies: readonly SiteCopy[],
  writeQuorum: number,
): Finding[] {
  const findings = new Findings();
  const bySite = copies.map(({ site, versions }) => ({
    site,
    held: new Map(versions.map((each) => [`${each.version} ${each.name}`, each])),
  }));
  const needed = Math.min(writeQuorum, copies.length);
  for (const operation of operations) {
    if (operation.outcome !== 'committed' || findings.isFull) continue;
    const { name, version, kind, epoch, seq } = operation;
    const value = kind === 'delete' ? null : operation.value;
    const holders = bySite.filter(({ held }) => {
      const found = held.get(`${version} ${name}`);
      if (found === undefined || (value !== undefined && found.value !== value)) return false;
      return (
        (epoch === undefined || found.epoch === epoch) && (seq === undefined || found.seq === seq)
      );
    });
    if (holders.length >= needed) continue;
    const where = holders.map(({ site }) => site).join(', ');
    findings.add(
      'I2',
      `${describe(operation)} and was told "committed"; at the end ` +
        (where === '' ? 'no site has it' : `only ${where} has it, of ${needed} that must`),
      operation,
    );
  }
  return findings.list;
}
