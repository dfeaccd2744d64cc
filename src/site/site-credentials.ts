import { X509Certificate } from 'node:crypto';
import { parseAlternativeNames } from '../certificates/alternative-names.js';
import { CredentialWatch } from '../certificates/credential-watch.js';
import { siteUri } from '../certificates/site-names.js';
import type { SiteConfig } from './site-config.js';

/**
 * What a site proves itself with to the other sites, looked at again and again; null where all is in
 * the clear; or a sentence that says what is wrong.
 */
export async function openCredentials(
  { site, cluster, tls }: SiteConfig,
  report: (message: string) => void,
): Promise<CredentialWatch | string | null> {
  if (tls === undefined) return null;
  const started = await CredentialWatch.open(tls, { report });
  if (!started.ok) return started.message;
  const { watch } = started;
  const { uris } = parseAlternativeNames(new X509Certificate(watch.current.cert).subjectAltName);
  const uri = siteUri(cluster.clusterId, site);
  if (uris.includes(uri)) return watch;
  watch.close();
  const others = uris.length === 0 ? 'no site' : uris.join(', ');
  return `the certificate in ${tls.certFile} is of ${others}, not of ${uri}`;
}
