import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { SiteEndpoint } from '../client/site-endpoint.js';
import { UsageError } from './exit-code.js';

/** The three sites of `quorate up`, in the order of their ports. */
export const SITES = [
  { site: 'nyc', displayName: 'New York' },
  { site: 'tor', displayName: 'Toronto' },
  { site: 'lon', displayName: 'London' },
] as const;

export const DEFAULT_BASE_PORT = 7400;

/** Ports of the site with this index: HTTP is base + 11, 21, 31; the others follow it. */
export function sitePorts(
  basePort: number,
  index: number,
): { http: number; s3: number; peer: number } {
  const first = basePort + 10 * (index + 1);
  return { http: first + 1, s3: first + 2, peer: first + 9 };
}

/** Reads a base port; the ports up to 39 above it are used. */
export function readBasePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1024 || port > 65_496) {
    throw new UsageError(`"${text}" is no base port: it has to be between 1024 and 65496`);
  }
  return port;
}

/**
 * `nyc=http://host:7411,tor=…`, or the sites of `quorate up` at a base port. `ca`: authorities in PEM
 * that are believed in place of the system's. `local`: which sites those of `quorate up` are.
 */
export function readSites(
  text: string | undefined,
  basePort: number,
  ca?: string,
  local: readonly { readonly site: string; readonly place: number }[] = SITES.map(
    ({ site }, place) => ({ site, place }),
  ),
): SiteEndpoint[] {
  if (text === undefined || text === '') {
    return local.map(({ site, place }) => ({
      site,
      url: `http://127.0.0.1:${sitePorts(basePort, place).http}`,
    }));
  }
  return text.split(',').map((part) => {
    const [, site, url] = /^([a-z0-9-]+)=(https?:\/\/[^/\s]+)\/?$/.exec(part.trim()) ?? [];
    if (part.includes('@')) {
      const shown = 'a key is shown with --key or QUORATE_KEY';
      throw new UsageError(`the address of a site holds no user and no password: ${shown}`);
    }
    if (site === undefined || url === undefined || !URL.canParse(url)) {
      throw new UsageError(
        `"${part}" is no site: write NAME=https://HOST:PORT or NAME=http://HOST:PORT`,
      );
    }
    return { site, url, ...(ca !== undefined && { ca }) };
  });
}

/** Authorities in PEM from a file that a user names. */
export function readAuthorities(file: string | undefined, folder: string): string | undefined {
  if (file === undefined || file === '') return undefined;
  let text: string;
  try {
    text = readFileSync(resolve(folder, file), 'utf8');
  } catch (error) {
    throw new UsageError(`--ca: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  throw new UsageError(`--ca: ${file} holds no certificate in PEM`);
}
