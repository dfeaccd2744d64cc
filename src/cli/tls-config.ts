import { isIP } from 'node:net';
import { resolve } from 'node:path';
import * as z from 'zod';
import type { SiteTls } from '../site/site-config.js';

/*
 * [tls] of a site's configuration file: what the site proves itself with. Paths may be relative to
 * the folder of that file.
 */

const path = z.string().min(1);

export const TlsTable = z.strictObject({
  ca_file: path,
  cert_file: path,
  key_file: path,
  clients: z.enum(['tls', 'plain']).default('tls'),
  client_cert_file: path.optional(),
  client_key_file: path.optional(),
});
export type TlsTable = z.infer<typeof TlsTable>;

type Fault = readonly [path: readonly PropertyKey[], reason: string];

/** What the addresses and the certificates of a file do not allow together. */
export function tlsFaults(file: {
  readonly host: string;
  readonly tls?: TlsTable | undefined;
  readonly peers: readonly { readonly host: string }[];
  readonly coordinator: { readonly url?: string | undefined };
}): Fault[] {
  const { host, tls, peers } = file;
  const coordinator = coordinatorFaults(file.coordinator.url);
  if (tls !== undefined) {
    const missing = tls.client_cert_file === undefined ? 'client_cert_file' : 'client_key_file';
    const given = [tls.client_cert_file, tls.client_key_file].filter((name) => name !== undefined);
    if (given.length !== 1) return coordinator;
    return [...coordinator, [['tls', missing], 'a certificate and its key are named together']];
  }
  const advice = 'add [tls] with ca_file, cert_file and key_file (quorate init makes them)';
  const faults = coordinator;
  if (!isLoopback(host)) {
    const reason = 'is reached from other machines, and sites take each other there only under TLS';
    faults.push([['host'], `"${host}" ${reason}: ${advice}`]);
  }
  peers.forEach((peer, index) => {
    if (isLoopback(peer.host)) return;
    const reason = `"${peer.host}" is another machine, where sites speak only under TLS: ${advice}`;
    faults.push([['peers', index, 'host'], reason]);
  });
  return faults;
}

/** The coordinator of one machine knows no TLS. */
function coordinatorFaults(url: string | undefined): Fault[] {
  if (url === undefined || isLoopback(new URL(url).hostname.replace(/^\[|\]$/g, ''))) return [];
  const reason = 'is spoken to in the clear, which is for one machine alone: use etcd';
  return [[['coordinator', 'url'], `${url} ${reason}`]];
}

/** Whether only this machine reaches it. Other names than localhost may lead anywhere. */
export function isLoopback(host: string): boolean {
  if (isIP(host) === 4) return host.startsWith('127.');
  return host === 'localhost' || host === '::1';
}

export function tlsOf(table: TlsTable, folder: string): SiteTls {
  const { client_cert_file: certFile, client_key_file: keyFile } = table;
  return {
    caFile: resolve(folder, table.ca_file),
    certFile: resolve(folder, table.cert_file),
    keyFile: resolve(folder, table.key_file),
    clients: table.clients,
    ...(certFile !== undefined &&
      keyFile !== undefined && {
        clientCertificate: {
          certFile: resolve(folder, certFile),
          keyFile: resolve(folder, keyFile),
        },
      }),
  };
}

export function tlsTable({
  caFile,
  certFile,
  keyFile,
  clients,
  clientCertificate,
}: SiteTls): TlsTable {
  return {
    ca_file: caFile,
    cert_file: certFile,
    key_file: keyFile,
    clients,
    ...(clientCertificate && {
      client_cert_file: clientCertificate.certFile,
      client_key_file: clientCertificate.keyFile,
    }),
  };
}
