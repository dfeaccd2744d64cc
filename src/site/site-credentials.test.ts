import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Credentials } from '../certificates/credentials.js';
import { TestAuthority } from '../certificates/test-certificates.js';
import { contentHash } from '../storage/content-hash.js';
import type { SiteConfig, SiteTls } from './site-config.js';
import { openCredentials } from './site-credentials.js';
import { RunningSites } from './test-running-sites.js';

const cluster = new TestAuthority('test');
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quorate-credentials-'));
});

afterEach(() => rm(folder, { recursive: true }));

async function put(name: string, { ca, cert, key }: Credentials): Promise<SiteTls> {
  const at = (file: string): string => join(folder, `${name}-${file}`);
  await writeFile(at('ca.pem'), ca ?? '');
  await writeFile(at('site.pem'), cert);
  await writeFile(at('site.key'), key);
  const files = { caFile: at('ca.pem'), certFile: at('site.pem'), keyFile: at('site.key') };
  return { ...files, clients: 'plain' };
}

it('three sites that prove themselves to each other write, read and send large content', async () => {
  const sites = await RunningSites.start({ tls: (site) => put(site, cluster.site(site)) });
  try {
    const bytes = Buffer.alloc(3_000_000, 'all work and no play ');
    const { service, telemetry } = sites.at('tor');
    expect(service.cluster().certificates?.map(({ what }) => what)).toEqual(['site', 'authority']);
    expect(telemetry?.metrics()).toMatch(
      /quorate_certificate_expiry_timestamp_seconds\{certificate="site"\} \d{10}\n/,
    );
    expect(await service.createBucket('docs')).toMatchObject({ outcome: 'committed' });
    const written = await service.write('docs/large', body(bytes));
    expect(written).toMatchObject({ outcome: 'committed' });
    const opened = await sites.at('lon').service.open('docs/large');
    if (!opened.ok) throw new Error(opened.message);
    const pieces: Uint8Array[] = [];
    for await (const piece of opened.body()) pieces.push(piece);
    expect(contentHash(Buffer.concat(pieces))).toBe(contentHash(bytes));
  } finally {
    await sites.close();
  }
});

it('a site does not start with the certificate of another', async () => {
  const tls = await put('nyc', cluster.site('lon'));
  const config = { site: 'nyc', cluster: { clusterId: 'test' }, tls } as SiteConfig;
  expect(await openCredentials(config, () => undefined)).toMatch(/is of .*lon, not of .*nyc/);
});

async function* body(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
