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

/** `nyc=http://host:7411,tor=…`, or the sites of `quorate up` at a base port. */
export function readSites(text: string | undefined, basePort: number): SiteEndpoint[] {
  if (text === undefined || text === '') {
    return SITES.map(({ site }, index) => ({
      site,
      url: `http://127.0.0.1:${sitePorts(basePort, index).http}`,
    }));
  }
  return text.split(',').map((part) => {
    const [, site, url] = /^([a-z0-9-]+)=(http:\/\/[^/\s]+)\/?$/.exec(part.trim()) ?? [];
    if (site === undefined || url === undefined || !URL.canParse(url)) {
      throw new UsageError(`"${part}" is no site: write NAME=http://HOST:PORT`);
    }
    return { site, url };
  });
}
