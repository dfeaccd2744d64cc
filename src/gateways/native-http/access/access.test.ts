import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PrivateSites, type Told } from './test-access.js';
import { routeAccess } from './route-access.js';

let sites: PrivateSites;
let admin: string;

beforeAll(async () => {
  sites = await PrivateSites.start();
  admin = sites.adminKey;
  for (const bucket of ['docs', 'other', 'open']) {
    expect((await sites.ask(admin, 'PUT', `/v1/buckets/${bucket}`)).status).toBe(201);
  }
  await sites.ask(admin, 'PATCH', '/v1/buckets/open', { body: { anonymousRead: true } });
  for (const name of ['docs/a', 'docs/reports/1', 'other/a', 'open/a']) {
    await sites.ask(admin, 'PUT', `/v1/files/${name}`, { body: name });
  }
});
afterAll(() => sites.stop());

function said({ status, json }: Told): unknown {
  return [status, json['code']];
}

describe('without a key', () => {
  it.each([
    ['GET', '/v1/files/docs/a'],
    ['GET', '/v1/files/docs/nothing'],
    ['GET', '/v1/files/nowhere/a'],
    ['GET', '/v1/files/docs'],
    ['GET', '/v1/files/docs/a?versions'],
    ['PUT', '/v1/files/open/a'],
    ['DELETE', '/v1/files/open/a'],
    ['POST', '/v1/files/open/b?copy-from=open/a'],
    ['GET', '/v1/buckets'],
    ['GET', '/v1/buckets/docs'],
    ['PUT', '/v1/buckets/mine'],
    ['GET', '/v1/keys'],
    ['POST', '/v1/keys'],
    ['GET', '/v1/cluster'],
    ['GET', '/v1/position'],
    ['GET', '/v1/primaries'],
    ['GET', '/v1/primaries?name=docs/a'],
    ['PUT', '/v1/primaries'],
    ['GET', '/v1/verify'],
    ['POST', '/v1/upkeep/scrub'],
    ['GET', '/v1/nothing-like-that'],
  ])('%s %s is refused, whether there is such a thing or not', async (method, path) => {
    const told = await sites.ask(null, method, path, method === 'GET' ? {} : { body: '{}' });
    expect(said(told)).toEqual([401, 'key_required']);
    expect(told.headers.get('www-authenticate')).toBe('Bearer realm="quorate"');
  });

  it('health is told, and what anybody may read is read, listed and has its history', async () => {
    expect((await sites.ask(null, 'GET', '/health')).status).toBe(200);
    expect((await sites.ask(null, 'GET', '/v1/files/open/a')).text).toBe('open/a');
    expect((await sites.ask(null, 'GET', '/v1/files/open?prefix=a')).status).toBe(200);
    expect((await sites.ask(null, 'GET', '/v1/files/open/a?versions')).status).toBe(200);
    expect((await sites.ask(null, 'GET', '/v1/buckets/open')).status).toBe(200);
  });
});

describe('a key', () => {
  it.each(['no key', 'admin.wrong', 'QKABCDEFGHIJKLMNOPQR.secret', 'admin.', '.x', 'a.b.c'])(
    'that is none is refused also where none is needed: %s',
    async (key) => {
      const told = await sites.ask(key, 'GET', '/v1/files/open/a');
      expect(said(told)).toEqual([401, 'invalid_key']);
    },
  );

  it('with another secret is no key', async () => {
    const [id] = (await sites.key(['docs', 'read'])).split('.');
    const [, other] = (await sites.key(['docs', 'read'])).split('.');
    expect(said(await sites.ask(`${id}.${other}`, 'GET', '/v1/files/docs/a'))).toEqual([
      401,
      'invalid_key',
    ]);
  });

  it('goes as far as its rights on buckets and prefixes, and no further', async () => {
    const key = await sites.key(['docs', 'read'], ['docs/reports/*', 'write']);
    const status = async (method: string, path: string, body?: string): Promise<number> =>
      (await sites.ask(key, method, path, body === undefined ? {} : { body })).status;
    expect(await status('GET', '/v1/files/docs/a')).toBe(200);
    expect(await status('GET', '/v1/files/docs')).toBe(200);
    expect(await status('GET', '/v1/buckets/docs')).toBe(200);
    expect(await status('PUT', '/v1/files/docs/reports/2', 'x')).toBe(201);
    expect(await status('DELETE', '/v1/files/docs/reports/2')).toBe(200);
    expect(await status('GET', '/v1/files/open/a')).toBe(200);
    for (const [method, path] of [
      ['PUT', '/v1/files/docs/a'],
      ['DELETE', '/v1/files/docs/a'],
      ['PUT', '/v1/files/docs/reports%2f..%2fa%00'],
      ['GET', '/v1/files/other/a'],
      ['GET', '/v1/files/other'],
      ['PUT', '/v1/files/open/a'],
      ['PATCH', '/v1/buckets/docs'],
      ['DELETE', '/v1/buckets/docs'],
      ['GET', '/v1/keys'],
      ['GET', '/v1/primaries'],
      ['GET', '/v1/verify'],
    ] as const) {
      const answer = await status(method, path, method === 'GET' ? undefined : '{}');
      expect([method, path, answer]).toEqual([method, path, path.includes('%00') ? 400 : 403]);
    }
  });

  it('lists only what it may read whole, and the buckets in which it may read anything', async () => {
    const key = await sites.key(['docs/reports/*', 'read']);
    expect(said(await sites.ask(key, 'GET', '/v1/files/docs'))).toEqual([403, 'forbidden']);
    expect((await sites.ask(key, 'GET', '/v1/files/docs?prefix=reports')).status).toBe(403);
    const listed = await sites.ask(key, 'GET', '/v1/files/docs?prefix=reports/');
    expect(listed.text).toContain('reports/1');
    const { buckets } = (await sites.ask(key, 'GET', '/v1/buckets')).json;
    expect(buckets).toMatchObject([{ name: 'docs' }]);
    expect((await sites.ask(key, 'GET', '/v1/cluster')).status).toBe(200);
  });

  it('copies and moves only between what it may read and what it may write', async () => {
    const key = await sites.key(['docs', 'read'], ['other', 'write']);
    const derive = async (to: string, query: string): Promise<number> =>
      (await sites.ask(key, 'POST', `/v1/files/${to}?${query}`)).status;
    expect(await derive('other/b', 'copy-from=docs/a')).toBe(201);
    expect(await derive('other/b', 'copy-from=open/a')).toBe(200);
    expect(await derive('other/c', 'move-from=other/b')).toBe(201);
    expect(await derive('other/b', 'move-from=docs/a')).toBe(403);
    expect(await derive('docs/b', 'copy-from=other/a')).toBe(403);
    expect(await derive('docs/a', 'restore=1')).toBe(403);
    expect((await sites.ask(admin, 'GET', '/v1/files/docs/a')).status).toBe(200);
  });

  it('owns the buckets that it makes, where its rights reach that far', async () => {
    const key = await sites.key(['tmp-*', 'owner']);
    expect((await sites.ask(key, 'PUT', '/v1/buckets/tmp-1')).status).toBe(201);
    const { owner } = (await sites.ask(key, 'GET', '/v1/buckets/tmp-1')).json;
    expect(owner).toBe(key.split('.')[0]);
    expect((await sites.ask(key, 'PUT', '/v1/buckets/mine')).status).toBe(403);
  });

  it('that was revoked is refused at every site', async () => {
    const key = await sites.key(['docs', 'read']);
    expect((await sites.ask(key, 'GET', '/v1/files/docs/a', { site: 'lon' })).status).toBe(200);
    await sites.cluster.at('tor').keys.revoke(key.split('.')[0] ?? '');
    for (const site of ['nyc', 'tor', 'lon']) {
      const told = await sites.ask(key, 'GET', '/v1/files/docs/a', { site });
      expect(said(told)).toEqual([401, 'invalid_key']);
    }
  });
});

it('a route that nobody wrote down is for the administrator alone', () => {
  expect(routeAccess('/v1/something-new')).toBe('administrator');
  expect(routeAccess('/v1/filesystem')).toBe('administrator');
  expect(routeAccess('/v1/keys/x')).toBe('administrator');
  expect(routeAccess('/healthy')).toBe('administrator');
});

it("the administrator's key is good without a quorum; others then read what a site has", async () => {
  const alone = await PrivateSites.start();
  const key = await alone.key(['docs', 'read']);
  await alone.ask(alone.adminKey, 'PUT', '/v1/buckets/docs');
  await alone.ask(alone.adminKey, 'PUT', '/v1/files/docs/a', { body: 'x' });
  await alone.ask(key, 'GET', '/v1/files/docs/a', { site: 'lon' });
  for (const site of ['nyc', 'tor']) alone.cluster.kill(site);
  const status = await alone.ask(alone.adminKey, 'GET', '/v1/cluster', { site: 'lon' });
  expect(status.status).toBe(200);
  const headers = { 'quorate-consistency': 'local' };
  const local = await alone.ask(key, 'GET', '/v1/files/docs/a', { site: 'lon', headers });
  expect([local.status, local.text]).toEqual([200, 'x']);
  await alone.stop();
});
