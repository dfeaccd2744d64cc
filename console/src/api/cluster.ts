import type { ClusterStatus } from '../../../src/site/status-types.js';
import { isFields } from './http.ts';

export type { ClusterStatus, ReplicaStatus, ShardStatus } from '../../../src/site/status-types.js';

export function readCluster(value: unknown): ClusterStatus | null {
  return isCluster(value) ? value : null;
}

/** Only the outline is looked at: it comes from this page's own site. */
function isCluster(value: unknown): value is ClusterStatus {
  if (!isFields(value) || typeof value.site !== 'string') return false;
  return Array.isArray(value.sites) && Array.isArray(value.shards) && isFields(value.leases);
}
