import { join } from 'node:path';
import type { TableRule } from '../../protocol/ports.js';
import type { SiteConfig } from '../../site/site-config.js';
import type { Wan } from '../../transport/wan.js';
import { parseWan } from '../../transport/wan.js';
import { SITES, sitePorts } from '../cluster-address.js';
import { UsageError } from '../exit-code.js';
import { FIRST_SITES, type LocalSite } from './local-sites.js';

/** What `up` was asked for. */
export interface ClusterPlanOptions {
  /** Absolute. */
  readonly dataFolder: string;
  readonly clusterId: string;
  readonly basePort: number;
  readonly wan: Wan;
  readonly fsync: boolean;
  /** None: the sites are open. */
  readonly adminKeyHash?: string;
}

export const HOST = '127.0.0.1';

/** Round trips between the three cities. */
export const DEFAULT_WAN: Wan = {
  'nyc-tor': { rttMs: 12, jitterMs: 1 },
  'nyc-lon': { rttMs: 72, jitterMs: 3 },
  'tor-lon': { rttMs: 86, jitterMs: 3 },
};

/** Which site is asked next, and takes over, when one is away. */
const NEARNESS: Readonly<Record<string, readonly string[]>> = {
  nyc: ['tor', 'lon'],
  tor: ['nyc', 'lon'],
  lon: ['nyc', 'tor'],
};

const exact = (path: string, site: string): TableRule => ({
  pattern: { kind: 'exact', name: `*/${path}` },
  shards: [site],
});
const below = (site: string): TableRule => ({
  pattern: { kind: 'prefix', prefix: `*/${site}/` },
  shards: [site],
});

/** The primary table of a new cluster; `*` + `/` at the beginning stands for any bucket. */
export const INITIAL_RULES: readonly TableRule[] = [
  exact('file1.txt', 'nyc'),
  exact('file2.txt', 'tor'),
  exact('file3.txt', 'lon'),
  below('nyc'),
  below('tor'),
  below('lon'),
  { pattern: { kind: 'default' }, shards: ['nyc', 'tor', 'lon'] },
];

export function readWan(text: string): Wan {
  const parsed = parseWan(
    text,
    SITES.map(({ site }) => site),
    DEFAULT_WAN,
  );
  if (!parsed.ok) throw new UsageError(`--wan: ${parsed.message}`);
  return parsed.wan;
}

/** The configuration of each site: of the three that a cluster begins with, if no others are given. */
export function planSites(
  options: ClusterPlanOptions,
  wanted: readonly LocalSite[] = FIRST_SITES,
): SiteConfig[] {
  const { adminKeyHash, basePort, clusterId, dataFolder, fsync, wan } = options;
  const sites = SITES.map(({ site }) => site);
  const addressed = [...FIRST_SITES, ...wanted.filter(isAdded)].map((planned) => {
    const { site, displayName, place } = planned;
    const ports = sitePorts(basePort, place);
    return {
      site,
      displayName,
      host: HOST,
      peerPort: ports.peer,
      httpPort: ports.http,
      s3Port: ports.s3,
      httpUrl: `http://${HOST}:${ports.http}`,
    };
  });
  const configs = addressed.map(({ site, displayName, peerPort, httpPort, s3Port }) => ({
    site,
    displayName,
    dataFolder: join(dataFolder, site),
    host: HOST,
    httpPort,
    s3Port,
    sealKeyFile: join(dataFolder, 'seal.key'),
    ...(adminKeyHash !== undefined && { adminKeyHash }),
    peerPort,
    coordinator: { url: `http://${HOST}:${basePort}` },
    peers: addressed
      // Whoever was there at the beginning hears of the others from the store.
      .filter((other) => other.site !== site && (isAdded({ site }) || !isAdded(other)))
      .map(({ httpPort: _, s3Port: __, ...peer }) => peer),
    cluster: { clusterId, sites, replicas: 3, writeQuorum: 2, readQuorum: 1 },
    table: INITIAL_RULES,
    homes: Object.fromEntries(sites.map((name) => [name, name])),
    wan,
    fsync,
    ...(NEARNESS[site] && { nearness: NEARNESS[site] }),
  }));
  return wanted.flatMap(({ site }) => configs.filter((config) => config.site === site));
}

function isAdded({ site }: { readonly site: string }): boolean {
  return SITES.every((first) => first.site !== site);
}
