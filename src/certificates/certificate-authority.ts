import type { KeyObject } from 'node:crypto';
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  X509Certificate,
} from 'node:crypto';
import { type Issuer, writeCertificate } from './certificate-writer.js';
import { siteUri } from './site-names.js';

/** A certificate and the private key that belongs to it, both in PEM. */
export interface KeyedCertificate {
  readonly certificate: string;
  readonly key: string;
}

export interface MemberRequest {
  /** Shown to people; nothing rests on it. At most 64 characters. */
  readonly commonName: string;
  readonly uris?: readonly string[];
  /** DNS names and IP addresses under which it answers. */
  readonly hosts: readonly string[];
  readonly nowMs: number;
  readonly days: number;
}

export const AUTHORITY_DAYS = 3650;
export const MEMBER_DAYS = 365;
const DAY_MS = 86_400_000;
/** Clocks of other machines may be behind by this much. */
const EARLIER_MS = 3_600_000;

/** A cluster's own certificate authority: it signs for members, and nobody else's signature counts. */
export class CertificateAuthority {
  private constructor(
    readonly pem: KeyedCertificate,
    private readonly issuer: Issuer,
    private readonly notAfterMs: number,
  ) {}

  static create(commonName: string, nowMs: number, days = AUTHORITY_DAYS): CertificateAuthority {
    const { privateKey, publicKey, key } = newKey();
    const issuer = { commonName, privateKey };
    const certificate = writeCertificate(
      {
        commonName,
        publicKey,
        role: 'authority',
        notBeforeMs: nowMs - EARLIER_MS,
        notAfterMs: nowMs + days * DAY_MS,
      },
      issuer,
    );
    const notAfterMs = nowMs + days * DAY_MS;
    return new CertificateAuthority({ certificate, key }, issuer, notAfterMs);
  }

  /** An authority that was made earlier; or a sentence that says why it is none. */
  static read(pem: KeyedCertificate): CertificateAuthority | string {
    let certificate: X509Certificate;
    let privateKey: KeyObject;
    try {
      certificate = new X509Certificate(pem.certificate);
      privateKey = createPrivateKey(pem.key);
    } catch (error) {
      return `it cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (!certificate.ca) return 'the certificate is not that of an authority';
    if (!certificate.checkPrivateKey(privateKey)) return 'the key does not belong to it';
    const commonName = /^CN=(.+)$/m.exec(certificate.subject)?.[1];
    if (commonName === undefined) return 'the certificate names nobody';
    const notAfterMs = Date.parse(certificate.validTo);
    return new CertificateAuthority(pem, { commonName, privateKey }, notAfterMs);
  }

  /** For a member with a new key; never valid for longer than the authority itself. */
  issue({ commonName, uris = [], hosts, nowMs, days }: MemberRequest): KeyedCertificate {
    const { publicKey, key } = newKey();
    const certificate = writeCertificate(
      {
        commonName,
        publicKey,
        role: 'member',
        notBeforeMs: nowMs - EARLIER_MS,
        notAfterMs: Math.min(nowMs + days * DAY_MS, this.notAfterMs),
        uris,
        hosts,
      },
      this.issuer,
    );
    return { certificate, key };
  }

  /** For a site: the other sites of the cluster know it by this certificate. */
  issueForSite(
    clusterId: string,
    site: string,
    request: Omit<MemberRequest, 'commonName' | 'uris'>,
  ): KeyedCertificate {
    const uris = [siteUri(clusterId, site)];
    return this.issue({ ...request, commonName: `Quorate site ${site}`, uris });
  }
}

function newKey(): { publicKey: KeyObject; privateKey: KeyObject; key: string } {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { privateKey, publicKey: createPublicKey(privateKey), key };
}
