import { X509Certificate } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseAlternativeNames } from '../certificates/alternative-names.js';
import { CertificateAuthority } from '../certificates/certificate-authority.js';
import { messageOf } from './folder-transfer.js';

export type Renewal =
  | { readonly ok: true; readonly certificate: X509Certificate; readonly keyFile: string }
  | { readonly ok: false; readonly message: string };

/** The authority of a cluster's folder. */
export async function readAuthority(folder: string): Promise<CertificateAuthority | string> {
  const [certFile, keyFile] = [join(folder, 'ca.pem'), join(folder, 'ca.key')];
  try {
    const certificate = await readFile(certFile, 'utf8');
    const read = CertificateAuthority.read({ certificate, key: await readFile(keyFile, 'utf8') });
    return typeof read === 'string' ? `${certFile} and ca.key are no authority: ${read}` : read;
  } catch (error) {
    return `the cluster's authority cannot be read: ${messageOf(error)}`;
  }
}

/**
 * Puts in the place of a certificate and its key new ones with the same names. The key is replaced
 * first; whoever watches the files takes both together once they belong together.
 */
export async function renewCertificate(
  authority: CertificateAuthority,
  certFile: string,
  { nowMs, days }: { readonly nowMs: number; readonly days: number },
): Promise<Renewal> {
  const keyFile = certFile.replace(/\.pem$/, '.key');
  if (keyFile === certFile) return { ok: false, message: `${certFile} does not end in .pem` };
  try {
    const old = new X509Certificate(await readFile(certFile, 'utf8'));
    const { uris, dnsNames, addresses } = parseAlternativeNames(old.subjectAltName);
    const commonName = /^CN=(.+)$/m.exec(old.subject)?.[1];
    if (old.ca || commonName === undefined) {
      return { ok: false, message: `${certFile} is not the certificate of a site or of etcd` };
    }
    const hosts = [...dnsNames, ...addresses.map(plainAddress)];
    const issued = authority.issue({ commonName, uris, hosts, nowMs, days });
    await replace(keyFile, issued.key, 0o600);
    await replace(certFile, issued.certificate, 0o644);
    return { ok: true, certificate: new X509Certificate(issued.certificate), keyFile };
  } catch (error) {
    return { ok: false, message: `${certFile} cannot be renewed: ${messageOf(error)}` };
  }
}

/** Node writes IPv6 addresses as eight groups in capitals. */
function plainAddress(address: string): string {
  return address.includes(':') ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
}

async function replace(file: string, text: string, mode: number): Promise<void> {
  const draft = join(dirname(file), `.new-${process.pid}`);
  await writeFile(draft, text, { mode, flag: 'wx' });
  await rename(draft, file);
}
