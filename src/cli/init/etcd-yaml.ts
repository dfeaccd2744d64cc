import { isIP } from 'node:net';
import { listenHost, urlOf, type ClusterLayout, type PlannedSite } from './cluster-layout.js';

/*
 * What etcd recommends for members far apart: a heartbeat of about the longest round trip, and
 * elections after ten of them. Quorate's own failover does not wait for etcd's elections unless the
 * lost machine had etcd's leader.
 */
const HEARTBEAT_MS = 100;
const ELECTION_MS = 1000;

/** The configuration file of one site's member of etcd; with it etcd looks at no flags. */
export function etcdYaml(layout: ClusterLayout, own: PlannedSite): string {
  const { ports, sites, dataFolder, configFolder } = layout;
  const listen = listenHost(own);
  const clients = [listen, ...(isIP(own.host) === 0 || isLoopback(own.host) ? [] : ['127.0.0.1'])];
  const members = sites.map(({ site, host }) => `${site}=${urlOf('https', host, ports.etcdPeer)}`);
  return `# The member of etcd at ${own.displayName}. Run it: etcd --config-file etcd.yaml
name: ${own.site}
data-dir: ${dataFolder}/etcd-${own.site}

listen-client-urls: ${clients.map((host) => urlOf('https', host, ports.etcdClient)).join(',')}
advertise-client-urls: ${urlOf('https', own.host, ports.etcdClient)}
listen-peer-urls: ${urlOf('https', listen, ports.etcdPeer)}
initial-advertise-peer-urls: ${urlOf('https', own.host, ports.etcdPeer)}

# All members, for the first start; afterwards etcd keeps the list itself.
initial-cluster: ${members.join(',')}
initial-cluster-token: ${layout.clusterId}
initial-cluster-state: new

# Milliseconds; the same at all members. The heartbeat is about the longest round trip between two
# sites, the election timeout ten times that.
heartbeat-interval: ${HEARTBEAT_MS}
election-timeout: ${ELECTION_MS}
pre-vote: true

# What was overwritten long ago is dropped.
auto-compaction-mode: revision
auto-compaction-retention: "1000"
quota-backend-bytes: 268435456

client-transport-security:
  trusted-ca-file: ${configFolder}/ca.pem
  client-cert-auth: true
  cert-file: ${configFolder}/etcd.pem
  key-file: ${configFolder}/etcd.key
peer-transport-security:
  trusted-ca-file: ${configFolder}/ca.pem
  client-cert-auth: true
  cert-file: ${configFolder}/etcd.pem
  key-file: ${configFolder}/etcd.key

logger: zap
log-level: warn
`;
}

function isLoopback(host: string): boolean {
  return host.startsWith('127.') || host === '::1';
}
