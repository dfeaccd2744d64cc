import type { Configuration } from '../log-entry.js';
import type { ClusterSites, Coordinator, SiteAddress, SiteChange } from '../ports.js';
import { checkQuorumSizes } from '../quorum.js';
import type { WriteAnswer, WriteIntent, WriteRequest } from '../request.js';

/*
 * A change of the sites, one at a time. The note at the coordinator says how far it is, so that any
 * site can take it up where another left it; the shards' logs decide. Each step may be repeated, by
 * any number of drivers at once: entries have request ids that follow from the change, and the note
 * is swapped by revision.
 *
 *   preparing    a new site is filled, one that leaves hands over; may be given up
 *   configuring  every shard's primary has said that it is ready: each logs `configure`
 *   settling     all have committed: each logs `configured`, which tells primaries to come
 *   done         those of before are needed no more: the note says what there is now
 */

export interface SiteChangePorts {
  readonly coordinator: Pick<Coordinator, 'read' | 'swap'>;
  readonly shards: readonly string[];
  /** The newest configuration in this site's log of the shard. */
  configurationOf(shard: string): Configuration;
  /** Brings a step to a shard's primary; ends within its own deadline. */
  submit(shard: string, request: WriteRequest, done: (answer: WriteAnswer) => void): void;
}

export type SiteChangeResult =
  /** Nothing is under way any more. */
  | { readonly ok: true; readonly sites: ClusterSites }
  /** Not yet: a shard is not ready for it, or could not be reached. Repeated in time. */
  | { readonly ok: false; readonly reason: 'waiting'; readonly shard: string }
  | { readonly ok: false; readonly reason: 'coordinator_unavailable' };

/** Why a change cannot even begin. */
export type SiteChangeRefusal =
  | 'change_under_way'
  | 'site_exists'
  | 'site_was_used'
  | 'no_such_site'
  | 'too_few_sites'
  | 'too_many_sites'
  | 'nothing_to_cancel';

export interface WantedChange {
  readonly kind: SiteChange['kind'];
  readonly site: string;
  /** Where the new machine is; null for a removal, or where a replaced one was. */
  readonly address: SiteAddress | null;
  /** The last incarnation of the site that is known of; 0 where there was none. */
  readonly incarnation: number;
}

/** The note with the change begun, or why it cannot. Sites that remain need a majority and one spare. */
export function beginChange(
  sites: ClusterSites,
  wanted: WantedChange,
): { readonly ok: true; readonly sites: ClusterSites } | { ok: false; reason: SiteChangeRefusal } {
  if (sites.change !== null) return { ok: false, reason: 'change_under_way' };
  const { kind, site, address, incarnation } = wanted;
  const isThere = sites.sites.includes(site);
  if (kind === 'add' && isThere) return { ok: false, reason: 'site_exists' };
  // Its earlier machine might come back with an old log and be taken for this one.
  if (kind === 'add' && incarnation > 0) return { ok: false, reason: 'site_was_used' };
  if (kind !== 'add' && !isThere) return { ok: false, reason: 'no_such_site' };
  const replicas = sitesAfter(sites.sites, { kind, site }).length;
  if (replicas > SITES_AT_MOST) return { ok: false, reason: 'too_many_sites' };
  const writeQuorum = Math.floor(replicas / 2) + 1;
  const sizes = { replicas, writeQuorum, readQuorum: 1 };
  if (!checkQuorumSizes(sizes).ok) return { ok: false, reason: 'too_few_sites' };
  const since = kind === 'replace' ? { ...sites.since, [site]: incarnation + 1 } : sites.since;
  const others = sites.addresses.filter((each) => each.site !== site || address === null);
  const addresses = address === null ? others : [...others, address];
  const change = { kind, site, state: 'preparing', writeQuorum } as const;
  return { ok: true, sites: { ...sites, since, addresses, change } };
}

const SITES_AT_MOST = 9;

/** The note with a change given up that nothing has come of yet. */
export function cancelChange(
  sites: ClusterSites,
): { readonly ok: true; readonly sites: ClusterSites } | { ok: false; reason: SiteChangeRefusal } {
  const { change } = sites;
  if (change === null) return { ok: false, reason: 'nothing_to_cancel' };
  // A machine that takes another's place may have begun already: the other must not come back.
  const isOpen = change.state === 'preparing' && change.kind !== 'replace';
  if (!isOpen) return { ok: false, reason: 'change_under_way' };
  const isNew = change.kind === 'add';
  const addresses = sites.addresses.filter(({ site }) => !isNew || site !== change.site);
  return { ok: true, sites: { ...sites, addresses, change: null } };
}

function sitesAfter(
  sites: readonly string[],
  { kind, site }: Pick<SiteChange, 'kind' | 'site'>,
): readonly string[] {
  if (kind === 'add') return sites.includes(site) ? sites : [...sites, site];
  return kind === 'remove' ? sites.filter((other) => other !== site) : sites;
}

/** Takes the change that is under way as far as it goes now; ends at once where there is none. */
export function advanceChange(
  ports: SiteChangePorts,
  done: (result: SiteChangeResult) => void,
): void {
  ports.coordinator.read('sites', (current) => {
    if (current === null) return done({ ok: false, reason: 'coordinator_unavailable' });
    const { value, revision } = current;
    if (value === null) return done({ ok: false, reason: 'coordinator_unavailable' });
    if (value.change === null) return done({ ok: true, sites: value });
    const next = nextNote(value, value.change);
    logEverywhere(ports, value, value.change, (laggard) => {
      if (laggard !== null) return done({ ok: false, reason: 'waiting', shard: laggard });
      ports.coordinator.swap('sites', revision, next, () => advanceChange(ports, done));
    });
  });
}

function nextNote(sites: ClusterSites, change: SiteChange): ClusterSites {
  if (change.state === 'preparing')
    return { ...sites, change: { ...change, state: 'configuring' } };
  if (change.state === 'configuring') return { ...sites, change: { ...change, state: 'settling' } };
  const gone = change.kind === 'remove' ? change.site : null;
  return {
    ...sites,
    version: sites.version + 1,
    sites: sitesAfter(sites.sites, change),
    writeQuorum: change.writeQuorum,
    addresses: sites.addresses.filter(({ site }) => site !== gone),
    change: null,
  };
}

/** Asks every shard whether it is ready, or has it log the change; tells one that is not there yet. */
function logEverywhere(
  { shards, configurationOf, submit }: SiteChangePorts,
  sites: ClusterSites,
  change: SiteChange,
  done: (laggard: string | null) => void,
): void {
  let open = shards.length;
  let laggard: string | null = null;
  const finish = (shard: string, isDone: boolean): void => {
    if (!isDone) laggard ??= shard;
    open -= 1;
    if (open === 0) done(laggard);
  };
  if (open === 0) return done(null);
  for (const shard of shards) {
    const intent = intentOf(configurationOf(shard), sites, change);
    if (intent === null) {
      finish(shard, false); // this site's log is behind
      continue;
    }
    const probe = intent.kind === 'configure' && intent.probe;
    const requestId = probe ? '' : `${intent.kind}/${sites.version + 1}/${shard}`;
    submit(shard, { requestId, since: null, intent, conditions: {} }, (answer) => {
      finish(shard, probe ? isReady(answer) : answer.outcome === 'committed');
    });
  }
}

function intentOf(now: Configuration, sites: ClusterSites, change: SiteChange): WriteIntent | null {
  if (change.state === 'settling') return { kind: 'configured', version: sites.version + 1 };
  const configuration = configurationAfter(now, sites, change);
  const probe = change.state === 'preparing';
  return configuration && { kind: 'configure', configuration, probe };
}

function isReady(answer: WriteAnswer): boolean {
  return answer.outcome === 'rejected' && answer.reason === 'ready';
}

/** What a shard's configuration is to be; null where this site's log does not say what it was. */
function configurationAfter(
  now: Configuration,
  { version, since }: ClusterSites,
  change: SiteChange,
): Configuration | null {
  if (now.version === version + 1) return now; // another driver's: it is asked for again
  if (now.version !== version) return null;
  const { writeQuorum } = change;
  return { version: version + 1, sites: sitesAfter(now.sites, change), since, writeQuorum };
}
