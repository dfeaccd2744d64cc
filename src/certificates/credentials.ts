import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** Where a certificate, its private key and the authority it is measured by are kept, in PEM. */
export interface CredentialPaths {
  /** None: what the system trusts. */
  readonly caFile: string | null;
  /** The certificate, and after it those between it and the authority, if any. */
  readonly certFile: string;
  readonly keyFile: string;
}

export interface Credentials {
  readonly ca: string | null;
  readonly cert: string;
  readonly key: string;
}

export type CredentialsRead =
  | { readonly ok: true; readonly credentials: Credentials }
  /** A sentence that names the file. */
  | { readonly ok: false; readonly message: string };

/** Certificates of an authority's file, each in PEM. */
export function splitPem(text: string): string[] {
  return text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}

/** Reads them, and sees to it that they belong together. Whether they are in date is not asked. */
export async function readCredentials(paths: CredentialPaths): Promise<CredentialsRead> {
  const { caFile, certFile, keyFile } = paths;
  try {
    const ca = caFile === null ? null : await readFile(caFile, 'utf8');
    const cert = await readFile(certFile, 'utf8');
    const key = await readFile(keyFile, 'utf8');
    const credentials = { ca, cert, key };
    const message = faultOf(paths, credentials);
    return message === null ? { ok: true, credentials } : { ok: false, message };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { ok: false, message: `a certificate cannot be read: ${why}` };
  }
}

function faultOf(
  { caFile, certFile, keyFile }: CredentialPaths,
  { ca, cert, key }: Credentials,
): string | null {
  const leaf = parsed(() => new X509Certificate(cert));
  if (leaf === null) return `${certFile} holds no certificate in PEM`;
  const privateKey = parsed(() => createPrivateKey(key));
  if (privateKey === null) return `${keyFile} holds no private key in PEM`;
  if (!leaf.checkPrivateKey(privateKey)) {
    return `the key in ${keyFile} does not belong to the certificate in ${certFile}`;
  }
  if (ca === null || caFile === null) return null;
  const roots = splitPem(ca).map((text) => parsed(() => new X509Certificate(text)));
  if (roots.length === 0 || roots.includes(null)) return `${caFile} holds no certificate in PEM`;
  return null;
}

function parsed<T>(parse: () => T): T | null {
  try {
    return parse();
  } catch {
    return null;
  }
}
