import type { ClusterStatus } from '../api/cluster.ts';
import { formatMs } from '../design/format.ts';
import type { LiveCluster } from './live-cluster.svelte.ts';
import type { MapLink, MapSite } from './map-model.ts';

/** The sites of a running cluster, with what each is primary of. */
export function liveSites(cluster: ClusterStatus, live: LiveCluster): MapSite[] {
  return cluster.sites.map(({ site, displayName, alive }) => {
    const isUp = alive && (site === cluster.site || !live.silent.has(site));
    const leads = cluster.shards
      .map(({ shard }) => live.shard(shard) ?? cluster.shards.find((each) => each.shard === shard))
      .filter((shard) => shard?.primary === site)
      .map((shard) => shard?.shard ?? '');
    const text = leads.length === 0 ? 'primary of nothing' : `primary of ${leads.join(', ')}`;
    return { site, displayName, state: isUp ? 'up' : 'away', text: isUp ? text : 'away' };
  });
}

/** Its links, as the sites at their ends measure them. */
export function liveLinks(
  cluster: ClusterStatus,
  live: LiveCluster,
  slowed: ReadonlySet<string>,
): MapLink[] {
  const links: MapLink[] = [];
  cluster.sites.forEach((a, index) => {
    for (const b of cluster.sites.slice(index + 1)) {
      links.push(linkOf(cluster, live, slowed, a, b));
    }
  });
  return links;
}

type Site = ClusterStatus['sites'][number];

function linkOf(
  cluster: ClusterStatus,
  live: LiveCluster,
  slowed: ReadonlySet<string>,
  a: Site,
  b: Site,
): MapLink {
  const views = [a.site, b.site].flatMap((from) => {
    const status = live.silent.has(from) ? undefined : live.statuses.get(from);
    const seen = status ?? (from === cluster.site ? cluster : undefined);
    const to = from === a.site ? b.site : a.site;
    return seen?.sites.find(({ site }) => site === to) ?? [];
  });
  // Either end knows; one that is gone tells nothing new.
  const isUp = views.length > 0 && views.every(({ alive }) => alive);
  const roundTripMs = views.find((view) => view.roundTripMs !== null)?.roundTripMs ?? null;
  const isSlow = slowed.has(`${a.site}-${b.site}`) || slowed.has(`${b.site}-${a.site}`);
  const both = `${a.displayName} and ${b.displayName}`;
  if (!isUp) {
    return {
      a: a.site,
      b: b.site,
      state: 'down',
      text: 'no link',
      label: `no link between ${both}`,
    };
  }
  const text = roundTripMs === null ? '…' : formatMs(Math.round(roundTripMs));
  const label = `between ${both}: round trip ${text}${isSlow ? ', slowed down' : ''}`;
  return { a: a.site, b: b.site, state: isSlow ? 'slow' : 'up', text, label };
}
