import { isIP } from 'node:net';
import { isAbsolute } from 'node:path';
import type { QuorumSizes } from '../../protocol/quorum.js';
import { checkQuorumSizes } from '../../protocol/quorum.js';
import { SITES, sitePorts } from '../cluster-address.js';

/** One machine of a cluster that is to be. */
export interface PlannedSite {
  readonly site: string;
  readonly displayName: string;
  /** The IP address or DNS name at which the other sites and the clients find it. */
  readonly host: string;
}

/** All that the files of a cluster are made from, but for secrets. */
export interface ClusterLayout {
  readonly clusterId: string;
  readonly sites: readonly PlannedSite[];
  readonly quorums: QuorumSizes;
  /** The same on every machine. */
  readonly ports: {
    readonly http: number;
    readonly s3: number;
    readonly peer: number;
    readonly etcdClient: number;
    readonly etcdPeer: number;
  };
  /** Absolute; on the machine of each site. */
  readonly dataFolder: string;
  /** Where each machine keeps its part of the cluster's folder. */
  readonly configFolder: string;
}

export interface LayoutRequest {
  readonly clusterId: string;
  /** `id=host` each. */
  readonly sites: readonly string[];
  readonly basePort: number;
  readonly dataFolder: string;
}

export const CONFIG_FOLDER = '/etc/quorate';
export const DEFAULT_DATA_FOLDER = '/var/lib/quorate';
const ETCD_CLIENT_PORT = 2379;
export const ETCD_PEER_PORT = 2380;

const SITE_ID = /^[a-z0-9-]{1,32}$/;
const DNS_NAME =
  /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;

/** The layout, or all that is wrong with what was asked for, one sentence each. */
export function planLayout(request: LayoutRequest): ClusterLayout | readonly string[] {
  const faults: string[] = [];
  const sites: PlannedSite[] = [];
  for (const text of request.sites) {
    const read = readSite(text);
    if (typeof read === 'string') faults.push(read);
    else sites.push(read);
  }
  sites.forEach(({ site, host }, index) => {
    const earlier = sites.slice(0, index);
    if (earlier.some((other) => other.site === site)) faults.push(`the site "${site}" twice`);
    if (earlier.some((other) => other.host === host)) faults.push(`the address ${host} twice`);
  });
  const replicas = request.sites.length;
  const writeQuorum = Math.floor(replicas / 2) + 1;
  const quorums = { replicas, writeQuorum, readQuorum: 1 };
  const checked = checkQuorumSizes(quorums);
  if (!checked.ok) faults.push(`${replicas} sites: ${checked.message}`);
  if (!isAbsolute(request.dataFolder)) faults.push('--data has to be an absolute path');
  if (faults.length > 0) return faults;
  const ports = { ...sitePorts(request.basePort, 0), etcdClient: ETCD_CLIENT_PORT };
  const { clusterId, dataFolder } = request;
  return {
    clusterId,
    sites,
    quorums,
    ports: { ...ports, etcdPeer: ETCD_PEER_PORT },
    dataFolder,
    configFolder: CONFIG_FOLDER,
  };
}

/** `id=host`, or what is wrong with it. */
export function readSite(text: string): PlannedSite | string {
  const equals = text.indexOf('=');
  const site = equals < 0 ? text : text.slice(0, equals);
  const host = equals < 0 ? '' : text.slice(equals + 1).replace(/^\[|\]$/g, '');
  if (!SITE_ID.test(site)) return `"${site}" is no id of a site: 1 to 32 of a-z, 0-9 and "-"`;
  if (host === '') return `"${text}": write ID=ADDRESS, as in nyc=10.0.0.1`;
  const isUnspecified = host === '0.0.0.0' || host === '::';
  const isNumeric = /^[\d.]+$/.test(host);
  if (isUnspecified || (isIP(host) === 0 && (isNumeric || !DNS_NAME.test(host)))) {
    return `"${host}" of ${site} is neither an IP address nor a DNS name that others could reach`;
  }
  const displayName = SITES.find((known) => known.site === site)?.displayName ?? site;
  return { site, displayName, host };
}

/** Where the site listens: at its own address, or everywhere when only a name is known. */
export function listenHost({ host }: PlannedSite): string {
  return isIP(host) === 0 ? '0.0.0.0' : host;
}

export function urlOf(scheme: 'https', host: string, port: number): string {
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** The layout's sites, this one first. */
export function startingWith(
  { sites }: ClusterLayout,
  { site }: PlannedSite,
): readonly PlannedSite[] {
  return [...sites].sort((a, b) => Number(b.site === site) - Number(a.site === site));
}
