import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as plainRequest } from 'node:http';
import { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Credentials } from '../certificates/credentials.js';
import { TestAuthority, writeCredentials } from '../certificates/test-certificates.js';
import { connect } from '../client/sdk/node.js';
import { MemoryFileService } from '../gateways/memory-file-service.js';
import { TestCluster } from '../site/test-cluster.js';
import type { SiteTls } from '../site/site-config.js';
import { main } from './main.js';
import { siteConfigText } from './site-config.js';
import { type RunSite, runSiteCommand } from './site-command.js';
import { planSites } from './up/cluster-plan.js';
import type { World } from './world.js';
import { freePort } from '../transport/free-ports.js';

const cluster = new TestAuthority('c');
let folder: string;
let stop: AbortController;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quorate-secure-'));
  stop = new AbortController();
});

afterEach(() => rm(folder, { recursive: true }));

async function put(credentials: Credentials): Promise<SiteTls> {
  return { ...(await writeCredentials(folder, credentials)), clients: 'tls' };
}

function worldOf(
  words: Record<string, string> = {},
): World & { out: PassThrough; err: PassThrough } {
  return {
    out: new PassThrough(),
    err: new PassThrough(),
    input: Readable.from([]),
    environment: words,
    folder,
    stopped: stop.signal,
  };
}

/** One site with its ports open until the body has ended. */
async function withSite(
  tls: SiteTls,
  runSite: RunSite,
  body: (ports: { http: number; s3: number }, err: PassThrough) => Promise<void>,
): Promise<void> {
  const [http, s3] = [await freePort(), await freePort()];
  const options = { dataFolder: folder, clusterId: 'c', basePort: 7400, wan: {}, fsync: true };
  const [nyc] = planSites(options);
  const { sealKeyFile: _, ...config } = { ...nyc!, httpPort: http, s3Port: s3, tls };
  await writeFile(join(folder, 'nyc.toml'), siteConfigText(config));
  const world = worldOf();
  let ready = (): void => {};
  const isReady = new Promise<void>((resolve) => {
    ready = resolve;
  });
  const gone = new AbortController().signal;
  const exit = runSiteCommand(world, 'nyc.toml', runSite, {
    tell: () => ready(),
    listen: () => undefined,
    gone,
  });
  try {
    await isReady;
    await body({ http, s3 }, world.err);
  } finally {
    stop.abort();
    expect(await exit).toBe(0);
  }
}

const memorySite: RunSite = async (config) => ({
  service: new MemoryFileService({ site: config.site }),
  objects: null,
  httpUrl: '',
  stop: async () => undefined,
});

/** A site with all that gateways use, in memory. */
const wholeSite: RunSite = async () => {
  const sites = await new TestCluster({ isPatient: true }).ready();
  const service = sites.at('nyc');
  return { service, objects: service, httpUrl: '', stop: async () => sites.stop() };
};

function shake(port: number, ca: string | undefined = cluster.pem): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host: '127.0.0.1', port, ca }, () => resolve(socket));
    socket.once('error', reject);
  });
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe('the ports for clients under TLS', () => {
  it('serve files to the client, over its session and over HTTPS', async () => {
    const tls = await put(cluster.site('nyc'));
    await withSite(tls, wholeSite, async ({ http }) => {
      const url = `https://127.0.0.1:${http}`;
      const client = await connect({ sites: [url], ca: cluster.pem });
      await client.createBucket('docs');
      await client.write('docs/small', 'hello');
      const read = await client.read('docs/small');
      expect(read.outcome === 'found' && read.file.text()).toBe('hello');
      const large = new Blob([new Uint8Array(100_000).fill(7)]);
      expect((await client.write('docs/large', large)).outcome).toBe('committed');
      const streamed = await client.readStream('docs/large');
      let size = 0;
      if (streamed.outcome !== 'found') throw new Error(streamed.outcome);
      for await (const piece of streamed.body) size += piece.byteLength;
      expect(size).toBe(100_000);
      client.close();
    });
  });

  it('are not reached by a client that does not know their authority, and it says so', async () => {
    const tls = await put(cluster.site('nyc'));
    await withSite(tls, memorySite, async ({ http }) => {
      const sites = `nyc=https://127.0.0.1:${http}`;
      const stranger = worldOf();
      expect(await main(['mb', 'docs', '--sites', sites], stranger)).toBe(4);
      expect(String(stranger.err.read())).toContain('signed by nobody trusted here');
      const known = worldOf();
      const words = ['mb', 'docs', '--sites', sites, '--ca', 'ca.pem'];
      expect(await main(words, known)).toBe(0);
    });
  });

  it('answer S3', async () => {
    const tls = await put(cluster.site('nyc'));
    await withSite(tls, wholeSite, async ({ s3 }) => {
      const socket = await shake(s3);
      socket.write('GET / HTTP/1.1\r\nHost: nyc\r\nConnection: close\r\n\r\n');
      let text = '';
      for await (const piece of socket) text += String(piece);
      expect(text).toMatch(/^HTTP\/1\.1 403 /);
      expect(text).toContain('<Code>AccessDenied</Code>');
    });
  });

  it('use a renewed certificate without a restart', async () => {
    const old = cluster.site('nyc');
    const tls = await put(old);
    const serial = async (port: number): Promise<string> => {
      const socket = await shake(port);
      const { serialNumber } = socket.getPeerCertificate();
      socket.destroy();
      return serialNumber;
    };
    await withSite(tls, memorySite, async ({ http }) => {
      const before = await serial(http);
      await put(cluster.site('nyc'));
      await until(async () => (await serial(http)) !== before);
    });
  }, 20_000);

  it('show another certificate than the sites do, if told to', async () => {
    const web = new TestAuthority('web');
    const tls = await put(cluster.site('nyc'));
    const { cert, key } = web.other();
    const clientCertificate = {
      certFile: join(folder, 'web.pem'),
      keyFile: join(folder, 'web.key'),
    };
    await writeFile(clientCertificate.certFile, cert);
    await writeFile(clientCertificate.keyFile, key);
    await withSite({ ...tls, clientCertificate }, memorySite, async ({ http }) => {
      const socket = await shake(http, web.pem);
      expect(socket.getPeerCertificate().subject.CN).toBe('somebody');
      socket.destroy();
    });
  });

  it('are in the clear when that is said', async () => {
    const tls = await put(cluster.site('nyc'));
    await withSite({ ...tls, clients: 'plain' }, memorySite, async ({ http }) => {
      const health = await fetch(`http://127.0.0.1:${http}/health`);
      expect(health.status).toBe(200);
    });
  });

  it('give nothing to whoever speaks in the clear', async () => {
    const tls = await put(cluster.site('nyc'));
    await withSite(tls, memorySite, async ({ http }) => {
      const asked = plainRequest({ host: '127.0.0.1', port: http, path: '/health' });
      const answer = new Promise((resolve) => {
        asked.once('response', () => resolve('answered'));
        asked.once('error', () => resolve('broken off'));
      });
      asked.end();
      expect(await answer).toBe('broken off');
    });
  });

  it('do not keep a site from stopping while somebody never completes a handshake', async () => {
    const tls = await put(cluster.site('nyc'));
    const sockets: ReturnType<typeof connectPlain>[] = [];
    await withSite(tls, memorySite, async ({ http }) => {
      const socket = connectPlain(http, '127.0.0.1');
      sockets.push(socket);
      socket.on('error', () => undefined);
      await new Promise<void>((resolve) => socket.once('connect', resolve));
    });
    const [socket] = sockets;
    if (socket?.closed === false) await new Promise((resolve) => socket.once('close', resolve));
  }, 5000);

  it('are not opened with a certificate that cannot be used', async () => {
    const tls = await put(cluster.site('nyc'));
    await writeFile(tls.keyFile, cluster.site('nyc').key);
    const [nyc] = planSites({
      dataFolder: folder,
      clusterId: 'c',
      basePort: 7400,
      wan: {},
      fsync: true,
    });
    await writeFile(join(folder, 'nyc.toml'), siteConfigText({ ...nyc!, tls }));
    const world = worldOf();
    expect(await runSiteCommand(world, 'nyc.toml', memorySite, null)).toBe(1);
    expect(String(world.err.read())).toContain('does not belong to the certificate');
  });
});
