import type { SiteNode } from '../protocol/node/site-node.js';
import type { Configuration } from '../protocol/log-entry.js';
import type { ClusterSites, SiteAddress, SiteRecord } from '../protocol/ports.js';
import { activeOf, latestOf } from '../protocol/shard/membership.js';
import type { PeerNetwork } from '../transport/peer-network.js';
import { peersByNearness } from './node-config.js';
import type { ShardHome } from './site-change-desk.js';
import type { SiteConfig } from './site-config.js';
import { SiteRetired } from './start-failure.js';

/** Whether the site is one of those that keep the store, or on its way to be. */
export function isOfCluster({ sites, change }: ClusterSites, site: string): boolean {
  return sites.includes(site) || (change?.kind === 'add' && change.site === site);
}

/**
 * How the sites have changed since the configuration file was written, as a sentence; null where they
 * have not. What the store's logs say holds.
 */
export function changedSince({ cluster }: SiteConfig, now: ClusterSites): string | null {
  const text = (sites: readonly string[]): string => [...sites].sort().join(', ');
  const isSame = text(cluster.sites) === text(now.sites);
  if (isSame && cluster.writeQuorum === now.writeQuorum) return null;
  return (
    `the cluster was made with ${text(cluster.sites)}, W = ${cluster.writeQuorum}, as the configuration ` +
    `file says; by now it is ${text(now.sites)}, W = ${now.writeQuorum}, which holds`
  );
}

/**
 * Which sites there are and how many a write needs: what the shards' logs here say, and for whom to
 * speak to, the note at the coordinator. The configuration file says only where that began.
 */
export class SiteList {
  private node: SiteNode | null = null;

  constructor(
    private readonly config: SiteConfig,
    private note: ClusterSites,
  ) {}

  /** The network follows from now on; `retire`: there is no place for this site any more, and why. */
  connect(
    node: SiteNode,
    network: Pick<PeerNetwork, 'setPeers'>,
    own: SiteRecord,
    retire: (why: SiteRetired) => void,
  ): void {
    this.node = node;
    node.siteChanges.changed = (sites) => {
      this.note = sites;
      network.setPeers(this.peers);
      const why = retiredBy(sites, own);
      if (why !== null) retire(new SiteRetired(why));
    };
  }

  /** The newest that any log here names; it may not have committed yet. */
  get configuration(): Configuration {
    let newest: Configuration | undefined;
    for (const { state } of this.node?.drives.values() ?? []) {
      const latest = latestOf(state.membership);
      if (newest === undefined || latest.version > newest.version) newest = latest;
    }
    const { version, sites, since, writeQuorum } = this.note;
    return newest ?? { version, sites, since, writeQuorum };
  }

  /** Of all shards, before and after a change that is under way: the most that one of them needs. */
  get writeQuorum(): number {
    const drives = [...(this.node?.drives.values() ?? [])];
    const active = drives.flatMap(({ state }) => activeOf(state));
    return Math.max(...[this.configuration, ...active].map(({ writeQuorum }) => writeQuorum));
  }

  /** Those that count and one that is being added, in the order in which they came. */
  get sites(): string[] {
    const { sites, change } = this.note;
    const coming = change?.kind === 'add' ? [change.site] : [];
    return [...new Set([...sites, ...this.configuration.sites, ...coming])];
  }

  /** All whom this site speaks to, nearest first; those that came later last. */
  get peers(): string[] {
    const { config, note } = this;
    const before = peersByNearness(config);
    const wanted = note.sites.filter((site) => !before.includes(site));
    if (note.change?.kind === 'add') wanted.push(note.change.site);
    return [...new Set([...before, ...wanted])].filter(
      (site) => site !== config.site && isOfCluster(note, site) && this.addressOf(site),
    );
  }

  /** The shards whose home the site is, and who would be it without that site. */
  homesOf(site: string): ShardHome[] {
    return [...(this.node?.drives.values() ?? [])].flatMap(({ shard, state }) => {
      const [home, next = ''] = latestOf(state.membership).sites;
      return home === site ? [{ shard, next }] : [];
    });
  }

  /** Where a site is by now; undefined where nobody said. */
  addressOf(site: string): SiteAddress | undefined {
    const moved = this.note.addresses.find((each) => each.site === site);
    return moved ?? this.config.peers.find((each) => each.site === site);
  }
}

function retiredBy(sites: ClusterSites, { site, incarnation }: SiteRecord): string | null {
  if (incarnation < (sites.since[site] ?? 0)) {
    return 'another machine has taken the place of this one';
  }
  if (isOfCluster(sites, site)) return null;
  return `the cluster goes on without ${site}; its data folder is not needed any more`;
}
