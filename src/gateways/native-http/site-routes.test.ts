import { afterEach, beforeEach, expect, it } from 'vitest';
import type { SiteChangeAnswer, SiteChangeDesk } from '../../site/site-change-desk.js';
import type { ListeningHttp } from '../http-listener.js';
import { MemoryFileService } from '../memory-file-service.js';
import { listen } from './server.js';

const SITES = { version: 0, sites: ['nyc'], writeQuorum: 1, since: {}, addresses: [] };
const PLACE = {
  display_name: 'Frankfurt',
  host: '10.0.0.4',
  peer_port: 7419,
  http_url: 'https://10.0.0.4:7411',
};

let asked: unknown[];
let answer: SiteChangeAnswer;

class ChangingService extends MemoryFileService {
  override siteChanges: SiteChangeDesk | null = {
    replace: (...what) => this.note('replace', what),
    add: (...what) => this.note('add', what),
    remove: (...what) => this.note('remove', what),
    giveUp: (...what) => this.note('cancel', what),
  };

  private note(action: string, what: readonly unknown[]): Promise<SiteChangeAnswer> {
    asked.push([action, ...what]);
    return Promise.resolve(answer);
  }
}

let service: ChangingService;
let server: ListeningHttp;
beforeEach(async () => {
  asked = [];
  const change = { kind: 'add', site: 'fra', state: 'preparing', writeQuorum: 2 } as const;
  answer = { ok: true, sites: { ...SITES, change } };
  service = new ChangingService();
  server = await listen(service, { site: 'nyc', host: '127.0.0.1', port: 0 });
});
afterEach(() => server.close());

async function post(path: string, body: unknown): Promise<{ status: number; body: unknown }> {
  const headers = { 'content-type': 'application/json' };
  const init = { method: 'POST', headers, body: JSON.stringify(body) };
  const reply = await fetch(`${server.url}${path}`, init);
  return { status: reply.status, body: await reply.json() };
}

it('brings each change of sites to the desk, and says that it is under way', async () => {
  const added = await post('/v1/sites/fra/add', { address: PLACE });
  expect(added).toMatchObject({ status: 202, body: { change: { kind: 'add', site: 'fra' } } });
  await post('/v1/sites/fra/remove', { rehome: true });
  await post('/v1/sites/nyc/replace', { address: null });
  await post('/v1/sites/fra/cancel', {});
  const address = {
    site: 'fra',
    displayName: 'Frankfurt',
    host: '10.0.0.4',
    peerPort: 7419,
    httpUrl: 'https://10.0.0.4:7411',
  };
  expect(asked).toEqual([
    ['add', address],
    ['remove', 'fra', true],
    ['replace', 'nyc', null],
    ['cancel', 'fra'],
  ]);
});

it.each([
  ['/v1/sites/fra/add', { address: { ...PLACE, peer_port: 0 } }],
  ['/v1/sites/fra/add', { address: null }],
  ['/v1/sites/fra/add', { address: { ...PLACE, http_url: 'ftp://x' } }],
  ['/v1/sites/fra/remove', {}],
  ['/v1/sites/fra/remove', { rehome: 'yes' }],
  ['/v1/sites/fra/cancel', { all: true }],
])('refuses a body that says something else: %s %j', async (path, body) => {
  expect(await post(path, body)).toMatchObject({ status: 400, body: { code: 'malformed_json' } });
  expect(asked).toEqual([]);
});

it('refuses with the reason of the desk, other names and other methods', async () => {
  answer = { ok: false, reason: 'too_few_sites', message: 'W = 2 of N = 2' };
  const refused = await post('/v1/sites/nyc/remove', { rehome: true });
  expect(refused).toMatchObject({ status: 409, body: { code: 'too_few_sites' } });
  expect(await post('/v1/sites/Nyc/remove', { rehome: true })).toMatchObject({ status: 404 });
  expect((await fetch(`${server.url}/v1/sites/nyc/remove`)).status).toBe(405);
  service.siteChanges = null;
  expect(await post('/v1/sites/nyc/cancel', {})).toMatchObject({ body: { code: 'not_offered' } });
});
