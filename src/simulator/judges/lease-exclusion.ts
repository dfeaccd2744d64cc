import { type Finding, Findings } from './finding.js';

/** Somebody could serve a version without asking, from `fromMs` until just before `untilMs`. */
export interface LeaseInterval {
  /** A site or client. */
  readonly holder: string;
  readonly name: string;
  readonly version: number;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** A version was released (answered, visible) at this moment. */
export interface Release {
  readonly name: string;
  readonly version: number;
  readonly atMs: number;
}

/**
 * I9, in the simulator's true time: when a write is released, and ever after, no lease on an older
 * version of the file is valid anywhere.
 */
export function judgeLeaseExclusion(
  leases: readonly LeaseInterval[],
  releases: readonly Release[],
): Finding[] {
  const findings = new Findings();
  const byName = new Map<string, Release[]>();
  for (const release of releases) {
    const known = byName.get(release.name);
    if (known === undefined) byName.set(release.name, [release]);
    else known.push(release);
  }
  for (const lease of leases) {
    if (findings.isFull) break;
    for (const release of byName.get(lease.name) ?? []) {
      const isValidStill = lease.untilMs > release.atMs && lease.fromMs < lease.untilMs;
      if (release.version <= lease.version || !isValidStill) continue;
      findings.add(
        'I9',
        `${lease.holder} could serve version ${lease.version} of ${lease.name} until ` +
          `${lease.untilMs.toFixed(1)} ms, although version ${release.version} was released at ` +
          `${release.atMs.toFixed(1)} ms`,
      );
      break;
    }
  }
  return findings.list;
}
