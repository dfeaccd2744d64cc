import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Credentials } from '../../certificates/credentials.js';
import { TestAuthority, writeCredentials } from '../../certificates/test-certificates.js';
import { listen } from '../../gateways/native-http/server.js';
import { MemoryFileService } from '../../gateways/memory-file-service.js';
import type { SiteConfig, SiteTls } from '../../site/site-config.js';
import { main } from '../main.js';
import { siteConfigText } from '../site-config.js';
import { planSites } from '../up/cluster-plan.js';
import { checkCertificates } from './certificate-checks.js';
import { readMetrics } from './coordinator-checks.js';
import { judgeFileSystem, judgeSpace, judgeSync } from './disk-checks.js';
import type { Finding } from './finding.js';
import { checkNode, judgeClockRate, judgeFileLimit } from './machine-checks.js';
import { judgeOffset } from './peer-checks.js';
import { listeningInodes } from './port-owner.js';
import { freePort } from '../../transport/free-ports.js';

const cluster = new TestAuthority('c');
let folder: string;
const closing: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quorate-doctor-'));
});

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await rm(folder, { recursive: true });
});

async function listening(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

async function put(credentials: Credentials): Promise<SiteTls> {
  return { ...(await writeCredentials(folder, credentials)), clients: 'tls' };
}

/** A site whose ports are free and whose peers and coordinator are not there, changed by the test. */
async function examined(
  change: Partial<SiteConfig>,
): Promise<{ exit: number; findings: Finding[] }> {
  const options = { dataFolder: folder, clusterId: 'c', basePort: 7400, wan: {}, fsync: true };
  const [nyc] = planSites(options);
  const refused = await freePort();
  const config = {
    ...nyc!,
    httpPort: await freePort(),
    s3Port: await freePort(),
    peerPort: await freePort(),
    coordinator: { url: `http://127.0.0.1:${refused}` },
    peers: nyc!.peers.map((peer) => ({
      ...peer,
      peerPort: refused,
      httpUrl: `http://127.0.0.1:${refused}`,
    })),
    ...change,
  };
  await writeFile(join(folder, 'nyc.toml'), siteConfigText(config));
  const { exit, out } = await doctor('--config', 'nyc.toml', '--json');
  return { exit, findings: (JSON.parse(out) as { findings: Finding[] }).findings };
}

/** What is said of the certificate that the site shows to the others. */
async function certificates(tls: SiteTls): Promise<Finding[]> {
  const config = { site: 'nyc', host: '127.0.0.1', cluster: { clusterId: 'c' }, tls };
  const findings = await checkCertificates(config as SiteConfig, Date.now());
  return findings.filter((finding) => finding.about === 'site certificate');
}

async function doctor(...words: string[]): Promise<{ exit: number; out: string }> {
  const [out, err] = [new PassThrough(), new PassThrough()];
  const { signal: stopped } = new AbortController();
  const world = { out, err, input: Readable.from([]), environment: {}, folder, stopped };
  const exit = await main(['doctor', ...words], world);
  return { exit, out: String(out.read() ?? '') };
}

function about(findings: readonly Finding[], what: string): Finding | undefined {
  return findings.find((finding) => finding.about === what);
}

describe('quorate doctor', () => {
  it('says of a new site what is free, and what is not there yet', async () => {
    const { exit, findings } = await examined({});
    expect(exit).toBe(1);
    expect(about(findings, 'configuration')).toMatchObject({ level: 'ok' });
    expect(about(findings, 'port for sites')).toMatchObject({ level: 'ok' });
    expect(about(findings, 'fsync')?.message).toMatch(/a synced write takes [\d.]+ ms/);
    expect(about(findings, 'site tor')).toMatchObject({ level: 'warning' });
    expect(about(findings, 'coordinator')).toMatchObject({ level: 'fault' });
    for (const finding of findings) {
      if (finding.level !== 'ok') expect(finding.advice.length).toBeGreaterThan(5);
    }
  });

  it('finds a configuration that is wrong, with its lines, and one that is missing', async () => {
    await writeFile(join(folder, 'bad.toml'), 'format = 1\nsite = 7\n');
    const bad = await doctor('--config', 'bad.toml');
    expect(bad.exit).toBe(1);
    expect(bad.out).toMatch(/FAULT +configuration +bad\.toml:2: site: /);
    expect((await doctor('--config', 'none.toml')).out).toMatch(
      /FAULT +configuration +it cannot be/,
    );
  });

  it('names who has a port that the site needs', async () => {
    const httpPort = await listening(createServer((socket) => socket.destroy()));
    const { findings } = await examined({ httpPort });
    const finding = about(findings, 'port for clients');
    expect(finding?.level).toBe('fault');
    expect(finding?.message).toContain(`(pid ${process.pid})`);
  });

  it('knows ports that are taken by the very site', async () => {
    const service = new MemoryFileService({ site: 'nyc' });
    const site = await listen(service, { site: 'nyc', host: '127.0.0.1', port: 0 });
    closing.push(() => site.close(0));
    const { findings } = await examined({ httpPort: site.port });
    const finding = about(findings, 'port for clients');
    expect(finding?.level).toBe('ok');
    expect(finding?.message).toContain("is this site's, which runs");
  });

  it('finds an address that is not of this machine', async () => {
    const tls = await put(cluster.site('nyc'));
    const { findings } = await examined({ host: '192.0.2.1', tls, openToAll: true });
    expect(about(findings, 'port for sites')?.message).toContain('no address of this machine');
  });

  it('sees that a site is reached and is who it should be, and when it is another', async () => {
    const tls = await put(cluster.site('nyc'));
    const ports = await Promise.all(
      ['tor', 'tor'].map((site) => {
        const { cert, key } = cluster.site(site);
        const server = createTlsServer({ cert, key, ca: cluster.pem, requestCert: true });
        server.on('tlsClientError', () => undefined);
        return listening(server);
      }),
    );
    const peers = ['tor', 'lon'].map((site, index) => ({
      site,
      displayName: site,
      host: '127.0.0.1',
      peerPort: ports[index] ?? 0,
      httpUrl: 'http://127.0.0.1:9',
    }));
    const { findings } = await examined({ tls, peers });
    expect(about(findings, 'site tor')?.level).toBe('ok');
    expect(about(findings, 'site tor')?.message).toMatch(/who it should be; round trip [\d.]+ ms/);
    expect(about(findings, 'site lon')?.level).toBe('fault');
    expect(about(findings, 'site lon')?.message).toContain('of the site tor, not of the site lon');
  });

  it.each([
    ['has expired', () => cluster.site('nyc', { daysFromNow: -9 }), 'fault', 'it has expired'],
    ['is soon over', () => cluster.site('nyc', { days: 9 }), 'warning', 'valid until'],
    ['is good', () => cluster.site('nyc', { days: 99 }), 'ok', 'valid until'],
    [
      'is not valid yet',
      () => cluster.site('nyc', { daysFromNow: 9 }),
      'fault',
      'not valid before',
    ],
    ['is of another site', () => cluster.site('lon'), 'fault', 'does not name this site'],
    [
      'is of another authority',
      () => ({ ...new TestAuthority('c').site('nyc'), ca: cluster.pem }),
      'fault',
      'not signed by an authority of ca_file',
    ],
  ])('says of a certificate that it %s', async (_name, make, level, message) => {
    const said = await certificates(await put(make()));
    const matching = said.filter((finding) => finding.message.includes(message));
    expect(matching.map((finding) => finding.level)).toEqual([level]);
  });

  it('finds a private key that others can read, and a certificate without its key', async () => {
    const tls = await put(cluster.site('nyc', { days: 99 }));
    await chmod(tls.keyFile, 0o644);
    const open = await certificates(tls);
    expect(open.map(({ message }) => message).join()).toContain('can be read by others');
    await writeFile(tls.keyFile, cluster.site('nyc').key);
    expect((await certificates(tls))[0]?.message).toContain('does not belong');
  });

  it('finds etcd that does not answer, or is none', async () => {
    const nothing = await freePort();
    const silent = createServer((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nhello'));
    const endpoints = [await listening(silent), nothing].map((port) => `http://127.0.0.1:${port}`);
    const { findings } = await examined({ coordinator: { etcd: { endpoints, prefix: '/q/' } } });
    const members = findings.filter((finding) => finding.about.startsWith('etcd 127'));
    expect(members.map(({ level }) => level)).toEqual(['fault', 'fault']);
    expect(about(findings, 'etcd quorum')?.level).toBe('fault');
  });

  it('finds a data folder that cannot be written', async () => {
    const dataFolder = join(folder, 'file', 'nyc');
    await writeFile(join(folder, 'file'), '');
    const { findings } = await examined({ dataFolder });
    expect(findings.some(({ about: what, level }) => what === 'fsync' && level === 'fault')).toBe(
      true,
    );
  });
});

describe('what is judged by numbers', () => {
  const levels = (findings: readonly Finding[]): string[] => findings.map(({ level }) => level);

  it('versions of Node', () => {
    expect(levels([checkNode('20.19.0'), checkNode('22.1.0'), checkNode('20.18.9')])).toEqual([
      'ok',
      'ok',
      'fault',
    ]);
  });

  it('limits of open files', () => {
    const limits = ['65536', '4096', '1024', 'unlimited'].map((soft) =>
      judgeFileLimit(`Max open files            ${soft}    65536    files`),
    );
    expect(levels(limits)).toEqual(['ok', 'warning', 'fault', 'ok']);
    expect(judgeFileLimit('').level).toBe('warning');
  });

  it('clocks', () => {
    expect(levels([judgeClockRate(500, 501), judgeClockRate(560, 500)])).toEqual(['ok', 'warning']);
    const offsets = [900, -4000, 3_600_000].map((offsetMs) => judgeOffset('clock', offsetMs));
    expect(levels(offsets)).toEqual(['ok', 'warning', 'fault']);
    expect(offsets[1]?.message).toBe('4.0 s behind ours');
  });

  it('disks', () => {
    const kinds = [0xef53, 0x6969, 0x01021994, 0x794c7630, 1];
    expect(levels(kinds.map((kind) => judgeFileSystem(kind, '/d')))).toEqual([
      'ok',
      'warning',
      'fault',
      'warning',
      'warning',
    ]);
    const gibibyte = 1024 ** 3;
    const spaces = [50, 5, 0.5].map((free) => judgeSpace(free * gibibyte, 100 * gibibyte));
    expect(levels(spaces)).toEqual(['ok', 'warning', 'fault']);
    const syncs = [
      [1, 2, 99],
      [20, 30, 40],
      [300, 300, 300],
    ].map(judgeSync);
    expect(levels(syncs)).toEqual(['ok', 'warning', 'fault']);
  });

  it('metrics of etcd', () => {
    const text = [
      'etcd_server_has_leader 1',
      'etcd_server_is_leader 0',
      'etcd_network_active_peers{Local="a",Remote="b"} 1',
      'etcd_network_active_peers{Local="a",Remote="c"} 0',
    ].join('\n');
    expect(readMetrics(text)).toEqual({ hasLeader: true, isLeader: false, peers: 1 });
  });

  it('tables of sockets', () => {
    const table = [
      '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
      '   0: 0100007F:1CF3 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1',
      '   1: 0100007F:1CF3 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 4712 1',
    ].join('\n');
    expect(listeningInodes(table, 0x1cf3)).toEqual(['4711']);
    expect(listeningInodes(table, 80)).toEqual([]);
  });
});
