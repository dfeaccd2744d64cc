import { readFile } from 'node:fs/promises';
import { type CredentialSource, CredentialWatch } from '../../certificates/credential-watch.js';
import type { EtcdTls } from './etcd-config.js';

/** In PEM; empty for a connection without TLS. */
export interface TlsSecrets {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** What each new connection is made with: files that were replaced are used from then on. */
export interface SecretSource {
  current(): TlsSecrets;
  /** The certificate shown to etcd, as it is renewed; null where none is. */
  readonly credentials: CredentialSource | null;
  close(): void;
}

export const NO_SECRETS: SecretSource = {
  current: () => ({}),
  credentials: null,
  close: () => undefined,
};

export type SecretsOpening =
  | { readonly ok: true; readonly secrets: SecretSource }
  /** A sentence that names the file. */
  | { readonly ok: false; readonly message: string };

export async function openSecrets(
  tls: EtcdTls | undefined,
  report: (message: string) => void,
): Promise<SecretsOpening> {
  const { caFile, certFile, keyFile } = tls ?? {};
  if (certFile === undefined || keyFile === undefined) {
    if (caFile === undefined) return { ok: true, secrets: NO_SECRETS };
    try {
      const ca = await readFile(caFile, 'utf8');
      return { ok: true, secrets: { ...NO_SECRETS, current: () => ({ ca }) } };
    } catch (error) {
      return { ok: false, message: `${caFile} cannot be read: ${String(error)}` };
    }
  }
  const paths = { caFile: caFile ?? null, certFile, keyFile };
  const opened = await CredentialWatch.open(paths, { report });
  if (!opened.ok) return opened;
  const { watch } = opened;
  const current = (): TlsSecrets => {
    const { ca, cert, key } = watch.current;
    return { cert, key, ...(ca !== null && { ca }) };
  };
  return { ok: true, secrets: { current, credentials: watch, close: () => watch.close() } };
}
