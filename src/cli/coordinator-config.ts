import { resolve } from 'node:path';
import * as z from 'zod';
import { DEFAULT_ETCD_PREFIX, type EtcdConfig } from '../coordinator/etcd/etcd-config.js';
import type { SiteConfig } from '../site/site-config.js';
import { isLoopback } from './tls-config.js';

/*
 * [coordinator] of a site's configuration file: `url` for one machine, [coordinator.etcd] for
 * sites apart. Paths may be relative to the folder of that file.
 */

const ENDPOINT_LIMIT = 9;
const path = z.string().min(1);

const origin = z
  .url({ protocol: /^https?$/ })
  .refine((url) => URL.canParse(url) && isOrigin(new URL(url)), {
    error: 'expected http:// or https://, a host and a port, and nothing else',
  });

export const CoordinatorTable = z.strictObject({
  url: origin.optional(),
  etcd: z
    .strictObject({
      endpoints: z.array(origin).min(1).max(ENDPOINT_LIMIT),
      prefix: z
        .string()
        .regex(/^[!-~]{0,199}\/$/, 'expected up to 200 characters without spaces that end in "/"')
        .default(DEFAULT_ETCD_PREFIX),
      ca_file: path.optional(),
      cert_file: path.optional(),
      key_file: path.optional(),
    })
    .optional(),
});
export type CoordinatorTable = z.infer<typeof CoordinatorTable>;

type Fault = readonly [path: readonly PropertyKey[], reason: string];

function isOrigin({ pathname, search, hash, username, password }: URL): boolean {
  return pathname === '/' && `${search}${hash}${username}${password}` === '';
}

/** What the keys allow by themselves but not together. */
export function coordinatorFaults({ url, etcd }: CoordinatorTable): Fault[] {
  if (url !== undefined && etcd !== undefined) {
    return [[['coordinator', 'url'], 'either this, for one machine, or [coordinator.etcd]']];
  }
  if (etcd === undefined) {
    if (url !== undefined) return [];
    return [[['coordinator'], 'expected url, for one machine, or [coordinator.etcd]']];
  }
  const faults: Fault[] = [];
  const at = (key: string, ...more: PropertyKey[]) => ['coordinator', 'etcd', key, ...more];
  const addresses = etcd.endpoints.map((endpoint) => new URL(endpoint));
  const isSecure = addresses[0]?.protocol === 'https:';
  addresses.forEach(({ protocol, hostname, origin }, index) => {
    if ((protocol === 'https:') !== isSecure) {
      faults.push([at('endpoints', index), 'all endpoints are https, or none is']);
    } else if (!isSecure && !isLoopback(hostname.replace(/^\[|\]$/g, ''))) {
      const reason = 'is another machine, where etcd is spoken to only under TLS: use https';
      faults.push([at('endpoints', index), `${origin} ${reason}`]);
    }
    if (addresses.findIndex((other) => other.origin === origin) < index) {
      faults.push([at('endpoints', index), `${origin} is named twice`]);
    }
  });
  if ((etcd.cert_file === undefined) !== (etcd.key_file === undefined)) {
    const missing = etcd.cert_file === undefined ? 'cert_file' : 'key_file';
    faults.push([at(missing), 'a certificate and its key are named together']);
  }
  for (const key of ['ca_file', 'cert_file'] as const) {
    if (etcd[key] === undefined || isSecure) continue;
    faults.push([at(key), 'certificates are used with https endpoints only']);
  }
  return faults;
}

/** For a table without faults. */
export function coordinatorOf(
  { url = '', etcd }: CoordinatorTable,
  folder: string,
): SiteConfig['coordinator'] {
  if (etcd === undefined) return { url };
  const { ca_file: caFile, cert_file: certFile, key_file: keyFile } = etcd;
  const tls = {
    ...(caFile !== undefined && { caFile: resolve(folder, caFile) }),
    ...(certFile !== undefined && { certFile: resolve(folder, certFile) }),
    ...(keyFile !== undefined && { keyFile: resolve(folder, keyFile) }),
  };
  const config: EtcdConfig = {
    endpoints: etcd.endpoints.map((endpoint) => new URL(endpoint).origin),
    prefix: etcd.prefix,
    ...(Object.keys(tls).length > 0 && { tls }),
  };
  return { etcd: config };
}

export function coordinatorTable(coordinator: SiteConfig['coordinator']): CoordinatorTable {
  if ('url' in coordinator) return { url: coordinator.url };
  const { endpoints, prefix, tls } = coordinator.etcd;
  return {
    etcd: {
      endpoints: [...endpoints],
      prefix,
      ...(tls?.caFile !== undefined && { ca_file: tls.caFile }),
      ...(tls?.certFile !== undefined && { cert_file: tls.certFile }),
      ...(tls?.keyFile !== undefined && { key_file: tls.keyFile }),
    },
  };
}
