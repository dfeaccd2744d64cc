import { EventEmitter } from 'node:events';
import { createServer, type IncomingHttpHeaders, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AccessGuard, type Identified } from '../site/access/access-guard.js';
import { adminKeyHash } from '../site/access/admin-key.js';
import { ADMINISTRATOR } from '../site/access/caller.js';
import { EventRing } from '../site/telemetry/event-ring.js';
import { UPLOAD_WINDOW_BYTES } from '../site/chunk-dispatch.js';
import { DEFAULT_CLIENT_LIMITS } from '../site/client-limits.js';
import { ClientWatch } from '../site/telemetry/client-watch.js';
import { MetricRegistry } from '../site/telemetry/metric-registry.js';
import { callerName, CallerShares, heldByBody } from './caller-shares.js';
import type { ListeningHttp } from './http-listener.js';
import { MemoryFileService } from './memory-file-service.js';
import { listen } from './native-http/server.js';
import { TestSites } from './s3/test-sites.js';

/** A real one, whose client is gone. */
async function leftResponse(): Promise<ServerResponse> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const left = new Promise<ServerResponse>((resolve) => {
    server.once('request', (_request, answer: ServerResponse) => {
      answer.once('close', () => resolve(answer));
      client.destroy();
    });
  });
  const client = request({ port }).on('error', () => undefined);
  client.end();
  const answer = await left;
  await new Promise((resolve) => setImmediate(resolve));
  server.close();
  return answer;
}

function sharesOf(requestsPerCaller: number): CallerShares {
  return new CallerShares({ ...DEFAULT_CLIENT_LIMITS, requestsPerCaller });
}

function response(): ServerResponse {
  return new EventEmitter() as ServerResponse;
}

it('takes so many requests of one caller at once, and any others beside them', () => {
  const shares = sharesOf(2);
  const [first, second] = [response(), response()];
  expect(shares.enter('key a', first)).toBeNull();
  expect(shares.enter('key a', second)).toBeNull();
  expect(shares.enter('key a', response())).not.toBeNull();
  expect(shares.enter('key b', response())).toBeNull();
  first.emit('close');
  expect(shares.enter('key a', response())).toBeNull();
  expect(shares.enter('key a', response())).not.toBeNull();
});

it('lets one caller hold so many bytes, and all together no more than theirs', () => {
  const refused: string[] = [];
  const limits = { requestsPerCaller: 9, inFlightBytes: 150, inFlightBytesPerCaller: 100 };
  const shares = new CallerShares(limits, (reason) => void refused.push(reason));
  const [first, second, third] = [response(), response(), response()];
  expect(shares.enter('key a', first, 60)).toBeNull();
  expect(shares.enter('key a', second, 50)?.reason).toBe('bytes_of_caller');
  expect(shares.enter('key a', second, 40)).toBeNull();
  // An answer counts beside the body, and one that holds nothing is taken all the same.
  expect(shares.hold(second, 1)?.reason).toBe('bytes_of_caller');
  expect(shares.enter('key a', response())).toBeNull();
  expect(shares.enter('key b', third, 51)?.reason).toBe('bytes');
  expect(shares.enter('key b', third, 20)).toBeNull();
  expect(shares.hold(third, 30)).toBeNull();
  expect([shares.bytes, refused]).toEqual([150, ['bytes_of_caller', 'bytes_of_caller', 'bytes']]);
  for (const each of [first, second, third]) each.emit('close');
  expect(shares.bytes).toBe(0);
});

it('counts a body by what it announces, and as large as may be where it announces nothing', () => {
  const held = (headers: IncomingHttpHeaders): number => heldByBody({ headers });
  expect(held({ 'content-length': '1000' })).toBe(1000);
  expect(held({ 'content-length': '99000000000' })).toBe(UPLOAD_WINDOW_BYTES);
  expect(held({ 'transfer-encoding': 'chunked' })).toBe(UPLOAD_WINDOW_BYTES);
  expect([held({}), held({ 'content-length': 'x' })]).toEqual([0, 0]);
});

it('remembers nobody who has nothing under way', () => {
  const shares = sharesOf(2);
  const open = Array.from({ length: 10 }, (_, index) => {
    const each = response();
    shares.enter(`key ${index}`, each);
    return each;
  });
  expect(shares.callers).toBe(10);
  for (const each of open) each.emit('close');
  expect(shares.callers).toBe(0);
});

it('keeps nothing for those who left before it was known who they are', async () => {
  const shares = sharesOf(1);
  const left = await leftResponse();
  expect(shares.enter('key a', left)).toBeNull();
  expect(shares.callers).toBe(0);
});

it('begins nothing for those who left while their key was looked up', async () => {
  let isAsked = false;
  let tell: (identified: Identified) => void = () => undefined;
  const known = new Promise<Identified>((resolve) => (tell = resolve));
  class SlowGuard extends AccessGuard {
    override identify(): Promise<Identified> {
      isAsked = true;
      return known;
    }
  }
  let followed = 0;
  class WatchedRing extends EventRing {
    override follow(...told: Parameters<EventRing['follow']>): ReturnType<EventRing['follow']> {
      followed += 1;
      return super.follow(...told);
    }
  }
  const ended: number[] = [];
  const native = await listen(new MemoryFileService(), {
    ...{ site: 'nyc', host: '127.0.0.1', port: 0 },
    guard: new SlowGuard(adminKeyHash('admin.x'), null),
    telemetry: {
      begin: () => {
        throw new Error('there are no objects here');
      },
      ended: (_by, status) => void ended.push(status),
      metrics: () => '',
      readiness: () => ({ ready: true, reasons: [] }),
      clients: new ClientWatch(new MetricRegistry()),
      events: new WatchedRing(),
    },
  });
  const headers = { authorization: 'Bearer admin.x', accept: 'text/event-stream' };
  const reader = request(`${native.url}/v1/events`, { headers }).on('error', () => undefined);
  reader.end();
  await expect.poll(() => isAsked).toBe(true);
  reader.destroy();
  await expect.poll(() => ended).toEqual([0]);
  tell({ ok: true, caller: ADMINISTRATOR });
  await new Promise((resolve) => setImmediate(resolve));
  expect(followed).toBe(0);
  await native.close(0);
});

it('counts those without a key by their address', () => {
  expect(callerName('k1', '10.0.0.1')).toBe('key k1');
  expect(callerName('', '10.0.0.1')).toBe('address 10.0.0.1');
});

describe('one who has as much under way as one caller may', () => {
  let native: ListeningHttp;

  beforeEach(async () => {
    const service = new MemoryFileService();
    await service.createBucket('docs');
    const address = { site: 'nyc', host: '127.0.0.1', port: 0 };
    native = await listen(service, { ...address, callers: sharesOf(1) });
  });
  afterEach(() => native.close(0));

  it('is refused at once over HTTP, told when to come again, and then answered', async () => {
    const held = request(`${native.url}/v1/files/docs/slow`, { method: 'PUT' });
    held.on('error', () => undefined);
    held.write('a part');
    const read = (): Promise<Response> => fetch(`${native.url}/v1/buckets`);
    await expect.poll(async () => (await read()).status).toBe(503);
    const refused = await read();
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(await refused.json()).toMatchObject({ code: 'overloaded' });
    expect((await fetch(`${native.url}/v1/health/live`)).status).not.toBe(503);
    held.destroy();
    await expect.poll(async () => (await read()).status).toBe(200);
  });
});

it('opens no links either, without a key', async () => {
  const address = { site: 'nyc', host: '127.0.0.1', port: 0 };
  const native = await listen(new MemoryFileService(), {
    ...address,
    callers: sharesOf(0),
  });
  expect((await fetch(`${native.url}/s/any`)).status).toBe(503);
  await native.close(0);
});

it('is refused a large file while it holds as much as it may, and gets it afterwards', async () => {
  const service = new MemoryFileService();
  await service.createBucket('docs');
  const limits = { ...DEFAULT_CLIENT_LIMITS, inFlightBytesPerCaller: 250_000 };
  const callers = new CallerShares(limits);
  const native = await listen(service, { site: 'nyc', host: '127.0.0.1', port: 0, callers });
  const body = Buffer.alloc(200_000);
  await fetch(`${native.url}/v1/files/docs/large`, { method: 'PUT', body });
  await expect.poll(() => callers.bytes).toBe(0);
  const held = request(`${native.url}/v1/files/docs/slow`, { method: 'PUT' });
  held.on('error', () => undefined);
  held.setHeader('content-length', 100_000);
  held.write('a part');
  await expect.poll(() => callers.bytes).toBe(100_000);
  const refused = await fetch(`${native.url}/v1/files/docs/large`);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
  expect(await refused.json()).toMatchObject({ code: 'overloaded' });
  held.destroy();
  await expect.poll(() => callers.bytes).toBe(0);
  const answer = await fetch(`${native.url}/v1/files/docs/large`);
  expect((await answer.arrayBuffer()).byteLength).toBe(200_000);
  await native.close(0);
});

it('is told to slow down over S3', async () => {
  const sites = await TestSites.start({ callers: sharesOf(0) });
  const answer = await fetch(`http://127.0.0.1:${sites.port('nyc')}/docs/a`);
  expect(answer.status).toBe(503);
  expect(answer.headers.get('retry-after')).toBe('1');
  expect(await answer.text()).toContain('<Code>SlowDown</Code>');
  await sites.stop();
});
