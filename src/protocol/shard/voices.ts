import { countsIn, latestOf, type Voice } from './membership.js';
import type { PrimaryRole, ReplicaProgress, ShardState } from './state.js';

/** Whether this process is one of those that keep the shard, as its own log says. */
export function isMember(s: ShardState): boolean {
  const latest = latestOf(s.membership);
  return countsIn([latest], latest, s.config.site, s.config.incarnation);
}

/**
 * What the primary knows of each site's word, by what is looked at of it; † of one that is not filled
 * up after the loss of its disk, nothing.
 */
export function voices(
  s: ShardState,
  role: PrimaryRole,
  own: number,
  valueOf: (replica: ReplicaProgress, site: string) => number,
): (site: string) => Voice | undefined {
  return (site) => {
    if (site === s.config.site) return { incarnation: s.config.incarnation, value: own };
    const replica = role.replicas.get(site);
    if (replica === undefined || replica.joining) return undefined;
    return { incarnation: replica.incarnation, value: valueOf(replica, site) };
  };
}
