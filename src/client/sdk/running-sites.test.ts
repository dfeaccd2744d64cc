import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  type EmbeddedCoordinator,
  startEmbeddedCoordinator,
} from '../../coordinator/embedded-coordinator.js';
import type { ListeningHttp } from '../../gateways/http-listener.js';
import { listen } from '../../gateways/native-http/server.js';
import { runSite } from '../../site/run-site.js';
import type { RunningSite } from '../../site/running-site.js';
import type { SiteConfig } from '../../site/site-config.js';
import { connect } from './node.js';
import { committed, next } from './test-kit.js';

const SITES = ['nyc', 'tor', 'lon'];
const HOST = '127.0.0.1';

let folder: string;
let coordinator: EmbeddedCoordinator;
const running = new Map<string, { readonly site: RunningSite; readonly http: ListeningHttp }>();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quorate-client-'));
  const path = join(folder, 'coordinator', 'state');
  const started = await startEmbeddedCoordinator({ path, host: HOST, port: 0 });
  if (!started.ok) throw new Error(started.message);
  ({ coordinator } = started);
  const peerPorts = await Promise.all(SITES.map(freePort));
  await Promise.all(SITES.map((site) => start(site, peerPorts)));
});

afterEach(async () => {
  await Promise.all([...running.keys()].map(stop));
  await coordinator.close();
  await rm(folder, { recursive: true, force: true });
});

function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, HOST, () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

async function start(name: string, peerPorts: readonly number[]): Promise<void> {
  const site = await runSite(configOf(name, peerPorts), { report: () => undefined });
  const http = await listen(site.service, { site: name, host: HOST, port: 0 });
  running.set(name, { site, http });
}

async function stop(name: string): Promise<void> {
  const found = running.get(name);
  running.delete(name);
  await found?.http.close(0);
  await found?.site.stop();
}

function configOf(site: string, peerPorts: readonly number[]): SiteConfig {
  const all = SITES.map((name, index) => ({
    site: name,
    displayName: name,
    host: HOST,
    peerPort: peerPorts[index] ?? 0,
    httpUrl: `http://${HOST}/${name}`,
  }));
  return {
    site,
    displayName: site,
    dataFolder: join(folder, site),
    host: HOST,
    httpPort: 1,
    peerPort: all.find((each) => each.site === site)?.peerPort ?? 0,
    coordinator: { url: `http://${HOST}:${coordinator.port}` },
    peers: all.filter((other) => other.site !== site),
    cluster: { clusterId: 'test', sites: SITES, replicas: 3, writeQuorum: 2, readQuorum: 1 },
    table: [{ pattern: { kind: 'default' }, shards: ['nyc'] }],
    homes: { nyc: 'nyc', tor: 'tor', lon: 'lon' },
    wan: {},
    fsync: true,
  };
}

it('reads, writes, caches and is told of changes at sites with disks, one of which stops', async () => {
  const sites = [...running].map(([site, { http }]) => ({ site, url: http.url }));
  const writer = await connect({ sites, near: 'tor' });
  const reader = await connect({ sites, near: 'lon' });
  try {
    committed(await writer.createBucket('docs'));
    committed(await writer.write('docs/a', 'one'));
    const large = new Uint8Array(3_000_000).fill(7);
    committed(await writer.write('docs/large', large));
    while (reader.peek('docs/a') === undefined) await reader.read('docs/a');
    const told = next(reader, 'invalidated');
    committed(await writer.write('docs/a', 'two'));
    expect(reader.peek('docs/a')).toBeUndefined();
    expect(await told).toBe('docs/a');
    const moved = next(reader, 'site', (site) => site !== null);
    await stop('lon');
    expect(await moved).not.toBe('lon');
    expect(await reader.read('docs/a')).toMatchObject({ outcome: 'found', file: { version: 2 } });
    const fetched = await reader.read('docs/large');
    expect(fetched.outcome === 'found' && Buffer.from(fetched.file.bytes).equals(large)).toBe(true);
    expect(committed(await reader.write('docs/a', 'three'))).toBe(3);
  } finally {
    writer.close();
    reader.close();
  }
});
