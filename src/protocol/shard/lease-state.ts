import { createLender, type Lender } from '../lease/lender.js';
import type { Position } from '../log-entry.js';
import type { GrantedVersion, GrantTerms, Reign } from './messages.js';

/** A site that asks for a file, and the run of its process. */
export interface Asker {
  readonly site: string;
  readonly run: string;
}

/** A site that wants to list a bucket without asking. */
export interface CatalogueAsker extends Asker {
  readonly catalogue: string;
}

export interface GrantHeld extends GrantTerms {
  readonly version: GrantedVersion;
  /** Read since it was granted, or since it was last spared. */
  used: boolean;
}

export interface Leasehold {
  lease: { readonly reign: Reign; readonly generation: number; readonly endMs: number } | null;
  /** The oldest first. */
  readonly grants: Map<string, GrantHeld>;
  /** † The highest position revoked here: a grant from before it is too old. */
  revoked: Position;
  /** † No grant or renewal of this epoch or an earlier one is accepted. */
  recalledEpoch: number;
  /** Revocations that wait for clients: the file ('' for all), who asked, the highest seq. */
  readonly owing: Map<string, { from: string; seq: number; wanted: boolean }>;
  /** The primary that is to hear, once no client has anything left, that this site holds nothing. */
  recalledBy: string | null;
  /** This process ends, and holds nothing ever again. */
  isEnding: boolean;
  /** Renewed until then (monotonic), for there were readers. */
  wantedUntilMs: number;
  nextRequestMs: number;
  left: { readonly name: string; readonly position: number }[];
}

export function createLeasehold(): Leasehold {
  return {
    lease: null,
    grants: new Map(),
    revoked: { epoch: 0, seq: 0 },
    recalledEpoch: 0,
    owing: new Map(),
    recalledBy: null,
    isEnding: false,
    wantedUntilMs: Number.NEGATIVE_INFINITY,
    nextRequestMs: Number.NEGATIVE_INFINITY,
    left: [],
  };
}

export interface ClientLeases {
  readonly lender: Lender;
  /** Grows with each revocation; what was registered before one is older than it. */
  serial: number;
  /** Sessions that ended without a word: kept until their leases have run out. */
  readonly vanished: Set<string>;
}

export function createClientLeases(): ClientLeases {
  return { lender: createLender(), serial: 1, vanished: new Set() };
}
