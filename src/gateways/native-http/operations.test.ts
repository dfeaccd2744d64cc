import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AccessGuard } from '../../site/access/access-guard.js';
import { adminKeyHash, newAdminKey } from '../../site/access/admin-key.js';
import { ClientWatch } from '../../site/telemetry/client-watch.js';
import { EventRing, type SiteEvent } from '../../site/telemetry/event-ring.js';
import { MetricRegistry } from '../../site/telemetry/metric-registry.js';
import type { GatewayTelemetry } from '../../site/telemetry/site-telemetry.js';
import type { ListeningHttp } from '../http-listener.js';
import { MemoryFileService } from '../memory-file-service.js';
import { listen } from './server.js';

let server: ListeningHttp;
let events: EventRing;
let reasons: string[];
let telemetry: GatewayTelemetry;
const ended: number[] = [];

const event = (message: string): Omit<SiteEvent, 'id'> => ({
  atMs: 1,
  site: 'nyc',
  kind: 'primary',
  level: 'info',
  message,
});

beforeEach(async () => {
  events = new EventRing();
  reasons = [];
  ended.length = 0;
  telemetry = {
    begin: () => {
      throw new Error('there are no objects here');
    },
    ended: (_by, status) => void ended.push(status),
    metrics: () => '# TYPE quorate_ready gauge\nquorate_ready 1\n',
    readiness: () => ({ ready: reasons.length === 0, reasons }),
    clients: new ClientWatch(new MetricRegistry()),
    events,
  };
  const address = { site: 'nyc', host: '127.0.0.1', port: 0 };
  server = await listen(new MemoryFileService(), { ...address, telemetry });
});

afterEach(() => server.close(0));

const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${server.url}${path}`, { headers });

describe('what operators ask', () => {
  it('is answered in the text format of Prometheus', async () => {
    const answer = await get('/metrics');
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await answer.text()).toContain('quorate_ready 1');
    await expect.poll(() => ended).toEqual([200]);
  });

  it.each([
    ['wants a key', false, 401],
    ['is open where the operator says so, and nothing else with it', true, 200],
  ])('on a site with keys %s', async (_name, metricsOpen, status) => {
    const guard = new AccessGuard(adminKeyHash(newAdminKey()), null, null, metricsOpen);
    const address = { site: 'nyc', host: '127.0.0.1', port: 0 };
    const guarded = await listen(new MemoryFileService(), { ...address, telemetry, guard });
    const statusOf = async (path: string): Promise<number> =>
      (await fetch(guarded.url + path)).status;
    expect(await statusOf('/metrics')).toBe(status);
    for (const path of ['/v1/cluster', '/v1/events', '/metrics/', '/%6detrics']) {
      expect(await statusOf(path)).toBe(401);
    }
    await guarded.close(0);
  });

  it('tells a live site from a ready one, and says why it is not ready', async () => {
    expect((await get('/v1/health/ready')).status).toBe(200);
    reasons = ['this site is stopping'];
    expect((await get('/v1/health/live')).status).toBe(200);
    const ready = await get('/v1/health/ready');
    expect(ready.status).toBe(503);
    expect(await ready.json()).toEqual({ site: 'nyc', ready: false, reasons });
  });

  it('gives events after an id, and refuses what is none', async () => {
    for (const name of ['a', 'b', 'c']) events.add(event(name));
    const told = (await (await get('/v1/events?after=1&limit=1')).json()) as {
      events: SiteEvent[];
    };
    expect(told.events.map(({ message }) => message)).toEqual(['b']);
    expect((await get('/v1/events?after=x')).status).toBe(400);
    expect((await get('/v1/events?before=1')).status).toBe(400);
    expect((await get('/metrics?x=1')).status).toBe(400);
  });

  it('streams events as they happen, from where a reader was', async () => {
    for (const name of ['a', 'b']) events.add(event(name));
    const headers = { accept: 'text/event-stream', 'last-event-id': '1' };
    const answer = await get('/v1/events', headers);
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    const until = async (pattern: RegExp): Promise<void> => {
      while (!pattern.test(text)) text += (await reader.read()).value ?? '';
    };
    await until(/id: 2\ndata: .*"message":"b".*\n\n/);
    events.add(event('c'));
    await until(/id: 3\ndata: .*"message":"c".*\n\n/);
    expect(text).not.toContain('"message":"a"');
    server.dismiss();
    while (!(await reader.read()).done);
    expect((await get('/v1/events', headers)).status).toBe(503);
  });

  it('ends each connection with its answer once it is drained', async () => {
    expect((await get('/health')).headers.get('connection')).toBe('keep-alive');
    server.drain();
    expect((await get('/health')).headers.get('connection')).toBe('close');
  });
});

describe('a request', () => {
  it('is answered under the name that its caller gave it', async () => {
    const named = await get('/health', { 'quorate-request-id': 'mine-1' });
    expect(named.headers.get('quorate-request-id')).toBe('mine-1');
    const one = (await get('/health')).headers.get('quorate-request-id');
    const other = (await get('/v1/files/docs/none')).headers.get('quorate-request-id');
    expect(one).toMatch(/^[\x21-\x7e]{1,128}$/);
    expect(other).not.toBe(one);
  });

  it('keeps the name of the write apart where only its log name was given', async () => {
    const put = (headers: Record<string, string>): Promise<Response> =>
      fetch(`${server.url}/v1/buckets/${headers.bucket}`, { method: 'PUT', headers });
    const keyed = await put({ bucket: 'one', 'idempotency-key': 'w-1' });
    expect(keyed.headers.get('quorate-request-id')).toBe('w-1');
    const named = await put({ bucket: 'two', 'quorate-request-id': 'log-1' });
    expect(named.headers.get('quorate-request-id')).toBe('log-1');
    expect(((await named.json()) as { requestId: string }).requestId).not.toBe('log-1');
  });
});
