import { PassThrough, Readable } from 'node:stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PrivateSites } from '../gateways/native-http/access/test-access.js';
import { main } from './main.js';

let sites: PrivateSites;

beforeAll(async () => {
  sites = await PrivateSites.start();
  await sites.ask(sites.adminKey, 'PUT', '/v1/buckets/docs');
  await sites.ask(sites.adminKey, 'PUT', '/v1/files/docs/a.txt', { body: 'shared' });
});
afterAll(() => sites.stop());

async function quorate(
  words: string,
  input = '',
): Promise<{ exit: number; out: string; err: string }> {
  const out = new PassThrough();
  const err = new PassThrough();
  const world = {
    out,
    err,
    input: Readable.from(input === '' ? [] : [input]),
    environment: {},
    folder: '/',
    stopped: new AbortController().signal,
  };
  const list = ['nyc', 'tor', 'lon'].map((site) => `${site}=${sites.url(site)}`).join(',');
  const exit = await main(
    `${words} --near tor --key ${sites.adminKey} --sites ${list}`.split(' '),
    world,
    () => Promise.reject(new Error('no site runs here')),
  );
  return { exit, out: String(out.read() ?? ''), err: String(err.read() ?? '') };
}

it('makes a link, lists it and ends it', async () => {
  const made = await quorate('share docs/a.txt --for 2h --note Ann');
  expect(made).toMatchObject({ exit: 0 });
  const url = made.out.trim();
  expect(url.startsWith(`${sites.url('tor')}/s/`)).toBe(true);
  expect(await (await fetch(url)).text()).toBe('shared');
  const listed = await quorate('share --list');
  const id = /^([A-Z2-7]{16}) .*docs\/a\.txt +Ann$/m.exec(listed.out)?.[1] ?? '';
  expect(made.err).toContain(id);
  expect((await quorate(`share --revoke ${id}`)).out).toContain('is ended');
  expect((await fetch(url)).status).toBe(404);
  expect((await quorate('share --list')).out).toContain('no links');
});

it('takes a password from its input, and says it nowhere', async () => {
  const made = await quorate('share docs/a.txt --password', 'hunter2 hunter2\n');
  expect(made.exit).toBe(0);
  expect(made.out + made.err).not.toContain('hunter2');
  const url = made.out.trim();
  expect((await fetch(url)).status).toBe(401);
  const authorization = `Basic ${Buffer.from('x:hunter2 hunter2').toString('base64')}`;
  expect(await (await fetch(url, { headers: { authorization } })).text()).toBe('shared');
});

it.each([
  ['share', 'say what is to be shared'],
  ['share docs', 'docs/ for all of it'],
  ['share docs/a.txt --for 2y', '--for 2y'],
  ['share docs/a.txt --for 366d', '--for 366d'],
  ['share docs/a.txt --password', 'a password has'],
  ['share --revoke nothing', 'no id of a link'],
])('quorate %s is refused', async (words, message) => {
  const ran = await quorate(words);
  expect(ran.exit).toBe(2);
  expect(ran.err).toContain(message);
});
