import { X509Certificate } from 'node:crypto';
import { type Credentials, splitPem } from './credentials.js';

/** How long before a certificate ends operators are told. */
export const EXPIRES_SOON_MS = 14 * 86_400_000;

export interface Expiry {
  readonly of: 'certificate' | 'authority';
  /** Since 1970. */
  readonly atMs: number;
}

/** When the certificate ends, and the authority that signed it; of others in the file nothing. */
export function expiriesOf({ cert, ca }: Credentials): Expiry[] {
  const leaf = new X509Certificate(cert);
  const own: Expiry = { of: 'certificate', atMs: Date.parse(leaf.validTo) };
  if (ca === null) return [own];
  const issuer = issuerOf(leaf, ca);
  return issuer === undefined
    ? [own]
    : [own, { of: 'authority', atMs: Date.parse(issuer.validTo) }];
}

/** Of the authorities of a file in PEM the one that signed the certificate. */
export function issuerOf(leaf: X509Certificate, ca: string): X509Certificate | undefined {
  const roots = splitPem(ca).map((text) => new X509Certificate(text));
  return roots.find((root) => leaf.checkIssued(root) && leaf.verify(root.publicKey));
}
