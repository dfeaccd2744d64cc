import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isAdminKey } from '../../site/access/admin-key.js';
import { readSiteConfig } from '../site-config.js';
import type { ChildTimes } from './site-child.js';
import type { Supervisor, SupervisorStart } from './supervisor.js';
import { startSupervisor } from './supervisor.js';

/** Stands in for a site: tells that it is ready and serves nothing but its HTTP port. */
const FAKE_SITE = `
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
const text = readFileSync(process.argv[2], 'utf8');
const port = Number(/http_port = (\\d+)/.exec(text)[1]);
const server = createServer((request, response) => {
  response.end(String(process.pid));
  if (request.url === '/crash') process.exit(7);
});
server.on('error', (error) => {
  process.send({ kind: 'failed', message: error.code });
  process.exit(1);
});
server.listen(port, '127.0.0.1', () => process.send({ kind: 'ready' }));
process.on('disconnect', () => process.exit(0));
process.on('SIGTERM', () => process.exit(0));
`;
const BROKEN_SITE = `process.send({ kind: 'failed', message: 'the disk is full' }, () => process.exit(1));`;
/** As FAKE_SITE; where its configuration says that it was added, the cluster knows nothing of it. */
const UNKNOWN_SITE = `
import { readFileSync } from 'node:fs';
const message = 'it is none of them';
if (readFileSync(process.argv[2], 'utf8').includes('added = true')) {
  process.send({ kind: 'failed', message, retired: true }, () => process.exit(1));
} else await import('./fake.mjs');
`;
const TIMES: ChildTimes = { startLimitMs: 20_000, stopLimitMs: 10_000, backoffMs: [1, 10] };

let folder: string;
let running: Supervisor[];
let reports: string[];
let onReport: (message: string) => void;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quorate-up-'));
  await writeFile(join(folder, 'fake.mjs'), FAKE_SITE);
  await writeFile(join(folder, 'broken.mjs'), BROKEN_SITE);
  await writeFile(join(folder, 'unknown.mjs'), UNKNOWN_SITE);
  running = [];
  reports = [];
  onReport = () => {};
});

afterEach(async () => {
  await Promise.all(running.map((supervisor) => supervisor.stop()));
  await rm(folder, { recursive: true });
});

async function start(basePort: number, data = 'data', site = 'fake.mjs'): Promise<SupervisorStart> {
  const started = await startSupervisor({
    dataFolder: join(folder, data),
    basePort,
    wan: {},
    fsync: true,
    siteCommand: { file: process.execPath, arguments: [join(folder, site)] },
    report: (message) => {
      reports.push(message);
      onReport(message);
    },
    childTimes: TIMES,
  });
  if (started.ok) running.push(started.supervisor);
  return started;
}

async function started(basePort: number): Promise<Supervisor> {
  const result = await start(basePort);
  if (!result.ok) throw new Error(result.message);
  return result.supervisor;
}

function reported(pattern: RegExp): Promise<void> {
  return new Promise((resolve) => {
    onReport = (message) => {
      if (pattern.test(message)) resolve();
    };
  });
}

async function control(
  basePort: number,
  site: string,
  action: string,
  key = running[0]?.adminKey ?? '',
): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${basePort}/v1/supervisor/sites/${site}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({ action, ...(action === 'add' && { displayName: site }) }),
  });
  return answer.status;
}

const state = async (basePort: number): Promise<string[]> => {
  const answer = await fetch(`http://127.0.0.1:${basePort}/v1/supervisor`);
  const { sites } = (await answer.json()) as { sites: { site: string; state: string }[] };
  return sites.map((one) => `${one.site} ${one.state}`);
};

describe('a cluster on one machine', () => {
  it('is ready with all its sites and leaves nothing behind', async () => {
    const supervisor = await started(23_100);
    expect(await state(23_100)).toEqual(['nyc ready', 'tor ready', 'lon ready']);
    const text = await readFile(join(folder, 'data/lon.toml'), 'utf8');
    expect(readSiteConfig(text, 'lon.toml')).toEqual({ ok: true, config: supervisor.sites[2] });
    await supervisor.stop();
    expect(supervisor.children.map((child) => child.pid)).toEqual([null, null, null]);
    await expect(fetch('http://127.0.0.1:23100/v1/supervisor')).rejects.toThrow();
    expect((await start(23_100)).ok).toBe(true);
  });

  it('keeps its identity over restarts', async () => {
    const first = await started(23_100);
    await first.stop();
    const second = await started(23_100);
    expect(second.sites[0]?.cluster.clusterId).toBe(first.sites[0]?.cluster.clusterId);
  });

  it('keeps a site down that was stopped or killed on purpose, until it is started', async () => {
    await started(23_100);
    expect(await control(23_100, 'tor', 'stop')).toBe(200);
    expect(await control(23_100, 'lon', 'kill')).toBe(200);
    expect(await state(23_100)).toEqual(['nyc ready', 'tor stopped', 'lon stopped']);
    expect(await control(23_100, 'tor', 'start')).toBe(200);
    expect(await state(23_100)).toEqual(['nyc ready', 'tor ready', 'lon stopped']);
    expect(reports).toEqual([]);
  });

  it("makes the administrator's key once, for its owner's eyes, and tells sites its hash", async () => {
    const first = await started(23_100);
    await first.stop();
    const second = await started(23_100);
    expect(second.adminKey).toBe(first.adminKey);
    const file = join(folder, 'data/admin.key');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await readFile(file, 'utf8')).trim()).toBe(second.adminKey);
    for (const { adminKeyHash: hash = '' } of second.sites) {
      expect(isAdminKey(second.adminKey, hash)).toBe(true);
    }
    const config = await readFile(join(folder, 'data/nyc.toml'), 'utf8');
    expect(config).not.toContain(second.adminKey.split('.')[1]);
  });

  it("acts on sites only for the administrator's key", async () => {
    await started(23_100);
    expect(await control(23_100, 'nyc', 'kill', 'admin.wrong')).toBe(401);
    expect(await control(23_100, 'nyc', 'kill', '')).toBe(401);
    expect(await state(23_100)).toEqual(['nyc ready', 'tor ready', 'lon ready']);
  });

  it('refuses actions that make no sense', async () => {
    await started(23_100);
    expect(await control(23_100, 'par', 'stop')).toBe(404);
    expect(await control(23_100, 'nyc', 'explode')).toBe(400);
    expect(await control(23_100, 'nyc', 'start')).toBe(409);
    const page = await fetch('http://127.0.0.1:23100/v1/supervisor/sites/nyc', {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: 'http://evil.example' },
      body: '{"action":"kill"}',
    });
    expect(page.status).toBe(405);
  });

  it('has room for more sites, which are there after a restart too, until they leave', async () => {
    const first = await started(23_100);
    expect(await control(23_100, 'fra', 'add')).toBe(200);
    expect(await control(23_100, 'fra', 'add')).toBe(200);
    expect(await state(23_100)).toContain('fra stopped');
    expect(await control(23_100, 'fra', 'start')).toBe(200);
    expect(await (await fetch('http://127.0.0.1:23141/')).text()).toMatch(/^\d+$/);
    expect(await control(23_100, 'Fra', 'add')).toBe(400);
    await first.stop();
    await started(23_100);
    expect(await state(23_100)).toEqual(['nyc ready', 'tor ready', 'lon ready', 'fra ready']);
    await mkdir(join(folder, 'data/nyc'), { recursive: true });
    expect(await control(23_100, 'nyc', 'forget')).toBe(200);
    expect(await control(23_100, 'nyc', 'forget')).toBe(200);
    expect(await state(23_100)).toEqual(['tor ready', 'lon ready', 'fra ready']);
    const left = await readdir(join(folder, 'data'));
    expect(left.some((name) => name.startsWith('nyc.removed-'))).toBe(true);
  });

  it('does not run more sites than there may be', async () => {
    await started(23_100);
    for (const site of ['d', 'e', 'f', 'g', 'h', 'i']) {
      expect(await control(23_100, site, 'add')).toBe(200);
    }
    expect(await control(23_100, 'j', 'add')).toBe(409);
  });

  it('lets go of a site that the cluster has no place for, and starts without it', async () => {
    await (await started(23_100)).stop();
    const places = ['nyc', 'tor', 'lon', 'fra'].map((site, place) => ({
      site,
      displayName: site,
      place,
    }));
    const list = join(folder, 'data/sites.json');
    await writeFile(list, JSON.stringify({ format: 1, sites: places }));
    expect((await start(23_100, 'data', 'unknown.mjs')).ok).toBe(true);
    expect(reports).toEqual(['fra is not run any more: it is none of them']);
    expect(await state(23_100)).toEqual(['nyc ready', 'tor ready', 'lon ready']);
    await running.pop()?.stop();
    await writeFile(list, '{"format": 1, "sites": "all"}');
    expect(await start(23_100)).toMatchObject({ message: expect.stringContaining('sites.json') });
  });

  it('starts a site again that ended by itself, and says so', async () => {
    await started(23_100);
    const back = reported(/^nyc is back/);
    await fetch('http://127.0.0.1:23111/crash').catch(() => {});
    await back;
    expect(reports[0]).toMatch(/^nyc ended with status 7; starting it again in 1 ms/);
    expect(await state(23_100)).toEqual(['nyc ready', 'tor ready', 'lon ready']);
  });

  it('does not start when a site cannot, and passes on why', async () => {
    const result = await start(23_100, 'data', 'broken.mjs');
    expect(result).toMatchObject({ ok: false });
    expect(!result.ok && result.message).toContain('nyc cannot start: the disk is full');
    expect((await start(23_100)).ok).toBe(true);
  });

  it('does not start on taken ports, and says which and what to do', async () => {
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(23_121, '127.0.0.1', resolve));
    const result = await start(23_100);
    expect(!result.ok && result.message).toMatch(/port 23121 .* taken[\s\S]*--base-port 23200/);
    await new Promise((resolve) => squatter.close(resolve));
  });

  it('does not start beside one that runs already', async () => {
    await started(23_100);
    const second = await start(23_100, 'other');
    expect(!second.ok && second.message).toMatch(/ports 23111, 23121, 23131 .* taken/);
  });

  it('does not start on data that a running cluster has, on whatever ports', async () => {
    await started(23_100);
    const result = await start(23_200);
    expect(!result.ok && result.message).toMatch(/is in use by the process[\s\S]*--data/);
    expect((await state(23_100))[0]).toBe('nyc ready');
  });

  it('starts on data that a crashed one left, whoever has its process id now', async () => {
    await (await started(23_100)).stop();
    const lock = join(folder, 'data/supervisor.json');
    await writeFile(lock, JSON.stringify({ pid: process.ppid, basePort: 23_100 }));
    expect((await start(23_100)).ok).toBe(true);
  });
});
