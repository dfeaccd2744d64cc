import { X509Certificate } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseAlternativeNames } from '../../certificates/alternative-names.js';
import { readCredentials } from '../../certificates/credentials.js';
import { siteUri } from '../../certificates/site-names.js';
import { isAdminKey } from '../../site/access/admin-key.js';
import { PROGRAM_VERSION } from '../../site/cluster-status.js';
import type { SiteConfig } from '../../site/site-config.js';
import { openCredentials } from '../../site/site-credentials.js';
import { main } from '../main.js';
import { readSiteConfig } from '../site-config.js';
import { publicFiles } from './cluster-folder.js';
import { type ClusterLayout, planLayout } from './cluster-layout.js';
import { writeNewcomerFolder } from './newcomer-folder.js';

let folder: string;
const THREE = [
  '--site',
  'nyc=10.0.0.1',
  '--site',
  'tor=tor.example.org',
  '--site',
  'lon=[2001:db8::3]',
];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quorate-init-'));
});

afterEach(() => rm(folder, { recursive: true }));

async function quorate(...words: string[]): Promise<{ exit: number; out: string; err: string }> {
  const [out, err] = [new PassThrough(), new PassThrough()];
  const { signal: stopped } = new AbortController();
  const world = { out, err, input: Readable.from([]), environment: {}, folder, stopped };
  const exit = await main(words, world);
  return { exit, out: String(out.read() ?? ''), err: String(err.read() ?? '') };
}

async function configOf(site: string): Promise<SiteConfig> {
  const file = join(folder, 'c', site, `${site}.toml`);
  const read = readSiteConfig(await readFile(file, 'utf8'), file);
  if (!read.ok) throw new Error(read.message);
  return read.config;
}

describe('the folder of a new cluster', () => {
  it('holds for each site a configuration that can be run, and its own certificate', async () => {
    const { exit, out } = await quorate('init', ...THREE, '--out', 'c');
    expect(exit).toBe(0);
    expect(out).toContain('c/nyc/  goes to 10.0.0.1');
    for (const site of ['nyc', 'tor', 'lon']) {
      const config = await configOf(site);
      expect(config.cluster).toMatchObject({ sites: ['nyc', 'tor', 'lon'], writeQuorum: 2 });
      const credentials = await openCredentials(config, () => undefined);
      if (credentials === null || typeof credentials === 'string')
        throw new Error(`${credentials}`);
      credentials.close();
    }
    const tor = await configOf('tor');
    expect(tor).toMatchObject({ host: '0.0.0.0', publicHost: 'tor.example.org' });
    expect(tor.peers.map(({ httpUrl }) => httpUrl)).toEqual([
      'https://10.0.0.1:7411',
      'https://[2001:db8::3]:7411',
    ]);
    expect(tor.coordinator).toMatchObject({
      etcd: {
        endpoints: [
          expect.stringContaining('tor.example.org'),
          expect.anything(),
          expect.anything(),
        ],
      },
    });
  });

  it('has one administrator, whose key the sites know only as a hash, and one seal', async () => {
    await quorate('init', ...THREE, '--out', 'c');
    const key = (await readFile(join(folder, 'c/admin.key'), 'utf8')).trim();
    const seals = new Set<string>();
    for (const site of ['nyc', 'tor', 'lon']) {
      const { adminKeyHash = '', sealKeyFile = '' } = await configOf(site);
      expect(isAdminKey(key, adminKeyHash)).toBe(true);
      seals.add(await readFile(sealKeyFile, 'utf8'));
    }
    expect(seals.size).toBe(1);
  });

  it('gives its secrets to its owner alone', async () => {
    await quorate('init', ...THREE, '--out', 'c');
    const files = await readdir(join(folder, 'c'), { recursive: true });
    const secrets = files.filter((name) => name.endsWith('.key'));
    expect(secrets).toHaveLength(11);
    for (const name of secrets) {
      expect((await stat(join(folder, 'c', name))).mode & 0o777).toBe(0o600);
    }
  });

  it('is not written over anything', async () => {
    await mkdir(join(folder, 'c'));
    await writeFile(join(folder, 'c/mine'), 'mine');
    const { exit, err } = await quorate('init', ...THREE, '--out', 'c');
    expect(exit).toBe(1);
    expect(err).toContain('is not empty; nothing was written');
    expect(await readdir(folder, { recursive: true })).toEqual(['c', 'c/mine']);
  });

  it('is refused with all that is wrong with what was asked for', async () => {
    const words = ['Nyc=10.0.0.1', 'tor=10.0.0', 'lon', 'par=b.org', 'par=c.org', 'rom=b.org'];
    const { exit, err } = await quorate('init', ...words.flatMap((word) => ['--site', word]));
    expect(exit).toBe(2);
    expect(err).toContain('"Nyc" is no id of a site');
    expect(err).toContain('"10.0.0" of tor is neither');
    expect(err).toContain('"lon": write ID=ADDRESS');
    expect(err).toContain('the site "par" twice');
    expect(err).toContain('the address b.org twice');
    expect(await readdir(folder)).toEqual([]);
  });

  it('is refused for two sites, of which none could be lost', async () => {
    const { exit, err } = await quorate('init', '--site', 'a=a.org', '--site', 'b=b.org');
    expect(exit).toBe(2);
    expect(err).toContain('use N = 3');
  });
});

describe('the folder of a site that comes later', () => {
  const request = {
    site: 'fra',
    address: '10.0.0.4',
    city: 'Frankfurt',
    days: 9,
    nowMs: Date.now(),
  };

  it('names the cluster as it was made, its own address, and a certificate of the authority', async () => {
    await quorate('init', ...THREE, '--out', 'c');
    const written = await writeNewcomerFolder(join(folder, 'c'), request);
    expect(written).toMatchObject({
      ok: true,
      place: { host: '10.0.0.4', peer_port: 7419, http_url: 'https://10.0.0.4:7411' },
    });
    const [fra, nyc] = [await configOf('fra'), await configOf('nyc')];
    expect(fra).toMatchObject({ site: 'fra', displayName: 'Frankfurt', host: '10.0.0.4' });
    expect([fra.cluster, fra.homes, fra.table]).toEqual([nyc.cluster, nyc.homes, nyc.table]);
    expect(fra.peers.map(({ site }) => site)).toEqual(['nyc', 'tor', 'lon']);
    expect(fra.adminKeyHash).toBe(nyc.adminKeyHash);
    expect(await readFile(fra.sealKeyFile ?? '')).toEqual(await readFile(nyc.sealKeyFile ?? ''));
    const credentials = await openCredentials(fra, () => undefined);
    if (credentials === null || typeof credentials === 'string') throw new Error(`${credentials}`);
    credentials.close();
    expect((await stat(fra.tls?.keyFile ?? '')).mode & 0o777).toBe(0o600);
  });

  it('is refused where there is no cluster, or the address or the folder is taken', async () => {
    const at = (change: object) =>
      writeNewcomerFolder(join(folder, 'c'), { ...request, ...change });
    expect(await at({})).toMatchObject({ message: expect.stringContaining('holds no cluster') });
    await quorate('init', ...THREE, '--out', 'c');
    expect(await at({ address: '10.0.0.1' })).toMatchObject({
      message: expect.stringContaining('the address of another site'),
    });
    expect(await at({ address: '10.0' })).toMatchObject({
      message: expect.stringContaining('neither an IP address'),
    });
    expect(await at({ site: 'tor' })).toMatchObject({
      message: expect.stringContaining('is not empty'),
    });
  });
});

describe('certificates of the folder', () => {
  it('are renewed under the same names, with other keys', async () => {
    await quorate('init', ...THREE, '--out', 'c');
    const { tls } = await configOf('lon');
    if (tls === undefined) throw new Error('no certificates');
    const before = await readCredentials(tls);
    const { exit, out } = await quorate('cert', 'renew', 'lon', '--dir', 'c', '--days', '9');
    expect(exit).toBe(0);
    expect(out).toContain('etcd.pem is valid until');
    const after = await readCredentials(tls);
    if (!before.ok || !after.ok) throw new Error('not readable');
    expect(after.credentials.key).not.toBe(before.credentials.key);
    const names = ({ cert }: { cert: string }) =>
      parseAlternativeNames(new X509Certificate(cert).subjectAltName);
    const old = names(before.credentials);
    const renewed = names(after.credentials);
    expect(renewed.uris).toEqual([siteUri((await configOf('lon')).cluster.clusterId, 'lon')]);
    expect([...renewed.addresses].sort()).toEqual([...old.addresses].sort());
    expect((await stat(tls.keyFile)).mode & 0o777).toBe(0o600);
    const shown = await quorate('cert', 'show', 'c/lon/site.pem');
    expect(shown.out).toMatch(/Quorate site lon +\d{4}-\d\d-\d\d +[89] /);
  });

  it('are renewed only by the authority that is there', async () => {
    await quorate('init', ...THREE, '--out', 'c');
    await rm(join(folder, 'c/ca.key'));
    const { exit, err } = await quorate('cert', 'renew', 'nyc', '--dir', 'c');
    expect(exit).toBe(2);
    expect(err).toContain("the cluster's authority cannot be read");
  });
});

/** What `deploy/` shows: the files of one site of a cluster with these names. */
const EXAMPLE = planLayout({
  clusterId: '5f0f63a9-7a1b-4c7e-9d2f-2f6a3c1d8e40',
  sites: ['nyc=nyc.example.org', 'tor=tor.example.org', 'lon=lon.example.org'],
  basePort: 7400,
  dataFolder: '/var/lib/quorate',
}) as ClusterLayout;

describe('the examples in deploy/', () => {
  const root = fileURLToPath(new URL('../../../deploy/', import.meta.url));
  const files = publicFiles(
    { layout: EXAMPLE, version: PROGRAM_VERSION },
    EXAMPLE.sites[0]!,
    `sha256:${'0'.repeat(64)}`,
  );

  it.each(files)('are what is written for a cluster: $path', async ({ path, text }) => {
    const file = join(root, 'nyc', path);
    if (process.env['UPDATE_DEPLOY'] === '1') {
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
    }
    expect(await readFile(file, 'utf8')).toBe(text);
  });
});
