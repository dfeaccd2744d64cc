import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuditLog, DEFAULT_AUDIT } from '../../../site/access/audit-log.js';
import { PrivateSites, type Told } from '../access/test-access.js';

let folder: string;
let audit: AuditLog;
let sites: PrivateSites;
let reader: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quorate-shares-'));
  audit = await AuditLog.open('nyc', folder, DEFAULT_AUDIT, () => undefined);
  sites = await PrivateSites.start(audit);
  await sites.ask(sites.adminKey, 'PUT', '/v1/buckets/docs');
  await put('a.txt', 'hello, world');
  await put('pages/evil.html', '<script>alert(1)</script>', 'text/html');
  await put('pages/deep/b.txt', 'deep');
  await put('secret.txt', 'secret');
  reader = await sites.key(['docs', 'read']);
});
afterAll(async () => {
  await sites.stop();
  await rm(folder, { recursive: true });
});

async function put(path: string, body: string, type = 'text/plain'): Promise<void> {
  const headers = { 'content-type': type };
  const told = await sites.ask(sites.adminKey, 'PUT', `/v1/files/docs/${path}`, { body, headers });
  expect(told.status).toBeLessThan(300);
}

async function share(body: unknown, key = reader): Promise<{ id: string; path: string }> {
  const made = await sites.ask(key, 'POST', '/v1/shares', { body });
  expect(made.status).toBe(201);
  return { id: String(made.json['id']), path: String(made.json['path']) };
}

function open(path: string, headers: Record<string, string> = {}, site = 'nyc'): Promise<Told> {
  return sites.ask(null, 'GET', path, { headers, site });
}

const BROWSER = { accept: 'text/html' };
const basic = (password: string) => ({
  authorization: `Basic ${Buffer.from(`:${password}`).toString('base64')}`,
});

describe('a link', () => {
  it('opens at every site, without a key, whole and in ranges', async () => {
    const { path } = await share({ name: 'docs/a.txt' });
    for (const site of ['nyc', 'tor', 'lon']) {
      const told = await open(path, {}, site);
      expect(told).toMatchObject({ status: 200, text: 'hello, world' });
      expect(told.headers.get('cache-control')).toBe('no-store');
    }
    const part = await open(`${path}/a.txt`, { range: 'bytes=7-11' });
    expect(part).toMatchObject({ status: 206, text: 'world' });
    expect((await open(`${path}/other.txt`)).status).toBe(404);
  });

  it('shows the newest version, or the one that it is for', async () => {
    await put('twice.txt', 'one');
    const newest = await share({ name: 'docs/twice.txt' });
    const first = await share({ name: 'docs/twice.txt', version: 1 });
    await put('twice.txt', 'two');
    expect((await open(newest.path)).text).toBe('two');
    expect((await open(first.path)).text).toBe('one');
  });

  it('of a folder shows what is below it, and nothing else', async () => {
    const { path } = await share({ name: 'docs/pages/' });
    expect((await open(path)).json).toMatchObject({
      folders: ['deep/'],
      files: [{ name: 'evil.html', size: 25 }],
      next: null,
    });
    expect((await open(`${path}/deep/b.txt`)).text).toBe('deep');
    for (const outside of [
      '../a.txt',
      '%2e%2e/a.txt',
      '..%2fa.txt',
      '/a.txt',
      'deep/../../a.txt',
    ]) {
      const told = await open(`${path}/${outside}`);
      expect(told.status).toBe(404);
      expect(told.text).not.toContain('hello');
    }
  });

  it('lets nothing that it shows act as a page of the site', async () => {
    await put('pages/"><img src=x onerror=alert(1)>.txt', 'x');
    const { path } = await share({ name: 'docs/pages/' });
    const page = await open(`${path}/`, BROWSER);
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(page.text).not.toContain('<img');
    expect(page.text).toContain('&lt;img');
    expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src '/);
    const html = await open(`${path}/evil.html`, BROWSER);
    expect(html.headers.get('content-disposition')).toMatch(/^attachment/);
    expect(html.headers.get('content-security-policy')).toMatch(/^sandbox/);
    expect(html.headers.get('x-content-type-options')).toBe('nosniff');
    const text = await open(`${path}/deep/b.txt`, BROWSER);
    expect(text.headers.get('content-disposition')).toMatch(/^inline/);
  });

  it('that is wrong, over, revoked or of nothing looks the same', async () => {
    const over = await share({ name: 'docs/a.txt', seconds: 1 });
    const revoked = await share({ name: 'docs/a.txt' });
    await put('gone.txt', 'x');
    const empty = await share({ name: 'docs/gone.txt' });
    await sites.ask(sites.adminKey, 'DELETE', '/v1/files/docs/gone.txt');
    const ended = await sites.ask(reader, 'DELETE', `/v1/shares/${revoked.id}`);
    expect(ended.status).toBe(200);
    const forged = `${revoked.path.slice(0, -1)}${revoked.path.endsWith('A') ? 'B' : 'A'}`;
    const seen = new Set<string>();
    await expect.poll(async () => (await open(over.path)).status, { timeout: 10_000 }).toBe(404);
    for (const path of [over.path, revoked.path, empty.path, forged, '/s/', '/s/x', '/s/x/y']) {
      for (const site of ['nyc', 'lon']) {
        const told = await open(path, {}, site);
        const headers = [...told.headers].filter(([name]) => name !== 'date');
        seen.add(JSON.stringify([told.status, told.text, headers]));
      }
    }
    expect([...seen]).toHaveLength(1);
  });

  it('does no more than its maker may: it ends with the key, and rests without the right', async () => {
    const key = await sites.key(['docs', 'read']);
    const [id = ''] = key.split('.');
    const { path } = await share({ name: 'docs/a.txt' }, key);
    const right = (level: string | null) =>
      sites.ask(sites.adminKey, 'PUT', `/v1/keys/${id}/rights`, {
        body: { buckets: 'docs', level },
      });
    await right(null);
    expect((await open(path, {}, 'lon')).status).toBe(404);
    await right('read');
    expect((await open(path, {}, 'lon')).status).toBe(200);
    await sites.ask(sites.adminKey, 'DELETE', `/v1/keys/${id}`);
    expect((await open(path, {}, 'lon')).status).toBe(404);
  });

  it('is not made for what its maker may not read, does not exist, or for too long', async () => {
    const narrow = await sites.key(['docs/pages/*', 'read']);
    const make = async (body: unknown, key: string | null = narrow) =>
      (await sites.ask(key, 'POST', '/v1/shares', { body })).status;
    expect(await make({ name: 'docs/a.txt' })).toBe(403);
    expect(await make({ name: 'docs/' })).toBe(403);
    expect(await make({ name: 'docs/pages/' })).toBe(201);
    expect(await make({ name: 'docs/pages/nothing' })).toBe(404);
    expect(await make({ name: 'docs/a.txt' }, null)).toBe(401);
    expect(await make({ name: 'docs/a.txt', seconds: 366 * 86_400 }, reader)).toBe(400);
    expect(await make({ name: 'docs/pages/', version: 1 }, reader)).toBe(400);
    expect(await make({ name: 'docs' }, reader)).toBe(400);
  });

  it('is listed for and ended by its maker and owners of the name, and nobody else', async () => {
    const key = await sites.key(['docs', 'read']);
    const owner = await sites.key(['docs', 'owner']);
    const { id } = await share({ name: 'docs/secret.txt', note: 'for Ann' }, key);
    const ids = async (who: string) => {
      const told = await sites.ask(who, 'GET', '/v1/shares?name=docs/secret.txt', { site: 'tor' });
      return (told.json['shares'] as { id: string }[]).map((each) => each.id);
    };
    expect(await ids(key)).toEqual([id]);
    expect(await ids(owner)).toEqual([id]);
    expect(await ids(sites.adminKey)).toEqual([id]);
    expect(await ids(reader)).toEqual([]);
    expect((await sites.ask(reader, 'DELETE', `/v1/shares/${id}`)).status).toBe(404);
    expect((await sites.ask(owner, 'DELETE', `/v1/shares/${id}`)).status).toBe(200);
    expect(await ids(key)).toEqual([]);
  });
});

describe('a link with a password', () => {
  const password = 'correct horse';

  it('opens by its form, which a browser need not fill in again', async () => {
    const { path } = await share({ name: 'docs/secret.txt', password });
    const form = await open(path, BROWSER);
    expect(form.status).toBe(200);
    expect(form.text).toContain('type="password"');
    expect(form.text).not.toContain('secret.txt');
    const send = (text: string) =>
      sites.ask(null, 'POST', path, { body: new URLSearchParams({ password: text }).toString() });
    expect(await send('wrong')).toMatchObject({ status: 401 });
    const right = await send(password);
    expect(right.status).toBe(303);
    expect(right.headers.get('location')).toBe(path);
    const set = right.headers.get('set-cookie') ?? '';
    expect(set).toContain(`Path=${path}; `);
    expect(set).toContain('HttpOnly');
    const cookie = set.split(';')[0] ?? '';
    expect((await open(`${path}/secret.txt`, { cookie }, 'tor')).text).toBe('secret');
    const other = await share({ name: 'docs/secret.txt', password });
    expect((await open(`${other.path}/secret.txt`, { cookie })).status).toBe(401);
  });

  it('opens to programs by basic authentication, and asks them for it', async () => {
    const { path } = await share({ name: 'docs/secret.txt', password });
    const asked = await open(path);
    expect(asked.status).toBe(401);
    expect(asked.headers.get('www-authenticate')).toMatch(/^Basic/);
    expect((await open(path, basic(password))).text).toBe('secret');
    expect((await open(path, basic('wrong'))).status).toBe(401);
  });

  it('takes few wrong ones, and the right one no more after them', async () => {
    const { path } = await share({ name: 'docs/secret.txt', password });
    const wrong = await Promise.all(
      Array.from({ length: 12 }, async () => (await open(path, basic('wrong'))).status),
    );
    expect(wrong.filter((status) => status === 401)).toHaveLength(10);
    expect(wrong.filter((status) => status === 429)).toHaveLength(2);
    expect((await open(path, basic(password))).status).toBe(429);
  }, 30_000);

  it('leaves neither it nor the link in the audit log, but who did what', async () => {
    const { id, path } = await share({ name: 'docs/secret.txt', password });
    await open(path, basic(password));
    await open(path, basic('a wrong one'));
    await audit.flush();
    const log = await readFile(join(folder, 'audit.jsonl'), 'utf8');
    expect(log).not.toContain(password);
    expect(log).not.toContain('a wrong one');
    expect(log).not.toContain(path.slice(-43));
    expect(log).toContain(`"what":"/v1/shares/${id} docs/secret.txt"`);
    for (const answer of ['200', '401']) {
      const entry = log.split('\n').find((line) => {
        return line.includes(`"who":"share:${id}"`) && line.includes(`"answer":"${answer}"`);
      });
      expect(entry).toContain('"what":"docs/secret.txt"');
    }
  });
});
