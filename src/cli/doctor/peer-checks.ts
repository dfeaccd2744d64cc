import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, rootCertificates } from 'node:tls';
import { CredentialWatch } from '../../certificates/credential-watch.js';
import { exchange } from '../../client/site-endpoint.js';
import type { PeerConfig, SiteConfig } from '../../site/site-config.js';
import { clientOptions, type PeerTls, tlsFault } from '../../transport/peer-tls.js';
import { fault, type Finding, ok, shortMs, warning } from './finding.js';

const REACH_LIMIT_MS = 5000;
const AHEAD_MS = 2000;
/** S3 takes signatures that are this much off, and no more. */
const FAR_AHEAD_MS = 15 * 60_000;

/** Whether the other sites are reached, are who they should be, and have the same time. */
export async function checkPeers(config: SiteConfig): Promise<Finding[]> {
  const tls = await peerTls(config);
  const perPeer = await Promise.all(
    config.peers.map(async (peer) => [
      await checkReach(peer, tls),
      ...(await checkTime(peer, tls?.credentials.current.ca ?? null)),
    ]),
  );
  return perPeer.flat();
}

/** Null in the clear; also where the files cannot be used, which is said elsewhere. */
async function peerTls({ tls, cluster }: SiteConfig): Promise<PeerTls | null> {
  if (tls === undefined) return null;
  const opened = await CredentialWatch.open(tls, { report: () => undefined });
  if (!opened.ok) return null;
  opened.watch.close();
  return { clusterId: cluster.clusterId, credentials: opened.watch };
}

async function checkReach(peer: PeerConfig, tls: PeerTls | null): Promise<Finding> {
  const about = `site ${peer.site}`;
  const where = `${peer.host}:${peer.peerPort}`;
  const reached = await reach(peer, tls);
  if (reached.ok) {
    const how = tls === null ? 'in the clear' : 'under TLS, and is who it should be';
    return ok(about, `${where} answers ${how}; round trip ${shortMs(reached.roundTripMs)}`);
  }
  const { code, isConnected, message } = reached;
  if (isConnected) {
    const advice =
      'see that both have certificates of the same cluster, in date, at the right place';
    return fault(about, `${where} was reached, but: ${message}`, advice);
  }
  if (code === 'ECONNREFUSED') {
    const advice = 'start the site there; if it runs, see that nothing in between refuses the port';
    return warning(about, `${where} refuses: nothing listens there yet`, advice);
  }
  const advice =
    code === 'ENOTFOUND' || code === 'EAI_AGAIN'
      ? 'see that the name is known to DNS'
      : `open port ${peer.peerPort} for this machine in the firewalls there and in between`;
  return fault(about, `${where} is not reached: ${message}`, advice);
}

type Reach =
  | { readonly ok: true; readonly roundTripMs: number }
  | {
      readonly ok: false;
      readonly code: string;
      readonly isConnected: boolean;
      readonly message: string;
    };

/** Connects as the site would. A TCP connection takes one round trip. */
function reach({ site, host, peerPort: port }: PeerConfig, tls: PeerTls | null): Promise<Reach> {
  return new Promise((resolve) => {
    const beganMs = performance.now();
    let roundTripMs = -1;
    const socket: Socket =
      tls === null
        ? connectTcp({ host, port })
        : connectTls({ host, port, ...clientOptions(tls, site) });
    const finish = (result: Reach): void => {
      clearTimeout(timer);
      resolve(result);
      socket.destroy();
    };
    const timer = setTimeout(() => {
      const message = `no answer within ${REACH_LIMIT_MS / 1000} s`;
      finish({ ok: false, code: 'ETIMEDOUT', isConnected: roundTripMs >= 0, message });
    }, REACH_LIMIT_MS);
    socket.once('connect', () => {
      roundTripMs = performance.now() - beganMs;
      if (tls === null) finish({ ok: true, roundTripMs });
    });
    socket.once('secureConnect', () => finish({ ok: true, roundTripMs }));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const isConnected = roundTripMs >= 0;
      const message = isConnected ? tlsFault(error) : error.message;
      finish({ ok: false, code: error.code ?? '', isConnected, message });
    });
  });
}

/** By the Date that the other site's answers carry, in whole seconds. */
async function checkTime({ site, httpUrl }: PeerConfig, ca: string | null): Promise<Finding[]> {
  const trusted = ca === null ? {} : { ca: [...rootCertificates, ca].join('\n') };
  const beganMs = Date.now();
  const call = { method: 'GET', path: '/health', silenceLimitMs: REACH_LIMIT_MS } as const;
  const reply = await exchange({ site, url: httpUrl, ...trusted }, call);
  const about = `clock of ${site}`;
  if (reply.kind !== 'reply') {
    const advice = 'it is compared once the site runs and its port for clients is reached';
    return [warning(about, `not known: ${reply.message}`, advice)];
  }
  reply.body.resume();
  const theirsMs = Date.parse(reply.headers.date ?? '') + 500;
  if (Number.isNaN(theirsMs)) return [];
  return [judgeOffset(about, theirsMs - (beganMs + Date.now()) / 2)];
}

/** Durations count, and no dates; but certificates and signatures have dates in them. */
export function judgeOffset(about: string, offsetMs: number): Finding {
  const seconds = (Math.abs(offsetMs) / 1000).toFixed(1);
  if (Math.abs(offsetMs) <= AHEAD_MS) return ok(about, 'agrees with ours to within two seconds');
  const message = `${seconds} s ${offsetMs > 0 ? 'ahead of' : 'behind'} ours`;
  const advice =
    'let all machines keep their clocks by NTP: certificates and signatures have dates';
  return Math.abs(offsetMs) > FAR_AHEAD_MS
    ? fault(about, message, advice)
    : warning(about, message, advice);
}
