import { EventEmitter } from 'node:events';
import { createServer, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AccessGuard, type Identified } from '../site/access/access-guard.js';
import { adminKeyHash } from '../site/access/admin-key.js';
import { ADMINISTRATOR } from '../site/access/caller.js';
import { EventRing } from '../site/telemetry/event-ring.js';
import { callerName, CallerShares } from './caller-shares.js';
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

function response(): ServerResponse {
  return new EventEmitter() as ServerResponse;
}

it('takes so many requests of one caller at once, and any others beside them', () => {
  const shares = new CallerShares(2);
  const [first, second] = [response(), response()];
  expect(shares.enter('key a', first)).toBe(true);
  expect(shares.enter('key a', second)).toBe(true);
  expect(shares.enter('key a', response())).toBe(false);
  expect(shares.enter('key b', response())).toBe(true);
  first.emit('close');
  expect(shares.enter('key a', response())).toBe(true);
  expect(shares.enter('key a', response())).toBe(false);
});

it('remembers nobody who has nothing under way', () => {
  const shares = new CallerShares(2);
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
  const shares = new CallerShares(1);
  const left = await leftResponse();
  expect(shares.enter('key a', left)).toBe(true);
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
    native = await listen(service, { ...address, callers: new CallerShares(1) });
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
    callers: new CallerShares(0),
  });
  expect((await fetch(`${native.url}/s/any`)).status).toBe(503);
  await native.close(0);
});

it('is told to slow down over S3', async () => {
  const sites = await TestSites.start({ callers: new CallerShares(0) });
  const answer = await fetch(`http://127.0.0.1:${sites.port('nyc')}/docs/a`);
  expect(answer.status).toBe(503);
  expect(answer.headers.get('retry-after')).toBe('1');
  expect(await answer.text()).toContain('<Code>SlowDown</Code>');
  await sites.stop();
});
