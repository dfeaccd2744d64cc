import type { Configuration } from '../log-entry.js';
import { checkQuorumSizes } from '../quorum.js';
import { keepsUp } from './commit.js';
import { endSeq } from './log-tail.js';
import { activeOf, countsIn, latestOf } from './membership.js';
import { NEARLY_EQUAL_ENTRIES } from './replica-progress.js';
import type { Step } from './state.js';

/**
 * Why the primary does not append this configuration: `wrong_change` for ever, `not_ready` as things
 * stand; null if it may. It serves, so an entry of its own epoch has committed (the bug that Raft's
 * change of one server had without that).
 */
export function configurationFault(
  step: Step,
  wanted: Configuration,
): 'wrong_change' | 'not_ready' | null {
  const { s } = step;
  const now = latestOf(s.membership);
  const { sites, writeQuorum, since } = wanted;
  const sizes = { replicas: sites.length, writeQuorum, readQuorum: 1 };
  if (!checkQuorumSizes(sizes).ok || new Set(sites).size !== sites.length) return 'wrong_change';
  if (wanted.version !== now.version + 1) return 'wrong_change';
  for (const [site, incarnation] of Object.entries(now.since)) {
    if ((since[site] ?? 0) < incarnation) return 'wrong_change';
  }
  if (activeOf(s).length > 1) return 'not_ready'; // † one at a time
  if (!countsIn([wanted], wanted, s.config.site, s.config.incarnation)) return 'not_ready';
  const isNew = (site: string): boolean =>
    site !== s.config.site &&
    (!now.sites.includes(site) || (since[site] ?? 0) > (now.since[site] ?? 0));
  return sites.filter(isNew).every((site) => isFilled(step, site, since[site] ?? 0))
    ? null
    : 'not_ready';
}

/** Whether a site that is to count from now on has all but what is in flight. */
function isFilled(step: Step, site: string, leastIncarnation: number): boolean {
  const { s } = step;
  const replica = s.role.kind === 'primary' ? s.role.replicas.get(site) : undefined;
  if (replica === undefined || replica.incarnation < leastIncarnation) return false;
  // In another machine's place it goes on joining until it is named.
  if (replica.incarnation === 0 || (replica.joining && leastIncarnation === 0)) return false;
  return keepsUp(step, replica, site) && replica.matchSeq + NEARLY_EQUAL_ENTRIES >= endSeq(s.log);
}
