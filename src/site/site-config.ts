import type { AuditSettings } from './access/audit-log.js';
import type { EtcdConfig } from '../coordinator/etcd/etcd-config.js';
import type { ClusterSettings, TableRule } from '../protocol/ports.js';
import type { ClientLimits } from './client-limits.js';
import type { LogSettings } from './telemetry/site-log.js';
import type { UpkeepSettings } from './upkeep.js';
import type { Wan } from '../transport/wan.js';

/** Another site, as its peers reach it. */
export interface PeerConfig {
  readonly site: string;
  readonly displayName: string;
  readonly host: string;
  readonly peerPort: number;
  readonly httpUrl: string;
}

/** Certificates of a site, as absolute paths of files in PEM; they may be replaced while it runs. */
export interface SiteTls {
  /** The cluster's authority: only what it signed is a site. */
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  /** What the ports for clients speak. */
  readonly clients: 'tls' | 'plain';
  /** What those ports show in place of the site's certificate. */
  readonly clientCertificate?: { readonly certFile: string; readonly keyFile: string };
}

/** Everything one site process has to know before it starts. Immutable while it runs. */
export interface SiteConfig {
  readonly site: string;
  readonly displayName: string;
  /** Absolute. This site's alone; made when it does not exist. */
  readonly dataFolder: string;
  readonly host: string;
  /** The host that clients are told; `host` when not given. */
  readonly publicHost?: string;
  readonly httpPort: number;
  readonly peerPort: number;
  /** None: everything is in the clear, which is for one machine alone. */
  readonly tls?: SiteTls;
  /** The embedded one of a machine, or etcd. */
  readonly coordinator: { readonly url: string } | { readonly etcd: EtcdConfig };
  /** All sites but this one. */
  readonly peers: readonly PeerConfig[];
  readonly cluster: ClusterSettings;
  /** Rules of the primary table, used only when the coordinator has none yet. */
  readonly table: readonly TableRule[];
  /** Home site of each shard. */
  readonly homes: Readonly<Record<string, string>>;
  /** Emulated distances between sites; empty: none. */
  readonly wan: Wan;
  /** Sites from nearest to farthest, this one left out; measured when not given. */
  readonly nearness?: readonly string[];
  /** False only for measurements that say so: what is acknowledged may then be lost. */
  readonly fsync: boolean;
  /** How it looks after what it keeps; as usual when not given. */
  readonly upkeep?: UpkeepSettings;
  /** Where S3 is served; nowhere when not given. */
  readonly s3Port?: number;
  /** How it tells what happens; as text from `info` on when not given. */
  readonly log?: LogSettings;
  /** A request that takes at least this long is put into the log. Default: 1,000. */
  readonly slowRequestMs?: number;
  /** Where spans of requests are sent, and how many; nowhere when not given. */
  readonly telemetry?: { readonly otlpEndpoint: string; readonly samplingRatio: number };
  /** What is written down of requests; changes and refusals when not given. */
  readonly audit?: AuditSettings;
  /** What it takes of its clients; `DEFAULT_CLIENT_LIMITS` when not given. */
  readonly limits?: ClientLimits;
  /** Of the administrator's key, as `adminKeyHash` gives it; none: whoever gets here may do all. */
  readonly adminKeyHash?: string;
  /** Said where there is no `adminKeyHash` and other machines reach the site all the same. */
  readonly openToAll?: true;
  /** /metrics is shown to whoever reaches the site, also where everything else wants a key. */
  readonly metricsOpen?: true;
  /** The file with what seals secrets of access keys, the same at all sites; none: no keys. */
  readonly sealKeyFile?: string;
}

/** The address under which clients find a port of this site. */
export function clientUrl(config: SiteConfig, port: number): string {
  const { publicHost, host, tls } = config;
  const name = publicHost ?? host;
  const authority = name.includes(':') ? `[${name}]` : name;
  return `${tls?.clients === 'tls' ? 'https' : 'http'}://${authority}:${port}`;
}
