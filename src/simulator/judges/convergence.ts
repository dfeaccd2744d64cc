import { type Finding, Findings, type SiteCopy, valueText } from './finding.js';

/** Promise 7: healed replicas end equal, version by version. Give only the copies of healed sites. */
export function judgeConvergence(copies: readonly SiteCopy[]): Finding[] {
  const findings = new Findings();
  const [reference, ...others] = copies;
  if (reference === undefined) return [];
  const index = (copy: SiteCopy): Map<string, SiteCopy['versions'][number]> =>
    new Map(copy.versions.map((each) => [`${each.name} version ${each.version}`, each]));
  const expected = index(reference);
  for (const other of others) {
    const held = index(other);
    for (const [what, version] of expected) {
      const found = held.get(what);
      if (found === undefined) {
        findings.add(
          'convergence',
          `${what} is at ${reference.site} and still missing at ${other.site}`,
        );
      } else if (
        found.value !== version.value ||
        found.epoch !== version.epoch ||
        found.seq !== version.seq
      ) {
        const at = ({ epoch, seq, value }: typeof found): string =>
          `${valueText(value)} at (${epoch}, ${seq})`;
        findings.add(
          'convergence',
          `${what} is ${at(version)} at ${reference.site} and ${at(found)} at ${other.site}`,
        );
      }
    }
    for (const what of held.keys()) {
      if (expected.has(what)) continue;
      findings.add(
        'convergence',
        `${what} is at ${other.site} and still missing at ${reference.site}`,
      );
    }
  }
  return findings.list;
}
