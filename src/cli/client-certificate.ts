import { CredentialWatch } from '../certificates/credential-watch.js';
import type { SiteConfig } from '../site/site-config.js';

/**
 * What a site shows to its clients, and closes in the end; null where they are spoken to in the
 * clear; or a sentence that says what is wrong.
 */
export async function openClientCertificate(
  { tls }: SiteConfig,
  report: (message: string) => void,
): Promise<CredentialWatch | string | null> {
  if (tls?.clients !== 'tls') return null;
  const { certFile, keyFile } = tls.clientCertificate ?? tls;
  const started = await CredentialWatch.open({ caFile: null, certFile, keyFile }, { report });
  return started.ok ? started.watch : started.message;
}
