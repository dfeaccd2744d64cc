import { afterAll, beforeAll, expect, it } from 'vitest';
import { PrivateSites, type Told } from './access/test-access.js';

let sites: PrivateSites;
const APP = 'https://app.example';

beforeAll(async () => {
  sites = await PrivateSites.start();
  for (const bucket of ['docs', 'closed']) {
    await sites.ask(sites.adminKey, 'PUT', `/v1/buckets/${bucket}`);
    await sites.ask(sites.adminKey, 'PUT', `/v1/files/${bucket}/a`, { body: 'x' });
  }
  const rule = {
    allowedOrigins: [APP, 'https://*.example'],
    allowedMethods: ['GET', 'PUT'],
    allowedHeaders: ['authorization', 'quorate-*'],
    exposeHeaders: ['ETag', 'Quorate-Version'],
    maxAgeSeconds: 600,
  };
  const body = { cors: [rule] };
  const set = await sites.ask(sites.adminKey, 'PATCH', '/v1/buckets/docs', { body });
  expect(set).toMatchObject({ status: 200, json: body });
});
afterAll(() => sites.stop());

function from(
  origin: string,
  method: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<Told> {
  const body = method === 'PUT' ? { body: 'y' } : {};
  const key = method === 'OPTIONS' ? null : sites.adminKey;
  return sites.ask(key, method, path, { headers: { origin, ...headers }, ...body, site: 'lon' });
}

const preflight = (origin: string, method: string, headers = '', path = '/v1/files/docs/a') =>
  from(origin, 'OPTIONS', path, {
    'access-control-request-method': method,
    ...(headers !== '' && { 'access-control-request-headers': headers }),
  });

it('a page that a bucket allows is told so, by a preflight without any key and by answers', async () => {
  const asked = await preflight(APP, 'PUT', 'authorization, quorate-if-version');
  expect(asked.status).toBe(204);
  expect(Object.fromEntries(asked.headers)).toMatchObject({
    'access-control-allow-origin': APP,
    'access-control-allow-methods': 'GET, PUT',
    'access-control-allow-headers': 'authorization, quorate-if-version',
    'access-control-max-age': '600',
  });
  expect(asked.headers.has('access-control-allow-credentials')).toBe(false);
  const written = await from(APP, 'PUT', '/v1/files/docs/b');
  expect(written.status).toBe(201);
  const read = await from('https://other.example', 'GET', '/v1/files/docs/b');
  expect(read).toMatchObject({ status: 200, text: 'y' });
  expect(read.headers.get('access-control-allow-origin')).toBe('https://other.example');
  expect(read.headers.get('access-control-expose-headers')).toBe('ETag, Quorate-Version');
  expect((await from(APP, 'GET', '/v1/files/docs')).headers.get('vary')).toContain('Origin');
});

it.each([
  ['another origin', 'https://evil.test', 'GET', ''],
  ['another method', APP, 'DELETE', ''],
  ['another header', APP, 'GET', 'x-other'],
])('%s is not allowed', async (_, origin, method, headers) => {
  const asked = await preflight(origin, method, headers);
  expect(asked).toMatchObject({ status: 403, json: { code: 'cross_origin' } });
  expect(asked.headers.has('access-control-allow-origin')).toBe(false);
});

it.each([
  '/v1/files/closed/a',
  '/v1/files/nowhere/a',
  '/v1/buckets/docs',
  '/v1/keys',
  '/v1/session',
])('no rule reaches %s', async (path) => {
  expect((await preflight(APP, 'GET', '', path)).status).toBe(403);
  const written = await from(APP, 'PUT', path);
  expect(written).toMatchObject({ status: 403, json: { code: 'cross_origin' } });
});

it('a page that is allowed shows a key like anybody, and no cookie', async () => {
  const headers = { origin: APP };
  expect((await sites.ask(null, 'GET', '/v1/files/docs/a', { headers })).status).toBe(401);
  const key = { key: sites.adminKey };
  const signedIn = await sites.ask(null, 'POST', '/v1/session', { body: key });
  const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? '';
  const shown = { headers: { ...headers, cookie } };
  expect((await sites.ask(null, 'GET', '/v1/files/docs/a', shown)).status).toBe(403);
});
