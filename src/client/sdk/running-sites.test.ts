import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ListeningHttp } from '../../gateways/http-listener.js';
import { listen } from '../../gateways/native-http/server.js';
import { RunningSites } from '../../site/test-running-sites.js';
import { connect } from './node.js';
import { committed, next } from './test-kit.js';

let running: RunningSites;
const servers = new Map<string, ListeningHttp>();

beforeEach(async () => {
  running = await RunningSites.start();
  for (const site of running.names) {
    const options = { site, host: '127.0.0.1', port: 0 };
    servers.set(site, await listen(running.at(site).service, options));
  }
});

afterEach(async () => {
  for (const server of servers.values()) await server.close(0);
  servers.clear();
  await running.close();
});

async function stop(site: string): Promise<void> {
  await servers.get(site)?.close(0);
  servers.delete(site);
  await running.stop(site);
}

it('reads, writes, caches and is told of changes at sites with disks, one of which stops', async () => {
  const sites = [...servers].map(([site, { url }]) => ({ site, url }));
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
