import { X509Certificate } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { parseAlternativeNames } from '../../certificates/alternative-names.js';
import { type CredentialPaths, readCredentials } from '../../certificates/credentials.js';
import { issuerOf } from '../../certificates/expiry.js';
import { siteUri } from '../../certificates/site-names.js';
import type { SiteConfig } from '../../site/site-config.js';
import { fault, type Finding, ok, warning } from './finding.js';

const DAY_MS = 86_400_000;
const SOON_DAYS = 30;
const RENEW = 'renew it: quorate cert renew, and copy the new files over the old ones';

/** What the site shows to the others and to its clients. */
export async function checkCertificates(config: SiteConfig, nowMs: number): Promise<Finding[]> {
  const { tls, site, cluster } = config;
  if (tls === undefined) {
    return [ok('certificates', 'none: all sites are on this machine, and speak in the clear')];
  }
  const uri = siteUri(cluster.clusterId, site);
  const named = (certificate: X509Certificate): string | null =>
    parseAlternativeNames(certificate.subjectAltName).uris.includes(uri)
      ? null
      : `it does not name this site (${uri})`;
  const findings = await checkCertificate('site certificate', tls, named, nowMs);
  if (tls.clients === 'plain') {
    const advice = 'see to it that only a proxy that speaks TLS reaches these ports';
    return [...findings, warning('client certificate', 'clients speak in the clear', advice)];
  }
  const host = config.publicHost ?? config.host;
  const answers = (certificate: X509Certificate): string | null =>
    certificate.checkHost(host) !== undefined || certificate.checkIP(host) !== undefined
      ? null
      : `it does not name ${host}, where clients find this site`;
  const paths = { ...(tls.clientCertificate ?? tls), caFile: null };
  return [...findings, ...(await checkCertificate('client certificate', paths, answers, nowMs))];
}

async function checkCertificate(
  about: string,
  paths: CredentialPaths,
  nameFault: (certificate: X509Certificate) => string | null,
  nowMs: number,
): Promise<Finding[]> {
  const read = await readCredentials(paths);
  if (!read.ok) return [fault(about, read.message, 'put the files of the same moment there')];
  const { cert, ca } = read.credentials;
  const leaf = new X509Certificate(cert);
  const misnamed = nameFault(leaf);
  const findings = [
    misnamed === null
      ? judgeTime(about, leaf, nowMs)
      : fault(about, `${paths.certFile}: ${misnamed}`, RENEW),
  ];
  if (ca !== null) findings.push(...checkAuthority(about, leaf, ca, nowMs));
  const mode = (await stat(paths.keyFile)).mode & 0o077;
  if (mode === 0) return findings;
  const message = `${paths.keyFile} can be read by others than its owner`;
  return [...findings, warning(about, message, `chmod 600 ${paths.keyFile}`)];
}

function checkAuthority(
  about: string,
  leaf: X509Certificate,
  ca: string,
  nowMs: number,
): Finding[] {
  const issuer = issuerOf(leaf, ca);
  if (issuer !== undefined) return [judgeTime('authority', issuer, nowMs)];
  return [fault(about, 'it is not signed by an authority of ca_file', RENEW)];
}

function judgeTime(about: string, certificate: X509Certificate, nowMs: number): Finding {
  const { validFrom, validTo } = certificate;
  const until = new Date(validTo).toISOString().slice(0, 10);
  if (nowMs < Date.parse(validFrom)) {
    const advice = 'set the clock of this machine right, or that where it was made';
    return fault(about, `it is not valid before ${validFrom}`, advice);
  }
  const leftDays = Math.floor((Date.parse(validTo) - nowMs) / DAY_MS);
  if (leftDays < 0) return fault(about, `it has expired on ${until}`, RENEW);
  const message = `valid until ${until}, ${leftDays} days`;
  return leftDays < SOON_DAYS ? warning(about, message, RENEW) : ok(about, message);
}
