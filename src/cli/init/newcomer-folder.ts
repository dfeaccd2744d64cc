import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { SitePlace } from '../../client/http-client.js';
import type { SiteConfig } from '../../site/site-config.js';
import { readAuthority } from '../certificate-renewal.js';
import { messageOf } from '../folder-transfer.js';
import { readSiteConfig } from '../site-config.js';
import { type NewFile, siteCertificate, writeFolder } from './cluster-folder.js';
import {
  CONFIG_FOLDER,
  type ClusterLayout,
  ETCD_PEER_PORT,
  type PlannedSite,
  readSite,
  urlOf,
} from './cluster-layout.js';
import { siteToml } from './site-toml.js';
import { siteUnit } from './systemd-units.js';

export interface NewcomerRequest {
  readonly site: string;
  readonly address: string;
  /** Its display name; as usual when not given. */
  readonly city: string | undefined;
  readonly days: number;
  readonly nowMs: number;
}

export type NewcomerFolder =
  | { readonly ok: true; readonly folder: string; readonly place: SitePlace }
  | { readonly ok: false; readonly message: string };

/**
 * Writes, in the folder of a cluster that `quorate init` made, what one more site needs: it uses the
 * etcd of the others and has no member of its own.
 */
export async function writeNewcomerFolder(
  clusterFolder: string,
  request: NewcomerRequest,
): Promise<NewcomerFolder> {
  const planned = readSite(`${request.site}=${request.address}`);
  if (typeof planned === 'string') return { ok: false, message: planned };
  const own = { ...planned, displayName: request.city ?? planned.displayName };
  const known = await readKnown(clusterFolder);
  if (!known.ok) return known;
  const { layout, adminKeyHash, seal } = known;
  if (layout.sites.some(({ host }) => host === own.host)) {
    return { ok: false, message: `${own.host} is the address of another site` };
  }
  const authority = await readAuthority(clusterFolder);
  if (typeof authority === 'string') return { ok: false, message: authority };
  const folder = join(clusterFolder, own.site);
  const written = await writeFolder(folder, [
    { path: 'ca.pem', text: authority.pem.certificate },
    { path: 'seal.key', text: seal, isSecret: true },
    ...siteCertificate(authority, { layout, ...request }, own),
    { path: `${own.site}.toml`, text: siteToml(layout, own, adminKeyHash) },
    { path: 'quorate.service', text: siteUnit(layout, own) },
  ] satisfies NewFile[]);
  if (!written.ok) return written;
  const { peer, http } = layout.ports;
  const place = {
    display_name: own.displayName,
    host: own.host,
    peer_port: peer,
    http_url: urlOf('https', own.host, http),
  };
  return { ok: true, folder, place };
}

type Known =
  | {
      readonly ok: true;
      readonly layout: ClusterLayout;
      readonly adminKeyHash: string;
      readonly seal: string;
    }
  | { readonly ok: false; readonly message: string };

/** What the folder of a site the cluster began with says of all of them. */
async function readKnown(clusterFolder: string): Promise<Known> {
  const names = await readdir(clusterFolder).catch(() => []);
  let fault = `${clusterFolder} holds no cluster: say --dir, and the folder that "quorate init" wrote`;
  for (const name of names.sort()) {
    const file = join(clusterFolder, name, `${name}.toml`);
    const text = await readFile(file, 'utf8').catch(() => null);
    if (text === null) continue;
    const read = readSiteConfig(text, file);
    if (!read.ok) {
      fault = read.message;
      continue;
    }
    const { config } = read;
    const layout = layoutOf(config);
    if (layout === null) continue;
    const { adminKeyHash = '', sealKeyFile = '' } = config;
    try {
      return { ok: true, layout, adminKeyHash, seal: await readFile(sealKeyFile, 'utf8') };
    } catch (error) {
      fault = `${file}: key_file cannot be read: ${messageOf(error)}`;
    }
  }
  return { ok: false, message: fault };
}

/** Null for a site that came later, or that no `quorate init` wrote of. */
function layoutOf(config: SiteConfig): ClusterLayout | null {
  const { cluster, coordinator, httpPort, peerPort, s3Port, peers } = config;
  if (!cluster.sites.includes(config.site) || !('etcd' in coordinator)) return null;
  const [endpoint = ''] = coordinator.etcd.endpoints;
  const { site, displayName, publicHost: host = config.host } = config;
  const all: PlannedSite[] = [{ site, displayName, host }, ...peers];
  const { replicas, writeQuorum, readQuorum } = cluster;
  return {
    clusterId: cluster.clusterId,
    sites: cluster.sites.flatMap((name) => all.filter((each) => each.site === name)),
    quorums: { replicas, writeQuorum, readQuorum },
    ports: {
      http: httpPort,
      s3: s3Port ?? httpPort + 1,
      peer: peerPort,
      etcdClient: Number(new URL(endpoint).port),
      etcdPeer: ETCD_PEER_PORT,
    },
    dataFolder: dirname(config.dataFolder),
    configFolder: CONFIG_FOLDER,
  };
}
