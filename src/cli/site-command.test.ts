import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { MemoryFileService } from '../gateways/memory-file-service.js';
import type { SiteConfig } from '../site/site-config.js';
import { SiteRefused, SiteRetired, startFailure } from '../site/start-failure.js';
import { siteConfigText } from './site-config.js';
import type { RunSite } from './site-command.js';
import { runSiteCommand } from './site-command.js';
import { planSites } from './up/cluster-plan.js';
import { freePort } from '../transport/free-ports.js';

let folder: string;
let stopped: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quorate-site-'));
  stopped = [];
});

afterEach(() => rm(folder, { recursive: true }));

const memorySite: RunSite = async (config) => ({
  service: new MemoryFileService({ site: config.site }),
  objects: null,
  httpUrl: `http://${config.host}:${config.httpPort}`,
  stop: async () => {
    stopped.push(config.site);
  },
});

async function configured(
  change: Partial<SiteConfig>,
  edit = (text: string) => text,
): Promise<void> {
  const [nyc] = planSites({
    dataFolder: folder,
    clusterId: 'c',
    basePort: 7400,
    wan: {},
    fsync: true,
  });
  await writeFile(join(folder, 'nyc.toml'), edit(siteConfigText({ ...nyc!, ...change })));
}

function start(runSite: RunSite) {
  const stop = new AbortController();
  const gone = new AbortController();
  const told: unknown[] = [];
  const err = new PassThrough();
  let heard = (): void => {};
  const first = new Promise<void>((resolve) => {
    heard = resolve;
  });
  const world = {
    out: new PassThrough(),
    err,
    input: Readable.from([]),
    environment: {},
    folder,
    stopped: stop.signal,
  };
  const exit = runSiteCommand(world, 'nyc.toml', runSite, {
    tell: (message) => {
      told.push(message);
      heard();
    },
    listen: () => undefined,
    gone: gone.signal,
  });
  return { stop, gone, told, first, exit, errorText: () => String(err.read() ?? '') };
}

it('a site serves until it is told to stop', async () => {
  const httpPort = await freePort();
  await configured({ httpPort });
  const site = start(memorySite);
  await site.first;
  expect(site.told).toEqual([{ kind: 'ready' }]);
  const health = await fetch(`http://127.0.0.1:${httpPort}/health`);
  expect(await health.json()).toEqual({ site: 'nyc', status: 'ok' });
  site.stop.abort();
  expect(await site.exit).toBe(0);
  expect(stopped).toEqual(['nyc']);
});

it('a site does not outlive the process that started it', async () => {
  await configured({ httpPort: await freePort() });
  const site = start(memorySite);
  await site.first;
  site.gone.abort();
  expect(await site.exit).toBe(0);
  expect(stopped).toEqual(['nyc']);
});

it('a start that waits is given up when the site is told to stop', async () => {
  await configured({});
  const refused = new SiteRefused(startFailure('cancelled', 'given up'));
  const waiting: RunSite = async (_config, { signal }) => {
    if (!signal.aborted) await once(signal, 'abort');
    throw refused;
  };
  const stoppedSite = start(waiting);
  stoppedSite.stop.abort();
  expect(await stoppedSite.exit).toBe(0);
  const orphan = start(waiting);
  orphan.gone.abort();
  expect(await orphan.exit).toBe(0);
  expect([orphan.errorText(), orphan.told]).toEqual(['', []]);
});

it('a wrong configuration is refused with file, line and key, before anything starts', async () => {
  await configured({}, (text) => text.replace('write_quorum = 2', 'write_quorum = 3'));
  const site = start(() => Promise.reject(new Error('must not start')));
  expect(await site.exit).toBe(2);
  expect(site.errorText()).toMatch(/nyc\.toml:\d+: cluster\.write_quorum: W = 3 of N = 3/);
  expect(site.told).toMatchObject([{ kind: 'failed' }]);
});

it('a configuration that is not there is refused', async () => {
  const site = start(memorySite);
  expect(await site.exit).toBe(2);
  expect(site.errorText()).toContain('the configuration cannot be read');
});

it('a site that cannot start says why', async () => {
  await configured({});
  const site = start(() => Promise.reject(new Error('the disk is full')));
  expect(await site.exit).toBe(1);
  expect(site.told).toEqual([{ kind: 'failed', message: 'the disk is full' }]);
});

it('a site that the cluster has no place for says so, so that nobody starts it again', async () => {
  await configured({});
  const refused = new SiteRefused(startFailure('not_a_site', 'it is none of them'));
  const site = start(() => Promise.reject(refused));
  expect(await site.exit).toBe(1);
  expect(site.told).toEqual([{ kind: 'failed', message: 'it is none of them', retired: true }]);
  await configured({ httpPort: await freePort() });
  let end = (_why: Error): void => undefined;
  const failed = new Promise<Error>((resolve) => {
    end = resolve;
  });
  const removed = start(async (...given) => ({ ...(await memorySite(...given)), failed }));
  await removed.first;
  end(new SiteRetired('the cluster goes on without nyc'));
  expect(await removed.exit).toBe(1);
  expect(removed.told[1]).toMatchObject({ kind: 'failed', retired: true });
});

it('a site whose port is taken stops again and says so', async () => {
  const squatter = createServer();
  await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve));
  await configured({ httpPort: (squatter.address() as AddressInfo).port });
  const site = start(memorySite);
  expect(await site.exit).toBe(1);
  expect(stopped).toEqual(['nyc']);
  expect(site.errorText()).toMatch(/the HTTP API cannot be served on port .*EADDRINUSE/);
  await new Promise((resolve) => squatter.close(resolve));
});
