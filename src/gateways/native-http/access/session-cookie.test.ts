import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SESSION_LIFE_MS, SessionTokens } from '../../../site/access/session-token.js';
import { Seal } from '../../../site/seal.js';
import { PrivateSites, type Told } from './test-access.js';

let sites: PrivateSites;

beforeAll(async () => {
  sites = await PrivateSites.start();
  await sites.ask(sites.adminKey, 'PUT', '/v1/buckets/docs');
});
afterAll(() => sites.stop());

async function signIn(key: string): Promise<Told & { readonly cookie: string }> {
  const told = await sites.ask(null, 'POST', '/v1/session', { body: { key } });
  const [cookie = ''] = (told.headers.get('set-cookie') ?? '').split(';');
  return { ...told, cookie };
}

function own(cookie: string, more: Record<string, string> = {}): Record<string, string> {
  return { cookie, origin: sites.url(), ...more };
}

describe('a web page that signs in', () => {
  it('gets a cookie that no script sees and no other page makes the browser send', async () => {
    const told = await signIn(sites.adminKey);
    expect(told.status).toBe(200);
    expect(told.json).toMatchObject({ keyId: 'admin', administrator: true });
    const set = told.headers.get('set-cookie') ?? '';
    for (const part of ['HttpOnly', 'SameSite=Strict', 'Path=/', 'Max-Age=43200']) {
      expect(set).toContain(part);
    }
    expect(told.text + set).not.toContain(sites.adminKey.split('.')[1]);
  });

  it('may at every site what its key may, and no more', async () => {
    const { cookie } = await signIn(await sites.key(['docs', 'write']));
    const put = await sites.ask(null, 'PUT', '/v1/files/docs/a', {
      body: 'x',
      headers: own(cookie),
    });
    expect(put.status).toBe(201);
    const read = await sites.ask(null, 'GET', '/v1/files/docs/a', {
      headers: { cookie },
      site: 'lon',
    });
    expect(read.text).toBe('x');
    expect((await sites.ask(null, 'GET', '/v1/keys', { headers: { cookie } })).status).toBe(403);
    const who = await sites.ask(null, 'GET', '/v1/session', { headers: { cookie } });
    expect(who.json).toMatchObject({ administrator: false, rights: [{ buckets: 'docs' }] });
  });

  it('is signed out by asking for it, and when its key is revoked', async () => {
    const key = await sites.key(['docs', 'read']);
    const { cookie } = await signIn(key);
    const out = await sites.ask(null, 'DELETE', '/v1/session', { headers: own(cookie) });
    expect(out.headers.get('set-cookie')).toContain('Max-Age=0');
    await sites.cluster.at('lon').keys.revoke(key.split('.')[0] ?? '');
    const after = await sites.ask(null, 'GET', '/v1/session', { headers: { cookie } });
    expect(after.status).toBe(401);
  });

  it.each(['admin.wrong', '', 'QKABCDEFGHIJKLMNOPQR.x'])('with %j gets nothing', async (key) => {
    const told = await signIn(key);
    expect([told.status, told.cookie]).toEqual([401, '']);
  });
});

describe('what a cookie alone may be used for', () => {
  it.each([
    ['a page of another address', { origin: 'http://evil.example' }, 403],
    ['a page of another port', { origin: 'http://127.0.0.1:1' }, 403],
    ['a form of another site', { 'sec-fetch-site': 'cross-site' }, 403],
    ['something that says nothing of itself', {}, 403],
    ['a page of this address', { 'sec-fetch-site': 'same-origin' }, 200],
    ['one that can set a header of ours', { 'quorate-console': '1' }, 200],
  ])('a change by %s', async (_, headers, status) => {
    const { cookie } = await signIn(sites.adminKey);
    const told = await sites.ask(null, 'PATCH', '/v1/buckets/docs', {
      body: '{}',
      headers: { cookie, ...headers },
    });
    expect(told.status).toBe(status);
  });

  it.each(['cross-site', 'same-site'])('reading is not for a %s page', async (fetchSite) => {
    const { cookie } = await signIn(sites.adminKey);
    const headers = { cookie, 'sec-fetch-site': fetchSite };
    expect((await sites.ask(null, 'GET', '/v1/keys', { headers })).status).toBe(403);
  });
});

describe('the token in it', () => {
  let nowMs = 1000;
  const tokens = new SessionTokens(new Seal(new Uint8Array(32)), 'sha256:a', () => nowMs);

  it('is over after twelve hours', () => {
    const { token } = tokens.make('admin');
    expect(tokens.keyIdOf(token)).toBe('admin');
    nowMs += SESSION_LIFE_MS;
    expect(tokens.keyIdOf(token)).toBeNull();
  });

  it("is none in another form, of another cluster, or of an administrator's former key", () => {
    const { token } = tokens.make('QKA');
    expect(tokens.keyIdOf(token.replace('QKA', 'admin'))).toBeNull();
    expect(tokens.keyIdOf(`${token}x`)).toBeNull();
    const otherSeal = new Seal(new Uint8Array(32).fill(1));
    expect(new SessionTokens(otherSeal, 'sha256:a', () => nowMs).keyIdOf(token)).toBeNull();
    const sameSeal = new Seal(new Uint8Array(32));
    expect(new SessionTokens(sameSeal, 'sha256:b', () => nowMs).keyIdOf(token)).toBeNull();
  });
});
