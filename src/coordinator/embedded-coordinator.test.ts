import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { RequestListener, Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claim, describeCoordinator, read, seen, swap } from './coordinator.conformance.js';
import type { EmbeddedCoordinator, EmbeddedCoordinatorOptions } from './embedded-coordinator.js';
import { BODY_LIMIT_BYTES, startEmbeddedCoordinator } from './embedded-coordinator.js';
import type { RemoteCoordinator } from './remote-coordinator.js';
import { createRemoteCoordinator } from './remote-coordinator.js';

const kit = { describe, it, expect, beforeEach, afterEach };

const host = '127.0.0.1';

async function start(
  path: string,
  options: Partial<EmbeddedCoordinatorOptions> = {},
): Promise<EmbeddedCoordinator> {
  const started = await startEmbeddedCoordinator({ path, host, port: 0, ...options });
  if (!started.ok) throw new Error(started.message);
  return started.coordinator;
}

function client(port: number, options: { deadlineMs?: number; silentMs?: number } = {}) {
  return createRemoteCoordinator({ host, port, retryMinMs: 5, retryMaxMs: 20, ...options });
}

describeCoordinator(kit, 'embedded, over HTTP', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'quorate-coordinator-'));
  const server = await start(join(folder, 'coordinator.json'));
  const first = client(server.port, { deadlineMs: 10_000 });
  const second = client(server.port, { deadlineMs: 10_000 });
  return {
    first,
    second,
    close: async () => {
      first.close();
      second.close();
      await server.close();
      await rm(folder, { recursive: true });
    },
  };
});

describe('the embedded coordinator', () => {
  let folder = '';
  let path = '';
  let servers: EmbeddedCoordinator[] = [];
  let clients: RemoteCoordinator[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'quorate-coordinator-'));
    path = join(folder, 'state', 'coordinator.json');
  });

  afterEach(async () => {
    for (const remote of clients) remote.close();
    for (const server of servers) await server.close();
    servers = [];
    clients = [];
    await rm(folder, { recursive: true });
  });

  async function open(
    options: Partial<EmbeddedCoordinatorOptions> = {},
  ): Promise<[EmbeddedCoordinator, RemoteCoordinator]> {
    const server = await start(path, options);
    const remote = client(server.port, { deadlineMs: 10_000 });
    servers.push(server);
    clients.push(remote);
    return [server, remote];
  }

  async function stop(server: EmbeddedCoordinator): Promise<void> {
    servers = servers.filter((other) => other !== server);
    await server.close();
  }

  function post(port: number, route: string, body: string, type = 'application/json') {
    const headers = { 'content-type': type };
    return fetch(`http://${host}:${port}${route}`, { method: 'POST', body, headers });
  }

  it('keeps everything over a restart, and revisions go on growing', async () => {
    const [server, remote] = await open();
    const before = await swap(remote, 'claim/nyc', 0, claim());
    if (before.outcome !== 'swapped') throw new Error(before.outcome);
    await stop(server);
    const [, again] = await open();
    expect(await read(again, 'claim/nyc')).toEqual({ value: claim(), revision: before.revision });
    const after = await swap(again, 'claim/tor', 0, claim({ shard: 'tor' }));
    expect(after.outcome === 'swapped' ? after.revision : 0).toBeGreaterThan(before.revision);
  });

  it('tells a watch the current state again after a restart', async () => {
    const [server, remote] = await open();
    await swap(remote, 'claim/nyc', 0, claim());
    let told = 0;
    let resolveFirst = (): void => undefined;
    let resolveNew = (): void => undefined;
    const first = new Promise<void>((resolve) => (resolveFirst = resolve));
    const renewed = new Promise<void>((resolve) => (resolveNew = resolve));
    remote.watch('claim/', (_key, current) => {
      told += 1;
      resolveFirst();
      if ((current.value as { renewal: number }).renewal === 2) resolveNew();
    });
    await first;
    const { port } = server;
    await stop(server);
    const [, again] = await open({ port });
    await swap(again, 'claim/nyc', 1, claim({ renewal: 2 }));
    await renewed;
    expect(told).toBeGreaterThanOrEqual(2);
  });

  it.each([
    ['a changed byte', (text: string) => text.replace('"nyc"', '"nyx"')],
    ['a cut file', (text: string) => text.slice(0, -3)],
    ['an empty file', () => ''],
    ['a file of something else', () => 'hello\nworld'],
  ])('refuses to start on %s', async (_name, damage) => {
    const [server, remote] = await open();
    await swap(remote, 'claim/nyc', 0, claim());
    await stop(server);
    await writeFile(path, damage(await readFile(path, 'utf8')));
    const started = await startEmbeddedCoordinator({ path, host, port: 0 });
    expect(started).toMatchObject({ ok: false, reason: 'damaged' });
    expect(started.ok ? '' : started.message).toContain(path);
  });

  it('refuses a format it does not know, by name', async () => {
    await open();
    await writeFile(path, '{"format":2,"crc32":0}\n{}');
    const started = await startEmbeddedCoordinator({ path, host, port: 0 });
    expect(started).toMatchObject({ ok: false, reason: 'unknown_format' });
  });

  it('says that its port is taken', async () => {
    const [server] = await open();
    const other = join(folder, 'other.json');
    const started = await startEmbeddedCoordinator({ path: other, host, port: server.port });
    expect(started).toMatchObject({ ok: false, reason: 'port_taken' });
  });

  it('answers a swap as unknown when the disk fails, and shows nothing of it', async () => {
    const [server, remote] = await open();
    await swap(remote, 'claim/nyc', 0, claim());
    await rm(join(folder, 'state'), { recursive: true });
    expect(await swap(remote, 'claim/tor', 0, claim())).toEqual({ outcome: 'unknown' });
    expect(await read(remote, 'claim/tor')).toBeNull();
    expect(await read(remote, 'claim/nyc')).toMatchObject({ revision: 1 });
    await stop(server);
  });

  it.each([
    ['/v1/swap', 'not json', 400],
    ['/v1/swap', '{}', 400],
    ['/v1/swap', '{"key":"claim/nyc","revision":-1,"value":{}}', 400],
    ['/v1/swap', '{"key":"claim/nyc","revision":0,"value":{"epoch":"one"}}', 400],
    ['/v1/swap', '{"key":"nonsense","revision":0,"value":{}}', 400],
    ['/v1/read', '[1,2', 400],
    ['/v1/read', '{"key":"claim/"}', 400],
    ['/v1/unknown', '{}', 404],
    ['/v1/read', 'x'.repeat(BODY_LIMIT_BYTES + 1), 413],
  ])('refuses garbage and stores nothing: POST %s %.40s', async (route, body, status) => {
    const [server, remote] = await open();
    expect((await post(server.port, route, body)).status).toBe(status);
    expect(await read(remote, 'claim/nyc')).toEqual({ value: null, revision: 0 });
  });

  it('takes bodies only as JSON', async () => {
    const [server] = await open();
    const body = '{"key":"claim/nyc"}';
    expect((await post(server.port, '/v1/read', body, 'text/plain')).status).toBe(415);
  });

  it('lets others answer on its port', async () => {
    const [server] = await open({
      extra: (request, response) => {
        if (request.url !== '/v1/sites') return false;
        response.end('sites');
        return true;
      },
    });
    const url = `http://${host}:${server.port}`;
    expect(await (await fetch(`${url}/v1/sites`)).text()).toBe('sites');
    expect(await (await fetch(`${url}/v1/health`)).json()).toEqual({ ok: true, revision: 0 });
  });
});

describe('the client of a coordinator', () => {
  let server: Server | null = null;
  let remote: RemoteCoordinator | null = null;

  afterEach(async () => {
    remote?.close();
    const closing = server;
    if (closing === null) return;
    closing.closeAllConnections();
    await new Promise((resolve) => closing.close(resolve));
  });

  async function against(
    listener: RequestListener,
    options: { deadlineMs?: number; silentMs?: number } = {},
  ): Promise<RemoteCoordinator> {
    const listening = createServer(listener);
    server = listening;
    await new Promise<void>((resolve) => listening.listen(0, host, resolve));
    remote = client((listening.address() as AddressInfo).port, options);
    return remote;
  }

  it('ends every call when the server accepts and never answers', async () => {
    const silent = await against(() => undefined, { deadlineMs: 30 });
    expect(await read(silent, 'claim/nyc')).toBeNull();
    expect(await swap(silent, 'claim/nyc', 0, claim())).toEqual({ outcome: 'unknown' });
  });

  it('ends every call when there is no server', async () => {
    remote = client(1);
    expect(await read(remote, 'claim/nyc')).toBeNull();
    expect(await swap(remote, 'claim/nyc', 0, claim())).toEqual({ outcome: 'unknown' });
  });

  it.each([
    ['not JSON', '<html>'],
    ['the wrong shape', '{"outcome":"swapped","revision":"many"}'],
    ['a conflict with garbage', '{"outcome":"conflict","current":{"value":{},"revision":4}}'],
    ['an empty body', ''],
  ])('takes an answer that is %s as no answer', async (_name, body) => {
    const strange = await against((_request, response) => response.end(body));
    expect(await read(strange, 'claim/nyc')).toBeNull();
    expect(await swap(strange, 'claim/nyc', 0, claim())).toEqual({ outcome: 'unknown' });
  });

  it('connects a watch anew that is silent, and one that talks nonsense', async () => {
    const good = JSON.stringify({ key: 'claim/nyc', record: { value: claim(), revision: 3 } });
    let connections = 0;
    const watched = await against(
      (_request, response) => {
        connections += 1;
        response.writeHead(200);
        if (connections === 1) response.write('{"heartbeat":true}\n');
        else if (connections === 2) response.write('nonsense\n');
        else if (connections === 3) response.destroy();
        else response.write(`${good.slice(0, 20)}`, () => response.write(`${good.slice(20)}\n`));
      },
      { silentMs: 40 },
    );
    expect(await seen(watched, 'claim/', () => true)).toEqual({ key: 'claim/nyc', revision: 3 });
    expect(connections).toBe(4);
  });
});
