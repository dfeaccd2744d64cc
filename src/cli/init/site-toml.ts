import {
  listenHost,
  startingWith,
  urlOf,
  type ClusterLayout,
  type PlannedSite,
} from './cluster-layout.js';

/** The configuration of one site, with a word on each key. */
export function siteToml(layout: ClusterLayout, own: PlannedSite, adminKeyHash: string): string {
  const { ports, quorums, sites } = layout;
  const listen = listenHost(own);
  const isFirst = sites.some(({ site }) => site === own.site);
  return `# ${own.displayName}: one site of a Quorate cluster. Paths are relative to this file's folder.
# Run it: quorate site --config ${own.site}.toml     Check it: quorate doctor --config ${own.site}.toml
format = 1
site = ${text(own.site)}
${
  isFirst
    ? ''
    : `# It came later: [cluster] and [homes] say how the cluster was made, and stay so.
added = true
`
}display_name = ${text(own.displayName)}

# This site's alone, on a disk with room for every file of the cluster.
data_folder = ${text(`${layout.dataFolder}/${own.site}`)}

# Where it listens, and, where that differs, the name that clients are told.
host = ${text(listen)}
${listen === own.host ? '# ' : ''}public_host = ${text(own.host)}
http_port = ${ports.http}    # HTTP API, sessions of clients, console
s3_port = ${ports.s3}      # S3; take it out to serve none
peer_port = ${ports.peer}    # the other sites

# Seals the secrets of access keys: the same file at all sites. Keep a copy elsewhere.
key_file = "seal.key"
# The administrator's key is not here, only its hash.
admin_key_hash = ${text(adminKeyHash)}

# Homes of files by their shard, each named after its home site.
[homes]
${sites.map(({ site }) => `${text(site)} = ${text(site)}`).join('\n')}

# Fixed when the cluster is made.
[cluster]
id = ${text(layout.clusterId)}
sites = [${sites.map(({ site }) => text(site)).join(', ')}]
replicas = ${quorums.replicas}
write_quorum = ${quorums.writeQuorum}
read_quorum = ${quorums.readQuorum}

# Sites prove with these who they are. The files are looked at every few seconds: replace them to renew.
[tls]
ca_file = "ca.pem"
cert_file = "site.pem"
key_file = "site.key"
# "plain" only behind a proxy that speaks TLS to the clients.
clients = "tls"
# A certificate that browsers know, for the ports of clients:
# client_cert_file = "/etc/letsencrypt/live/${own.host}/fullchain.pem"
# client_key_file = "/etc/letsencrypt/live/${own.host}/privkey.pem"

# Claims, epochs and settings are kept in etcd; the nearest member first.
[coordinator.etcd]
endpoints = [
${startingWith(layout, own)
  .map(({ host }) => `  ${text(urlOf('https', host, ports.etcdClient))},`)
  .join('\n')}
]
ca_file = "ca.pem"
cert_file = "site.pem"
key_file = "site.key"

${sites
  .filter(({ site }) => site !== own.site)
  .map((peer) => peerTable(peer, layout))
  .join('\n')}
# Which site is the home of which names, used when the cluster is new; later: quorate primary set.
${sites
  .map(({ site }) => ruleTable(`*/${site}/*`, [site]))
  .concat(
    ruleTable(
      'default',
      sites.map(({ site }) => site),
    ),
  )
  .join('\n')}`;
}

function peerTable({ site, displayName, host }: PlannedSite, { ports }: ClusterLayout): string {
  return `[[peers]]
site = ${text(site)}
display_name = ${text(displayName)}
host = ${text(host)}
peer_port = ${ports.peer}
http_url = ${text(urlOf('https', host, ports.http))}
`;
}

function ruleTable(pattern: string, shards: readonly string[]): string {
  return `[[rules]]
pattern = ${text(pattern)}
sites = [${shards.map(text).join(', ')}]
`;
}

/** JSON's strings of printable text are TOML's too. */
function text(value: string): string {
  return JSON.stringify(value);
}
