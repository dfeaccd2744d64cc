import { randomBytes } from 'node:crypto';
import type { NodeConfig } from '../protocol/node/config.js';
import type { SiteRecord } from '../protocol/ports.js';
import { DEFAULT_LIMITS, DEFAULT_TIMING, type ShardTiming } from '../protocol/shard/config.js';
import { DEFAULT_CLIENT_LIMITS } from './client-limits.js';
import type { SiteConfig } from './site-config.js';

/**
 * With etcd a claim outlives an election there, which takes up to two of its election timeouts (at
 * 1,000 ms, as is advised between cities: two seconds), so that losing etcd's leader stops no write.
 */
export const ETCD_TIMING: ShardTiming = { ...DEFAULT_TIMING, claimMs: 3000 };

const RETRY_MS = 20;

/** What the protocol has to know of this run of the site. */
export function nodeConfigOf(
  config: SiteConfig,
  record: SiteRecord,
  timing = 'etcd' in config.coordinator ? ETCD_TIMING : DEFAULT_TIMING,
  retired = 0,
): NodeConfig {
  const { site, cluster, homes, table } = config;
  const shards = Object.entries(homes).map(
    ([shard, home]) => [shard, successionOf(config, home)] as const,
  );
  return {
    site,
    run: `${site}.${record.incarnation}.${record.starts}.${randomBytes(4).toString('hex')}`,
    incarnation: record.incarnation,
    starts: record.starts,
    sites: cluster.sites,
    writeQuorum: cluster.writeQuorum,
    shards: new Map(shards),
    ...(retired > 0 && { retired }),
    initialRules: table,
    timing,
    limits: DEFAULT_LIMITS,
    leases: true,
    retryMs: RETRY_MS,
    requestLimit: (config.limits ?? DEFAULT_CLIENT_LIMITS).requests,
  };
}

/** The home, then the others from near to far; the same at every site. */
export function successionOf(config: SiteConfig, home: string): string[] {
  const { cluster, wan } = config;
  const distanceMs = (site: string): number =>
    (wan[`${home}-${site}`] ?? wan[`${site}-${home}`])?.rttMs ?? 0;
  const others = cluster.sites.filter((site) => site !== home);
  return [home, ...others.sort((a, b) => distanceMs(a) - distanceMs(b))];
}

/** The other sites as seen from here, from near to far. */
export function peersByNearness(config: SiteConfig): string[] {
  return config.nearness === undefined
    ? successionOf(config, config.site).slice(1)
    : [...config.nearness];
}
