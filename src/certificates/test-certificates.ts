import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CertificateAuthority, type KeyedCertificate } from './certificate-authority.js';
import type { CredentialSource } from './credential-watch.js';
import type { Credentials } from './credentials.js';

/** Credentials for tests that are replaced by hand. */
export class TestCredentials implements CredentialSource {
  private readonly listeners = new Set<() => void>();

  constructor(public current: Credentials) {}

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  replace(credentials: Credentials): void {
    this.current = credentials;
    for (const listener of this.listeners) listener();
  }
}

/** For tests: one cluster's authority, and certificates of it that answer on loopback. */
export class TestAuthority {
  readonly authority = CertificateAuthority.create('Quorate test', Date.now());

  constructor(readonly clusterId: string) {}

  get pem(): string {
    return this.authority.pem.certificate;
  }

  /** `daysFromNow`: where its validity begins. */
  site(site: string, { days = 1, daysFromNow = 0, clusterId = this.clusterId } = {}): Credentials {
    const nowMs = Date.now() + daysFromNow * 86_400_000;
    const hosts = ['127.0.0.1', 'localhost'];
    return this.with(this.authority.issueForSite(clusterId, site, { hosts, nowMs, days }));
  }

  /** A member of the cluster that is no site. */
  other(): Credentials {
    const hosts = ['127.0.0.1'];
    const request = { commonName: 'somebody', hosts, nowMs: Date.now(), days: 1 };
    return this.with(this.authority.issue(request));
  }

  private with({ certificate: cert, key }: KeyedCertificate): Credentials {
    return { ca: this.pem, cert, key };
  }
}

/** For tests: the files that a site's config names. */
export async function writeCredentials(
  folder: string,
  { ca, cert, key }: Credentials,
): Promise<{ readonly caFile: string; readonly certFile: string; readonly keyFile: string }> {
  const at = (name: string): string => join(folder, name);
  const files = { caFile: at('ca.pem'), certFile: at('site.pem'), keyFile: at('site.key') };
  await writeFile(files.caFile, ca ?? '');
  await writeFile(files.certFile, cert);
  await writeFile(files.keyFile, key, { mode: 0o600 });
  return files;
}
