import type { CredentialSource } from '../certificates/credential-watch.js';
import type { NodeConfig } from '../protocol/node/config.js';
import type { SiteNode } from '../protocol/node/site-node.js';
import type { PeerNetwork, TransportEvent } from '../transport/peer-network.js';
import { createPeerNetwork } from '../transport/tcp-network.js';
import type { SiteConfig } from './site-config.js';
import { parseSiteMessage } from './site-messages.js';

/** The same mishap with the same site is reported once in this time. */
const REPORT_ROUND_MS = 10_000;

/** This site's sessions with the others, not yet started. */
export function createSiteNetwork(
  config: SiteConfig,
  { run, incarnation }: NodeConfig,
  credentials: CredentialSource | null,
  report: (message: string) => void,
): PeerNetwork {
  const { site, cluster, host, peerPort, wan } = config;
  const peers = new Map(config.peers.map((peer) => [peer.site, peer]));
  return createPeerNetwork({
    site,
    clusterId: cluster.clusterId,
    run,
    incarnation,
    listen: { host, port: peerPort },
    peers: [...peers.keys()],
    addressOf: (to) => {
      const peer = peers.get(to);
      if (peer === undefined) throw new Error(`no such site: ${to}`);
      return { host: peer.host, port: peer.peerPort };
    },
    ...(credentials && { tls: { clusterId: cluster.clusterId, credentials } }),
    wan,
    report: rarely(report),
  });
}

/** Brings what the other sites say, once it is judged, to the protocol. */
export function connectNode(
  network: PeerNetwork,
  node: SiteNode,
  report: (message: string) => void,
): void {
  network.onUp((site) => node.peer(site, true));
  network.onDown((site) => node.peer(site, false));
  network.onMessage((from, value) => {
    const parsed = parseSiteMessage(value);
    if (!parsed.ok) return network.reject(from, parsed.reason);
    try {
      node.receive(from, parsed.message);
    } catch (error) {
      // A record that cannot be read: the other site gets no answer and asks elsewhere.
      report(`a message of ${from} could not be dealt with: ${String(error)}`);
    }
  });
}

function rarely(report: (message: string) => void): (event: TransportEvent) => void {
  const reportedMs = new Map<string, number>();
  return ({ kind, site, message }) => {
    const nowMs = performance.now();
    const key = `${kind} ${site}`;
    if (nowMs - (reportedMs.get(key) ?? Number.NEGATIVE_INFINITY) < REPORT_ROUND_MS) return;
    reportedMs.set(key, nowMs);
    report(`network: ${kind}${site === '' ? '' : ` (${site})`}: ${message}`);
  };
}
