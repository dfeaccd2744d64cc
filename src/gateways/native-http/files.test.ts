import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ContentLost } from '../../site/file-service.js';
import type { OpenedFile } from '../../site/file-service.js';
import { MemoryFileService } from '../memory-file-service.js';
import { listenOnLoopback, sendRaw } from './raw-exchange.js';
import type { ListeningHttp } from '../http-listener.js';

let service: MemoryFileService;
let server: ListeningHttp;

beforeEach(async () => {
  service = new MemoryFileService({ now: () => Date.UTC(2026, 0, 2, 3, 4, 5) });
  await service.createBucket('docs');
  server = await listenOnLoopback(service);
});

afterEach(() => server.close());

function call(method: string, path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${server.url}${path}`, { method, ...init });
}

function put(path: string, body: string | Uint8Array, headers = {}): Promise<Response> {
  return call('PUT', `/v1/files/docs/${path}`, { body, headers });
}

describe('a file', () => {
  it('comes back as it was written, with its version, metadata and how fresh it is', async () => {
    const written = await put('a.txt', 'hello', {
      'Content-Type': 'text/plain',
      'Quorate-Meta-Author': 'Ada',
    });
    expect(written.status).toBe(201);
    expect(written.headers.get('quorate-request-id')).toMatch(/./);
    expect(await written.json()).toMatchObject({
      outcome: 'committed',
      file: { bucket: 'docs', path: 'a.txt', version: 1, size: 5, metadata: { author: 'Ada' } },
    });
    const read = await call('GET', '/v1/files/docs/a.txt');
    expect(await read.text()).toBe('hello');
    expect(Object.fromEntries(read.headers)).toMatchObject({
      'content-type': 'text/plain',
      'content-length': '5',
      'last-modified': 'Fri, 02 Jan 2026 03:04:05 GMT',
      'quorate-version': '1',
      'quorate-epoch': '1',
      'quorate-site': 'nyc',
      'quorate-primary': 'nyc',
      'quorate-freshness': 'primary',
      'quorate-meta-author': 'Ada',
    });
    expect(read.headers.get('etag')).toMatch(/^"b3-[0-9a-f]{64}"$/);
    expect(read.headers.has('quorate-age-ms')).toBe(false);
  });

  it('says how old it may be when whatever is here was asked for', async () => {
    await put('a', 'x');
    const read = await call('GET', '/v1/files/docs/a', {
      headers: { 'Quorate-Consistency': 'local' },
    });
    expect(read.headers.get('quorate-freshness')).toBe('local');
    expect(read.headers.get('quorate-age-ms')).toBe('0');
  });

  it('answers HEAD with the headers of GET alone', async () => {
    await put('a', 'hello');
    const head = await call('HEAD', '/v1/files/docs/a');
    expect(head.headers.get('content-length')).toBe('5');
    expect(await head.text()).toBe('');
  });

  it('of many megabytes streams both ways', async () => {
    const bytes = new Uint8Array(5_000_003).map((_, index) => (index * 7919) >>> 8);
    expect((await put('big', bytes)).status).toBe(201);
    const read = await call('GET', '/v1/files/docs/big');
    expect(Buffer.compare(new Uint8Array(await read.arrayBuffer()), bytes)).toBe(0);
    const part = await call('GET', '/v1/files/docs/big', {
      headers: { Range: 'bytes=1048570-2097160' },
    });
    expect(part.status).toBe(206);
    expect(part.headers.get('content-range')).toBe('bytes 1048570-2097160/5000003');
    const expected = bytes.subarray(1_048_570, 2_097_161);
    expect(Buffer.compare(new Uint8Array(await part.arrayBuffer()), expected)).toBe(0);
  });

  it.each([
    ['bytes=2-4', '234'],
    ['bytes=7-', '789'],
    ['bytes=-2', '89'],
    ['bytes=8-100', '89'],
    ['bytes=-100', '0123456789'],
  ])('gives the range %s', async (range, text) => {
    await put('a', '0123456789');
    const read = await call('GET', '/v1/files/docs/a', { headers: { Range: range } });
    expect([read.status, await read.text()]).toEqual([206, text]);
  });

  it('keeps names byte for byte: dots, empty segments, escapes, a byte order mark', async () => {
    const names = ['../up', './here', 'a//b', 'a/./b/..', '%41', '\ufeffbom', 'a+b ?#é', 'é'];
    for (const name of names) {
      const path = encodeURIComponent(name);
      const text = `PUT /v1/files/docs/${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx`;
      expect((await sendRaw(server.port, text)).status).toBe(201);
    }
    const raw =
      'PUT /v1/files/docs/x/../../y HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx';
    expect((await sendRaw(server.port, raw)).status).toBe(201);
    const listing = await service.list({ bucket: 'docs' });
    const listed = listing.ok ? listing.files.map((file) => file.name.slice(5)) : [];
    expect(listed.sort()).toEqual([...names, 'x/../../y'].sort());
  });

  it('keeps its deletes and old versions, and restores them', async () => {
    await put('a', 'one');
    await put('a', 'two');
    expect((await call('DELETE', '/v1/files/docs/a')).status).toBe(200);
    const gone = await call('GET', '/v1/files/docs/a');
    expect([gone.status, gone.headers.get('quorate-version')]).toEqual([404, '3']);
    expect(await (await call('GET', '/v1/files/docs/a?version=1')).text()).toBe('one');
    const history = (await (await call('GET', '/v1/files/docs/a?versions')).json()) as {
      versions: { version: number; deleted: boolean }[];
    };
    expect(history.versions.map(({ version, deleted }) => [version, deleted])).toEqual([
      [3, true],
      [2, false],
      [1, false],
    ]);
    const restored = await call('POST', '/v1/files/docs/a?restore=1');
    expect(restored.headers.get('quorate-version')).toBe('4');
    expect(await (await call('GET', '/v1/files/docs/a')).text()).toBe('one');
  });

  it('is copied and moved on the server, with its metadata', async () => {
    await put('a', 'one', { 'Content-Type': 'text/x' });
    await put('a', 'two');
    await call('POST', '/v1/files/docs/b?copy-from=docs/a&version=1');
    const copy = await call('GET', '/v1/files/docs/b');
    expect([await copy.text(), copy.headers.get('content-type')]).toEqual(['one', 'text/x']);
    await call('POST', '/v1/files/docs/c?move-from=docs/a');
    expect((await call('GET', '/v1/files/docs/a')).status).toBe(404);
    expect(await (await call('GET', '/v1/files/docs/c')).text()).toBe('two');
  });
});

describe('conditions', () => {
  it('If-None-Match: * writes only what is not there', async () => {
    expect((await put('a', 'x', { 'If-None-Match': '*' })).status).toBe(201);
    const again = await put('a', 'y', { 'If-None-Match': '*' });
    expect(again.status).toBe(412);
    expect(await again.json()).toMatchObject({
      code: 'precondition_failed',
      outcome: 'rejected',
      current: { version: 1 },
    });
  });

  it('If-Match and Quorate-If-Version write only over what was read', async () => {
    const etag = (await put('a', 'x')).headers.get('etag') ?? '';
    expect((await put('a', 'y', { 'If-Match': `"other", ${etag}` })).status).toBe(200);
    expect((await put('a', 'z', { 'If-Match': etag })).status).toBe(412);
    expect((await put('a', 'z', { 'If-Match': `W/${etag}` })).status).toBe(412);
    expect((await put('a', 'z', { 'Quorate-If-Version': '1' })).status).toBe(412);
    expect((await put('a', 'z', { 'Quorate-If-Version': '2' })).status).toBe(200);
  });

  it('a read of what the client has already is answered 304', async () => {
    const etag = (await put('a', 'x')).headers.get('etag') ?? '';
    const read = (headers: Record<string, string>): Promise<Response> =>
      call('GET', '/v1/files/docs/a', { headers });
    const unchanged = await read({ 'If-None-Match': `W/${etag}` });
    expect([unchanged.status, unchanged.headers.get('etag')]).toEqual([304, etag]);
    expect((await read({ 'If-None-Match': '"b3-00"' })).status).toBe(200);
    expect((await read({ 'If-Match': '"b3-00"' })).status).toBe(412);
    const stale = await read({ Range: 'bytes=0-0', 'If-Range': '"b3-00"' });
    expect(stale.status).toBe(200);
  });
});

describe('outcomes', () => {
  it('one Idempotency-Key makes one version', async () => {
    const first = await put('a', 'x', { 'Idempotency-Key': 'k1' });
    const second = await put('a', 'x', { 'Idempotency-Key': 'k1' });
    expect([first, second].map((answer) => answer.headers.get('quorate-version'))).toEqual([
      '1',
      '1',
    ]);
    expect(second.headers.get('quorate-request-id')).toBe('k1');
  });

  it('unknown is 504 and says so', async () => {
    service.write = async () => ({ outcome: 'unknown', reason: 'primary_lost', message: 'gone' });
    const answer = await put('a', 'x');
    expect(answer.status).toBe(504);
    expect(await answer.json()).toMatchObject({ code: 'primary_lost', outcome: 'unknown' });
  });

  it('a mistake of ours during a write is unknown as well', async () => {
    service.write = async () => {
      throw new Error('bug');
    };
    const answer = await put('a', 'x');
    expect(answer.status).toBe(500);
    expect(await answer.json()).toMatchObject({ code: 'internal', outcome: 'unknown' });
  });

  it('a lost quorum is 503 with Retry-After, and nothing was stored', async () => {
    service.write = async () => ({
      outcome: 'rejected',
      reason: 'quorum_unavailable',
      message: '1 of 3 sites reachable, 2 needed',
    });
    const answer = await put('a', 'x');
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await answer.json()).toMatchObject({ outcome: 'rejected', code: 'quorum_unavailable' });
  });

  it('content that no site has any more is a clean error when small, a cut when large', async () => {
    for (const size of [10, 200_000]) {
      await put('a', new Uint8Array(size));
      const opened = (await MemoryFileService.prototype.open.call(service, 'docs/a')) as OpenedFile;
      service.open = async () => ({
        ...opened,
        async *body() {
          if (size > 100_000) yield new Uint8Array(100_000);
          throw new ContentLost('chunk 1');
        },
      });
      const read = call('GET', '/v1/files/docs/a').then(async (answer) => {
        await answer.arrayBuffer();
        return answer.status;
      });
      if (size === 10) expect(await read).toBe(503);
      else await expect(read).rejects.toThrow();
    }
  });

  it('a download that is given up stops reading', async () => {
    await put('a', new Uint8Array(200_000));
    const opened = (await service.open('docs/a')) as OpenedFile;
    const stopped = new Promise<void>((resolve) => {
      service.open = async () => ({
        ...opened,
        file: { ...opened.file, content: { ...opened.file.content!, size: 1e12 } },
        async *body() {
          try {
            for (;;) yield new Uint8Array(100_000);
          } finally {
            resolve();
          }
        },
      });
    });
    const abort = new AbortController();
    const answer = await call('GET', '/v1/files/docs/a', { signal: abort.signal });
    await answer.body!.getReader().read();
    abort.abort();
    await stopped;
  });
});

describe('around the files', () => {
  it('lists with prefix, delimiter and pages', async () => {
    for (const path of ['a/1', 'a/2', 'b', 'c/1', 'd']) await put(path, path);
    const list = async (query: string): Promise<Record<string, unknown>> => {
      const answer = await call('GET', `/v1/files/docs?${query}`);
      const page = (await answer.json()) as { files: { path: string }[] };
      return { ...page, files: page.files.map((file) => file.path) };
    };
    expect(await list('prefix=a/')).toEqual({ files: ['a/1', 'a/2'], prefixes: [], next: null });
    const first = await list('delimiter=/&limit=2');
    expect(first).toMatchObject({ files: ['b'], prefixes: ['a/'] });
    const cursor = encodeURIComponent(String(first['next']));
    expect(await list(`delimiter=/&limit=2&cursor=${cursor}`)).toEqual({
      files: ['d'],
      prefixes: ['c/'],
      next: null,
    });
  });

  it('makes and removes buckets', async () => {
    expect((await call('PUT', '/v1/buckets/photos')).status).toBe(201);
    expect((await call('PUT', '/v1/buckets/photos')).status).toBe(409);
    expect(await (await call('GET', '/v1/buckets')).json()).toMatchObject({
      buckets: [{ name: 'docs' }, { name: 'photos' }],
    });
    await put('a', 'x');
    expect((await call('DELETE', '/v1/buckets/docs')).status).toBe(409);
    expect((await call('DELETE', '/v1/buckets/photos')).status).toBe(200);
  });

  it('shows and changes the primary table', async () => {
    const one = await call('GET', '/v1/primaries?name=docs%2Ffile2.txt');
    expect(await one.json()).toMatchObject({
      name: 'docs/file2.txt',
      home: 'tor',
      rule: { kind: 'exact', pattern: '*/file2.txt' },
    });
    const change = (pattern: string): Promise<Response> =>
      call('PUT', '/v1/primaries', { body: JSON.stringify({ pattern, site: 'lon' }) });
    expect((await change('docs/reports/*')).status).toBe(200);
    await put('taken/a', 'x');
    const home = service.primaryOf('docs/taken/a').shard;
    expect((await change('docs/taken/*')).status).toBe(home === 'lon' ? 200 : 409);
    expect(await (await call('GET', '/v1/primaries')).json()).toMatchObject({
      rules: expect.arrayContaining([
        { kind: 'prefix', pattern: 'docs/reports/*', sites: ['lon'] },
      ]) as unknown,
    });
  });

  it('shows the cluster, the position and that it is there', async () => {
    expect(await (await call('GET', '/v1/cluster')).json()).toMatchObject({ site: 'nyc' });
    expect(await (await call('GET', '/v1/position')).json()).toHaveProperty('position');
    expect(await (await call('GET', '/health')).json()).toEqual({ site: 'nyc', status: 'ok' });
  });
});
