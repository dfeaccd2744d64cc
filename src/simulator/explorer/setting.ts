import { DEFAULT_TIMING } from '../../protocol/shard/config.js';

export const SITES = ['nyc', 'tor', 'lon'] as const;
/** The one that may have leases: it never becomes primary here. */
export const LESSEE = 2;
export const WRITE_QUORUM = 2;
/** The moments of the exploration; the second is after all that was granted at the first. */
export const MOMENTS_MS = [0, 10_000] as const;
/**
 * No claim lapses and nobody is ever thought quiet: that is a choice between doing and leaving
 * undone, and every move here may be left undone anyway. A heartbeat is due at any time, so that how
 * many there were so far need not be known.
 */
export const TIMING = {
  ...DEFAULT_TIMING,
  claimMs: 20_000,
  actMs: 1000,
  quietMs: 1_000_000,
  heartbeatMs: 0,
};
