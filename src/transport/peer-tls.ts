import { constants } from 'node:crypto';
import type { ConnectionOptions, SecureContextOptions, TlsOptions, TLSSocket } from 'node:tls';
import { parseAlternativeNames } from '../certificates/alternative-names.js';
import type { CredentialSource } from '../certificates/credential-watch.js';
import { siteOfUri, siteUri } from '../certificates/site-names.js';

/** How sites prove to each other who they are; without it they speak in the clear. */
export interface PeerTls {
  readonly clusterId: string;
  readonly credentials: CredentialSource;
}

/**
 * What both sides of a connection between sites have in common. Every connection proves its
 * certificate anew: none is resumed.
 */
function commonOptions({ credentials }: PeerTls): SecureContextOptions {
  const { ca, cert, key } = credentials.current;
  return {
    // An empty list trusts nobody; left out, the system's authorities would be trusted.
    ca: ca ?? [],
    cert,
    key,
    minVersion: 'TLSv1.3',
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}

/** † The certificate is judged by `judgePeer`, which can say why; nothing is read before. */
export function serverOptions(tls: PeerTls): TlsOptions {
  return { ...commonOptions(tls), requestCert: true, rejectUnauthorized: false };
}

/** Rejects any certificate but the site's, whatever address it answers at. */
export function clientOptions(tls: PeerTls, to: string): ConnectionOptions {
  return {
    ...commonOptions(tls),
    rejectUnauthorized: true,
    checkServerIdentity: (_host, { subjectaltname }) => {
      const named = sitesNamed(subjectaltname, tls.clusterId);
      if (named.includes(to)) return undefined;
      return new Error(`the certificate there is of ${whom(named)}, not of the site ${to}`);
    },
  };
}

export type JudgedPeer =
  | { readonly ok: true; readonly sites: readonly string[] }
  | { readonly ok: false; readonly message: string };

/** What the certificate of somebody who connected proves, once the connection is secure. */
export function judgePeer(socket: TLSSocket, clusterId: string): JudgedPeer {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return { ok: false, message: 'no certificate was shown' };
  if (!socket.authorized) {
    // Not an Error, as its type says, but the code of one.
    const code: unknown = socket.authorizationError;
    return {
      ok: false,
      message: tlsFault({ code: typeof code === 'string' ? code : 'unauthorized' }),
    };
  }
  const sites = sitesNamed(certificate.subjectAltName, clusterId);
  if (sites.length > 0) return { ok: true, sites };
  return { ok: false, message: 'the certificate names no site of this cluster' };
}

function sitesNamed(alternativeNames: string | undefined, clusterId: string): string[] {
  return parseAlternativeNames(alternativeNames).uris.flatMap((uri) => {
    const site = siteOfUri(uri);
    return site !== null && uri === siteUri(clusterId, site) ? [site] : [];
  });
}

function whom(sites: readonly string[]): string {
  return sites.length === 0 ? 'no site of this cluster' : `the site ${sites.join(', ')}`;
}

const UNTRUSTED = "the certificate is not signed by the cluster's authority";
const FAULTS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'the certificate has expired',
  CERT_NOT_YET_VALID: 'the certificate is not valid yet',
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  CERT_SIGNATURE_FAILURE: UNTRUSTED,
  INVALID_CA: UNTRUSTED,
  INVALID_PURPOSE: 'the certificate is not for this use',
  ERR_SSL_WRONG_VERSION_NUMBER: 'the other end does not speak TLS',
  ERR_SSL_HTTP_REQUEST: 'the other end does not speak TLS, but HTTP',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'the other end does not speak TLS',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'the other end does not speak TLS 1.3',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'the other end does not speak this version of TLS',
  ERR_TLS_HANDSHAKE_TIMEOUT: 'the handshake took too long',
  ECONNRESET: 'the other end broke off during the handshake',
};

/** A handshake's failure in words, the same ones each time. */
export function tlsFault(error: {
  readonly code?: string | undefined;
  readonly reason?: string;
  readonly message?: string;
}): string {
  const { code = '', reason, message = code } = error;
  return FAULTS[code] ?? reason ?? (code.startsWith('ERR_SSL') ? code : message);
}
