import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ListeningHttp } from '../http-listener.js';
import { MemoryFileService } from '../memory-file-service.js';
import { listenOnLoopback, sendRaw } from './raw-exchange.js';

const service = new MemoryFileService();
let server: ListeningHttp;

beforeAll(async () => {
  await service.createBucket('docs');
  server = await listenOnLoopback(service);
});
afterAll(() => server.close(0));

const HIDDEN = 'DELETE /v1/buckets/docs HTTP/1.1\r\nHost: x\r\n\r\n';

/** What would be a second request to whoever takes the first one apart in another way. */
function smuggled(...headers: string[]): string {
  const lines = ['PUT /v1/files/docs/a HTTP/1.1', 'Host: x', ...headers].join('\r\n');
  return `${lines}\r\n\r\n0\r\n\r\n${HIDDEN}`;
}

describe('requests that can be taken apart in two ways', () => {
  it.each([
    ['both lengths', smuggled('Content-Length: 5', 'Transfer-Encoding: chunked')],
    [
      'both lengths, the other way round',
      smuggled('Transfer-Encoding: chunked', 'Content-Length: 5'),
    ],
    ['two lengths', smuggled('Content-Length: 5', 'Content-Length: 60')],
    ['two lengths in one', smuggled('Content-Length: 5, 60')],
    ['a length with a sign', smuggled('Content-Length: +5')],
    ['a coding nobody knows', smuggled('Transfer-Encoding: xchunked')],
    ['chunks within something else', smuggled('Transfer-Encoding: chunked, identity')],
    ['a folded header', smuggled('X: y', ' Transfer-Encoding: chunked')],
    ['a space before the colon', smuggled('Transfer-Encoding : chunked')],
    ['bare line ends', 'PUT /v1/files/docs/a HTTP/1.1\nHost: x\nContent-Length: 0\n\n'],
    ['a NUL in a header', smuggled('X: a\0b', 'Content-Length: 5')],
  ])('%s: the first is refused, the connection ends, nothing is done', async (_, bytes) => {
    const answer = await sendRaw(server.port, bytes, true);
    expect(answer.status).toBe(400);
    expect(answer.body.match(/HTTP\/1\.1/g)).toBeNull();
    expect((await service.listBuckets()).ok).toBe(true);
    const listed = await service.list({ bucket: 'docs' });
    expect(listed.ok && listed.files).toEqual([]);
  });
});

it('compressed bytes stay as they came: nothing is unpacked, however much is in them', async () => {
  const bomb = gzipSync(Buffer.alloc(8 * 1024 * 1024));
  const head =
    'PUT /v1/files/docs/bomb HTTP/1.1\r\nHost: x\r\nConnection: close\r\n' +
    `Content-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`;
  const put = await sendRaw(server.port, Buffer.concat([Buffer.from(head), bomb]));
  expect(put.status).toBe(201);
  const stored = await service.open('docs/bomb');
  expect(stored.ok && stored.file.content?.size).toBe(bomb.length);
  await service.remove('docs/bomb');
});

describe('names of what every object has', () => {
  it.each([
    '/v1/files/docs?__proto__=1',
    '/v1/files/docs?constructor=1',
    '/v1/files/docs/a?__proto__[x]=1',
    '/v1/files/docs/a?toString',
  ])('are no parameters: %s', async (target) => {
    const bytes = `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;
    const answer = await sendRaw(server.port, bytes);
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'unknown_parameter' });
  });

  it.each(['{"__proto__": {"polluted": 1}}', '{"constructor": {"prototype": {"polluted": 1}}}'])(
    'change nothing when they come as JSON: %s',
    async (body) => {
      const head =
        'PUT /v1/primaries HTTP/1.1\r\nHost: x\r\nConnection: close\r\n' +
        `Content-Length: ${body.length}\r\n\r\n`;
      const answer = await sendRaw(server.port, head + body);
      expect(answer.status).toBe(400);
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    },
  );
});
