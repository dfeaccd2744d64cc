import { mkdtemp, rename, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  type EmbeddedCoordinator,
  startEmbeddedCoordinator,
} from '../coordinator/embedded-coordinator.js';
import { runSite } from './run-site.js';
import type { RunningSite } from './running-site.js';
import type { SiteConfig } from './site-config.js';
import { SiteRefused } from './start-failure.js';
import { freePorts } from '../transport/free-ports.js';

const SITES = ['nyc', 'tor', 'lon'];
const DEADLINE_MS = 20_000;

let folder: string;
let coordinator: EmbeddedCoordinator;
let configs: SiteConfig[];
const running = new Map<string, RunningSite>();
let reports: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quorate-site-'));
  const started = await startEmbeddedCoordinator({
    path: join(folder, 'coordinator', 'state'),
    host: '127.0.0.1',
    port: 0,
  });
  if (!started.ok) throw new Error(started.message);
  coordinator = started.coordinator;
  configs = await planSites();
  reports = [];
});

afterEach(async () => {
  await Promise.all([...running.keys()].map(stop));
  await coordinator.close();
  await rm(folder, { recursive: true, force: true });
});

async function planSites(): Promise<SiteConfig[]> {
  const ports = await freePorts(SITES.length);
  const addressed = SITES.map((site, index) => ({
    site,
    displayName: site,
    host: '127.0.0.1',
    peerPort: ports[index] ?? 0,
    httpUrl: `http://127.0.0.1/${site}`,
  }));
  return addressed.map(({ site, host, displayName, peerPort }) => ({
    site,
    displayName,
    dataFolder: join(folder, site),
    host,
    httpPort: 1,
    peerPort,
    coordinator: { url: `http://127.0.0.1:${coordinator.port}` },
    peers: addressed.filter((other) => other.site !== site),
    cluster: { clusterId: 'test', sites: SITES, replicas: 3, writeQuorum: 2, readQuorum: 1 },
    table: [
      { pattern: { kind: 'exact', name: '*/file1.txt' }, shards: ['nyc'] },
      { pattern: { kind: 'exact', name: '*/file2.txt' }, shards: ['tor'] },
      { pattern: { kind: 'default' }, shards: ['lon'] },
    ],
    homes: { nyc: 'nyc', tor: 'tor', lon: 'lon' },
    wan: {},
    fsync: true,
  }));
}

function configOf(site: string): SiteConfig {
  const config = configs.find((other) => other.site === site);
  if (config === undefined) throw new Error(site);
  return config;
}

async function start(...sites: string[]): Promise<void> {
  await Promise.all(
    sites.map(async (site) => {
      const report = (message: string): void => void reports.push(`${site}: ${message}`);
      running.set(site, await runSite(configOf(site), { report }));
    }),
  );
}

async function stop(site: string): Promise<void> {
  const stopping = running.get(site)?.stop();
  running.delete(site);
  await stopping;
}

function serviceOf(site: string): RunningSite['service'] {
  const found = running.get(site);
  if (found === undefined) throw new Error(`${site} does not run`);
  return found.service;
}

async function* bodyOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}

async function put(site: string, name: string, content: string | Uint8Array): Promise<number> {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  const outcome = await serviceOf(site).write(name, bodyOf(bytes));
  if (outcome.outcome !== 'committed') throw new Error(JSON.stringify(outcome));
  return outcome.file.version;
}

async function get(site: string, name: string, consistency: 'strong' | 'local' = 'strong') {
  const opened = await serviceOf(site).open(name, { consistency });
  if (!opened.ok) return `${opened.reason}: ${opened.message}`;
  const parts: Uint8Array[] = [];
  for await (const part of opened.body()) parts.push(part);
  return Buffer.concat(parts).toString('latin1');
}

/** Looks again after each turn of the loop of events until it holds. */
async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const untilMs = performance.now() + DEADLINE_MS;
  while (!(await holds())) {
    if (performance.now() > untilMs) throw new Error(`not in time: ${what}\n${reports.join('\n')}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function makeBucket(): Promise<void> {
  const outcome = await serviceOf('nyc').createBucket('docs');
  expect(outcome.outcome).toBe('committed');
}

it('writes and reads at each of three sites, and again after all were stopped', async () => {
  await start(...SITES);
  await makeBucket();
  for (const [index, site] of SITES.entries()) {
    expect(await put(site, 'docs/file1.txt', `from ${site}`)).toBe(index + 1);
    for (const reader of SITES) expect(await get(reader, 'docs/file1.txt')).toBe(`from ${site}`);
  }
  await Promise.all(SITES.map(stop));
  await start(...SITES);
  for (const reader of SITES) expect(await get(reader, 'docs/file1.txt')).toBe('from lon');
  expect(await put('tor', 'docs/file1.txt', 'again')).toBe(4);
});

it('goes on without one site, which catches up when it returns', async () => {
  await start(...SITES);
  await makeBucket();
  await put('nyc', 'docs/file1.txt', 'one');
  const large = Buffer.alloc(3_000_000, 'x');
  await stop('nyc');
  expect(await put('lon', 'docs/file1.txt', 'two')).toBe(2);
  await put('lon', 'docs/large', large);
  expect(await get('tor', 'docs/file1.txt')).toBe('two');
  await start('nyc');
  expect(await get('nyc', 'docs/file1.txt')).toBe('two');
  await eventually('nyc has it all itself', async () => {
    const [small, big] = await Promise.all([
      get('nyc', 'docs/file1.txt', 'local'),
      get('nyc', 'docs/large', 'local'),
    ]);
    return small === 'two' && big === large.toString('latin1');
  });
});

it('lets a site with an empty disk join again as a new one', async () => {
  await start(...SITES);
  await makeBucket();
  await put('tor', 'docs/file2.txt', 'kept');
  await put('tor', 'docs/large', Buffer.alloc(2_000_000, 'y'));
  await stop('lon');
  await rm(configOf('lon').dataFolder, { recursive: true });
  await start('lon');
  await eventually('lon is filled up', () => {
    const { shards } = serviceOf('lon').cluster();
    const { shards: known } = serviceOf('nyc').cluster();
    return (
      reports.filter((report) => /^lon: has all of the files of \w+ again/.test(report)).length ===
        SITES.length &&
      shards.every(({ shard, appliedSeq }) =>
        known.some((other) => other.shard === shard && appliedSeq >= other.appliedSeq),
      )
    );
  });
  expect(await get('lon', 'docs/file2.txt', 'local')).toBe('kept');
  expect((await get('lon', 'docs/large', 'local')).length).toBe(2_000_000);
});

it('gives the place of a lost machine to another one, and refuses the disk of the first', async () => {
  await start(...SITES);
  await makeBucket();
  await put('tor', 'docs/file2.txt', 'kept');
  expect(await serviceOf('nyc').siteChanges?.replace('lon', null)).toMatchObject({
    reason: 'site_is_up',
  });
  await stop('lon');
  await eventually('lon is seen to be gone', async () => {
    const answer = await serviceOf('nyc').siteChanges?.replace('lon', null);
    return answer?.ok === true;
  });
  expect(await serviceOf('tor').siteChanges?.replace('lon', null)).toMatchObject({
    reason: 'change_under_way',
  });
  const { dataFolder } = configOf('lon');
  await rename(dataFolder, `${dataFolder}.old`);
  await start('lon');
  await eventually('the logs name the new machine', () => {
    const { change } = serviceOf('nyc').cluster();
    return change === null && serviceOf('lon').cluster().change === null;
  });
  expect(await put('lon', 'docs/file2.txt', 'more')).toBe(2);
  await stop('lon');
  await rm(dataFolder, { recursive: true });
  await rename(`${dataFolder}.old`, dataFolder);
  await expect(runSite(configOf('lon'))).rejects.toMatchObject({ reason: 'replaced' });
  expect(await get('tor', 'docs/file2.txt')).toBe('more');
});

it('is not disturbed by garbage on the port of its peers', async () => {
  await start(...SITES);
  await makeBucket();
  for (const garbage of ['GET / HTTP/1.1\r\n\r\n', '\x00\x00\x00\x02\x01{}', 'ÿ'.repeat(5000)]) {
    const socket = connect(configOf('nyc').peerPort, '127.0.0.1');
    socket.on('error', () => undefined);
    const closed = new Promise((done) => socket.on('close', done));
    socket.end(Buffer.from(garbage, 'latin1'));
    socket.resume();
    await closed;
  }
  expect(await put('nyc', 'docs/file1.txt', 'fine')).toBe(1);
  expect(
    serviceOf('nyc')
      .cluster()
      .sites.every(({ alive }) => alive),
  ).toBe(true);
});

it('refuses a taken folder, a foreign folder, other settings and a bad quorum by name', async () => {
  await start('nyc', 'tor');
  const refusal = async (config: SiteConfig): Promise<string> => {
    const refused: unknown = await runSite(config, { report: () => undefined }).catch(
      (error: unknown) => error,
    );
    return refused instanceof SiteRefused ? refused.reason : 'started';
  };
  const lon = configOf('lon');
  expect(await refusal(configOf('nyc'))).toBe('folder_in_use');
  const cluster = { ...lon.cluster, writeQuorum: 3 };
  expect(await refusal({ ...lon, cluster })).toBe('wrong_config');
  const other = { ...lon.cluster, clusterId: 'other' };
  expect(await refusal({ ...lon, cluster: other })).toBe('wrong_config');
  expect(await refusal({ ...lon, peerPort: configOf('nyc').peerPort })).toBe('port_taken');
  const folderOfTor = configOf('tor').dataFolder;
  await stop('tor');
  expect(await refusal({ ...lon, dataFolder: folderOfTor })).toBe('foreign_data');
});
