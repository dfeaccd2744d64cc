import type { CredentialSource } from '../certificates/credential-watch.js';
import type { NodeConfig } from '../protocol/node/config.js';
import type { SiteNode } from '../protocol/node/site-node.js';
import type { PeerNetwork, TransportEvent } from '../transport/peer-network.js';
import { createPeerNetwork } from '../transport/tcp-network.js';
import type { SiteConfig } from './site-config.js';
import type { SiteList } from './site-list.js';
import { parseSiteMessage } from './site-messages.js';
import type { Report } from './telemetry/site-log.js';
import type { SiteTelemetry } from './telemetry/site-telemetry.js';

/** What happens whenever a site is away. */
const EXPECTED: ReadonlySet<TransportEvent['kind']> = new Set(['dial_failed', 'connection_lost']);
/** The same mishap with the same site is reported once in this time. */
const REPORT_ROUND_MS = 10_000;

/** This site's sessions with the others, not yet started. */
export function createSiteNetwork(
  config: SiteConfig,
  { run, incarnation }: NodeConfig,
  list: Pick<SiteList, 'peers' | 'addressOf'>,
  credentials: CredentialSource | null,
  report: Report,
): PeerNetwork {
  const { site, cluster, host, peerPort, wan } = config;
  return createPeerNetwork({
    site,
    clusterId: cluster.clusterId,
    run,
    incarnation,
    listen: { host, port: peerPort },
    peers: list.peers,
    addressOf: (to) => {
      const peer = list.addressOf(to);
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
  telemetry: Pick<SiteTelemetry, 'report' | 'messages' | 'heard'>,
): void {
  const { report, messages } = telemetry;
  network.onUp((site, { incarnation }) => {
    // A machine that was replaced, and has not heard of it.
    if (incarnation < (node.siteChanges.sites?.since[site] ?? 0)) {
      return network.reject(site, 'this machine was replaced by another one');
    }
    report(`is in touch with ${site}`, { event: 'site-back', fields: { peer: site } });
    node.peer(site, true);
  });
  network.onDown((site) => {
    const fields = { peer: site };
    report(`has lost touch with ${site}`, { event: 'site-lost', level: 'warn', fields });
    node.peer(site, false);
  });
  network.onMessage((from, value) => {
    const parsed = parseSiteMessage(value);
    if (!parsed.ok) return network.reject(from, parsed.reason);
    messages.heard(from, parsed.message);
    try {
      node.receive(from, parsed.message);
      telemetry.heard(parsed.message);
    } catch (error) {
      // A record that cannot be read: the other site gets no answer and asks elsewhere.
      report(`a message of ${from} could not be dealt with: ${String(error)}`, { level: 'error' });
    }
  });
}

function rarely(report: Report): (event: TransportEvent) => void {
  const reportedMs = new Map<string, number>();
  return ({ kind, site, message }) => {
    const nowMs = performance.now();
    const key = `${kind} ${site}`;
    if (nowMs - (reportedMs.get(key) ?? Number.NEGATIVE_INFINITY) < REPORT_ROUND_MS) return;
    reportedMs.set(key, nowMs);
    const level = EXPECTED.has(kind) ? 'info' : 'warn';
    const fields = { kind, ...(site !== '' && { peer: site }) };
    const whom = site === '' ? '' : ` with ${site}`;
    report(`network${whom}: ${message}`, { level, fields });
  };
}
