import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestCluster } from '../../site/test-cluster.js';
import type { ListeningHttp } from '../http-listener.js';
import { MemoryFileService } from '../memory-file-service.js';
import { listenOnLoopback, type RawAnswer, sendRaw } from './raw-exchange.js';

let cluster: TestCluster;
let server: ListeningHttp;

beforeAll(async () => {
  cluster = await new TestCluster().ready();
  const site = cluster.at('nyc');
  server = await listenOnLoopback(site, site);
});

afterAll(async () => {
  await server.close();
  cluster.stop();
});

function ask(method: string, path: string, body?: unknown, ...headers: string[]) {
  return askAt(server.port, method, path, body, ...headers);
}

async function askAt(
  port: number,
  method: string,
  path: string,
  body: unknown,
  ...headers: string[]
): Promise<RawAnswer & { readonly json: Record<string, unknown> }> {
  const text = typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body);
  const lines = [
    `${method} ${path} HTTP/1.1`,
    ...(headers.some((line) => line.startsWith('Host:')) ? [] : [`Host: 127.0.0.1:${port}`]),
    'Connection: close',
    `Content-Length: ${Buffer.byteLength(text)}`,
    ...headers,
  ];
  const answer = await sendRaw(port, `${lines.join('\r\n')}\r\n\r\n${text}`);
  return { ...answer, json: answer.body === '' ? {} : JSON.parse(answer.body) };
}

function rule(origin: string, method = 'GET'): unknown {
  return { allowedOrigins: [origin], allowedMethods: [method] };
}

async function newKey(rights: unknown = [{ buckets: '*', level: 'owner' }]): Promise<string> {
  return String((await ask('POST', '/v1/keys', { note: 'n', rights })).json['id']);
}

describe('keys', () => {
  it('show their secret when they are made, and never again', async () => {
    const made = await ask('POST', '/v1/keys', {
      note: 'backup',
      rights: [{ buckets: 'docs', level: 'write' }],
    });
    expect(made.status).toBe(201);
    expect(made.headers.get('cache-control')).toBe('no-store');
    const { id, secret } = made.json;
    const found = await cluster.at('lon').keys.find(String(id));
    expect(found.ok && found.key?.secret).toBe(secret);
    const listed = await ask('GET', '/v1/keys');
    expect(listed.body).toContain(String(id));
    expect(listed.body).not.toContain(String(secret));
    expect(listed.headers.get('cache-control')).toBe('no-store');
  });

  it('get, change and lose rights', async () => {
    const id = await newKey([]);
    const rights = `/v1/keys/${id}/rights`;
    const given = await ask('PUT', rights, { buckets: 'tmp-*', level: 'read' });
    expect(given.json).toMatchObject({ id, rights: [{ buckets: 'tmp-*', level: 'read' }] });
    const more = await ask('PUT', rights, { buckets: 'tmp-*', level: 'owner' });
    expect(more.json['rights']).toEqual([{ buckets: 'tmp-*', level: 'owner' }]);
    const none = await ask('PUT', rights, { buckets: 'tmp-*', level: null });
    expect(none.json['rights']).toEqual([]);
  });

  it('are gone at every site once they are revoked', async () => {
    const id = await newKey();
    expect((await ask('DELETE', `/v1/keys/${id}`)).status).toBe(200);
    expect(await cluster.at('tor').keys.find(id)).toEqual({ ok: true, key: null });
    const again = await ask('DELETE', `/v1/keys/${id}`);
    expect(again).toMatchObject({ status: 404, json: { code: 'no_such_key' } });
  });

  it.each([
    ['POST', '/v1/keys', 'no json', 400, 'malformed_json'],
    ['POST', '/v1/keys', {}, 400, 'malformed_json'],
    ['POST', '/v1/keys', { rights: [], admin: true }, 400, 'malformed_json'],
    ['POST', '/v1/keys', { rights: [{ buckets: 'docs', level: 'root' }] }, 400, 'malformed_json'],
    ['POST', '/v1/keys', { rights: [], note: 'n'.repeat(201) }, 400, 'malformed_json'],
    ['POST', '/v1/keys', { rights: [{ buckets: 'A*', level: 'read' }] }, 400, 'invalid_right'],
    ['POST', '/v1/keys', { rights: [{ buckets: '*a', level: 'read' }] }, 400, 'invalid_right'],
    ['POST', '/v1/keys', 'x'.repeat(70_000), 400, 'body_incomplete'],
    ['POST', '/v1/keys?all', {}, 400, 'unknown_parameter'],
    ['PUT', '/v1/keys', {}, 405, 'method_not_allowed'],
    ['GET', '/v1/keys/QKA', undefined, 405, 'method_not_allowed'],
    ['DELETE', '/v1/keys/QKA', undefined, 404, 'no_such_key'],
    ['DELETE', '/v1/keys/..%2fuploads', undefined, 404, 'no_such_key'],
    ['PUT', '/v1/keys/QKA/rights', { buckets: 'docs', level: 'read' }, 404, 'no_such_key'],
    ['PUT', '/v1/keys/QKA/rights', { buckets: 'docs' }, 400, 'malformed_json'],
    ['POST', '/v1/keys/QKA/rights', {}, 405, 'method_not_allowed'],
  ])('refuse %s %s with %s', async (method, path, body, status, code) => {
    const answer = await ask(method, path, body);
    expect({ status: answer.status, code: answer.json['code'] }).toEqual({ status, code });
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
  });

  it.each([
    ['another origin', ['Origin: http://evil.example']],
    ['another port', ['Origin: http://127.0.0.1:1']],
    ['no origin at all', ['Origin: null']],
    ['a name that was led here', ['Host: evil.example', 'Origin: http://evil.example']],
    ['another site that hides its origin', ['Sec-Fetch-Site: cross-site']],
  ])('are neither shown to nor changed by pages of %s', async (_, headers) => {
    const id = await newKey();
    for (const [method, path, body] of [
      ['GET', '/v1/keys', undefined],
      ['POST', '/v1/keys', { rights: [] }],
      ['PUT', `/v1/keys/${id}/rights`, { buckets: '*', level: 'read' }],
      ['DELETE', `/v1/keys/${id}`, undefined],
    ] as const) {
      const answer = await ask(method, path, body, ...headers);
      expect(answer).toMatchObject({ status: 403, json: { code: 'cross_origin' } });
      expect(answer.body).not.toContain(id);
    }
    expect(await cluster.at('nyc').keys.find(id)).toMatchObject({
      key: { rights: [{ buckets: '*', level: 'owner' }] },
    });
  });

  it("are there for the site's own pages", async () => {
    const answer = await ask('GET', '/v1/keys', undefined, 'Sec-Fetch-Site: same-origin');
    expect(answer.status).toBe(200);
    const own = `Origin: http://127.0.0.1:${server.port}`;
    expect((await ask('POST', '/v1/keys', { rights: [] }, own)).status).toBe(201);
  });

  it('and settings are not offered where there is no service for objects', async () => {
    const plain = await listenOnLoopback(new MemoryFileService());
    for (const path of ['/v1/keys', '/v1/buckets/docs']) {
      const answer = await askAt(plain.port, 'GET', path, undefined);
      expect(answer).toMatchObject({ status: 501, json: { code: 'not_offered' } });
    }
    await plain.close();
  });
});

describe('settings of buckets', () => {
  it('are the defaults until somebody changes them', async () => {
    await cluster.at('nyc').createBucket('plain');
    const shown = await ask('GET', '/v1/buckets/plain');
    expect(shown).toMatchObject({
      status: 200,
      json: {
        name: 'plain',
        owner: '',
        versioning: 'off',
        anonymousRead: false,
        cors: [],
        retention: { days: 30, versions: null },
      },
    });
    expect(shown.json).not.toHaveProperty('createdMs');
  });

  it('change where they are named and stay where they are not', async () => {
    await cluster.at('nyc').createBucket('some');
    await ask('PATCH', '/v1/buckets/some', { versioning: 'enabled', retention: { days: null } });
    const second = await ask('PATCH', '/v1/buckets/some', {
      anonymousRead: true,
      retention: { versions: 3 },
    });
    const now = {
      versioning: 'enabled',
      anonymousRead: true,
      retention: { days: null, versions: 3 },
    };
    expect(second.json).toMatchObject(now);
    expect(await cluster.at('lon').bucket('some')).toMatchObject({ settings: now });
  });

  it('lose no change that is made at the same time', async () => {
    await cluster.at('nyc').createBucket('busy');
    const answers = await Promise.all([
      ask('PATCH', '/v1/buckets/busy', { anonymousRead: true }),
      ask('PATCH', '/v1/buckets/busy', { versioning: 'enabled' }),
      ask('PATCH', '/v1/buckets/busy', { retention: { days: 7 } }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(await cluster.at('nyc').bucket('busy')).toMatchObject({
      settings: { anonymousRead: true, versioning: 'enabled', retention: { days: 7 } },
    });
  });

  it.each([
    ['PATCH', '/v1/buckets/plain', { versioning: 'off' }, 400, 'malformed_json'],
    ['PATCH', '/v1/buckets/plain', { cors: [{}] }, 400, 'malformed_json'],
    ['PATCH', '/v1/buckets/plain', { cors: [rule('*', 'PATCH')] }, 400, 'malformed_json'],
    ['PATCH', '/v1/buckets/plain', { cors: [rule('https://*.*')] }, 400, 'malformed_json'],
    ['PATCH', '/v1/buckets/plain', { cors: [rule('a b')] }, 400, 'malformed_json'],
    ['PATCH', '/v1/buckets/plain', { cors: Array(101).fill(rule('*')) }, 400, 'malformed_json'],
    ['PATCH', '/v1/buckets/plain', { retention: { days: 0 } }, 400, 'malformed_json'],
    ['PATCH', '/v1/buckets/plain', { retention: { days: 1.5 } }, 400, 'malformed_json'],
    ['PATCH', '/v1/buckets/plain', { retention: { versions: -1 } }, 400, 'malformed_json'],
    ['PATCH', '/v1/buckets/plain', { owner: 'me' }, 400, 'malformed_json'],
    ['PATCH', '/v1/buckets/plain', '[', 400, 'malformed_json'],
    ['PATCH', '/v1/buckets/nowhere', {}, 404, 'no_such_bucket'],
    ['GET', '/v1/buckets/nowhere', undefined, 404, 'no_such_bucket'],
    ['GET', '/v1/buckets/UPPER', undefined, 400, 'invalid_name'],
    ['POST', '/v1/buckets/plain', undefined, 405, 'method_not_allowed'],
  ])('refuse %s %s with %s', async (method, path, body, status, code) => {
    const answer = await ask(method, path, body);
    expect({ status: answer.status, code: answer.json['code'] }).toEqual({ status, code });
  });
});
