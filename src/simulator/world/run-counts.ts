import type { ClientFreshness } from '../../protocol/client/answers.js';

/** What a run exercised. A batch in which these stay low has proved little. */
export interface RunCounts {
  failovers: number;
  crashes: number;
  plannedStops: number;
  handOvers: number;
  pauses: number;
  lostDisks: number;
  lostViews: number;
  joins: number;
  snapshots: number;
  cuts: number;
  adoptions: number;
  deduplicated: number;
  storageFailures: number;
  stepDowns: number;
  /** Committed writes that waited for caches; and those that waited a lease out. */
  sessionsCut: number;
  writesHeld: number;
  leasesWaitedOut: number;
  waitsForClaim: number;
  restores: number;
  ambushes: number;
  tableChanges: number;
  tableChangesRefused: number;
  siteChanges: number;
  siteChangesDone: number;
}

/** What clients met with. */
export class Exercise {
  readonly counts = {
    readsAtPrimary: 0,
    readsUnderLease: 0,
    readsFromMemory: 0,
    listingsUnderLease: 0,
    entriesInvalidated: 0,
    changesTold: 0,
    feedsTooOld: 0,
    readsValidated: 0,
    readsFetched: 0,
    staleReplicasAsked: 0,
  };

  /** `isStale`: the site that was asked did not show the newest version itself. */
  read(freshness: ClientFreshness, isStale: boolean): void {
    if (isStale) this.counts.staleReplicasAsked += 1;
    if (freshness === 'primary') this.counts.readsAtPrimary += 1;
    else if (freshness === 'memory') this.counts.readsFromMemory += 1;
    else if (freshness === 'lease') this.counts.readsUnderLease += 1;
    else if (freshness === 'validated') this.counts.readsValidated += 1;
    else this.counts.readsFetched += 1;
  }
}

export function noCounts(): RunCounts {
  return {
    failovers: 0,
    crashes: 0,
    plannedStops: 0,
    handOvers: 0,
    pauses: 0,
    lostDisks: 0,
    lostViews: 0,
    joins: 0,
    snapshots: 0,
    cuts: 0,
    adoptions: 0,
    deduplicated: 0,
    storageFailures: 0,
    stepDowns: 0,
    sessionsCut: 0,
    writesHeld: 0,
    leasesWaitedOut: 0,
    waitsForClaim: 0,
    restores: 0,
    ambushes: 0,
    tableChanges: 0,
    tableChangesRefused: 0,
    siteChanges: 0,
    siteChangesDone: 0,
  };
}
