import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { AuditLog, DEFAULT_AUDIT } from '../../../site/access/audit-log.js';
import { SESSION_PATH, SESSION_SUBPROTOCOL } from '../session-socket.js';
import { PrivateSites, type Told } from './test-access.js';

/* Whatever is done with keys, rightly or wrongly: none of them is written down or said again. */

let folder: string;
let sites: PrivateSites;
let audit: AuditLog;
const reports: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quorate-secrets-'));
  const settings = { ...DEFAULT_AUDIT, reads: true };
  audit = await AuditLog.open('nyc', folder, settings, (message) => void reports.push(message));
  sites = await PrivateSites.start(audit);
});
afterAll(async () => {
  await sites.stop();
  await rm(folder, { recursive: true });
});

async function written(): Promise<string> {
  await audit.flush();
  const names = await readdir(folder);
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  return texts.join('');
}

it('no secret is in the audit log, in an answer that is no new key, or in a report', async () => {
  const admin = sites.adminKey;
  const told: Told[] = [];
  const ask = async (...request: Parameters<PrivateSites['ask']>): Promise<Told> => {
    const answer = await sites.ask(...request);
    told.push(answer);
    return answer;
  };
  const limited = await sites.key(['docs', 'read']);
  const [limitedId = '', limitedSecret = ''] = limited.split('.');
  const cookieOf = (answer: Told): string => answer.headers.get('set-cookie')?.split(';')[0] ?? '';
  const cookie = cookieOf(await ask(null, 'POST', '/v1/session', { body: { key: limited } }));
  const token = cookie.split('=')[1] ?? '';
  expect(token).not.toBe('');

  await ask(admin, 'PUT', '/v1/buckets/docs');
  await ask(admin, 'PUT', '/v1/files/docs/a', { body: 'x' });
  await ask(limited, 'PUT', '/v1/files/docs/a', { body: 'x' });
  await ask(limited, 'POST', '/v1/files/docs/a?copy-from=docs/b');
  await ask(`${limitedId}.${limitedSecret}x`, 'GET', '/v1/files/docs/a');
  await ask(`admin.${limitedSecret}`, 'PUT', '/v1/files/docs/a', { body: 'x' });
  await ask(null, 'GET', `/v1/files/docs/a?key=${limited}`, { headers: { cookie } });
  await ask(null, 'DELETE', '/v1/files/docs/a', { headers: { cookie } });
  await ask(null, 'POST', '/v1/session', { body: { key: `${limited}x` } });
  await ask(admin, 'GET', '/v1/keys');
  await ask(admin, 'PUT', `/v1/keys/${limitedId}/rights`, { body: { buckets: 'x', level: 'no' } });
  for (const key of [limited, `${limited}x`]) {
    const url = sites.url('nyc').replace('http', 'ws') + SESSION_PATH;
    const socket = new WebSocket(url, [SESSION_SUBPROTOCOL, `quorate.key.${key}`]);
    socket.on('message', (text: Buffer) => {
      if (text.includes('"written"')) socket.close();
    });
    const write = { kind: 'delete', name: 'docs/a' };
    const message = { kind: 'write', id: 1, requestId: 'r', since: null, sentMs: 1, write };
    socket.once('open', () => socket.send(JSON.stringify({ ...message, conditions: {} })));
    await once(socket, 'close');
  }

  const log = await written();
  for (const secret of [admin.split('.')[1] ?? '', limitedSecret, token]) {
    expect(secret.length).toBeGreaterThan(30);
    expect(log).not.toContain(secret);
    expect(reports.join()).not.toContain(secret);
  }
  const said = told.map(({ text }) => text).join('');
  expect(said).not.toContain(admin.split('.')[1]);
  expect(said).not.toContain(token);
  // What was done is there all the same, by whom and with which outcome.
  for (const part of ['"who":"admin"', `"who":"${limitedId}"`, '"outcome":"refused"']) {
    expect(log).toContain(part);
  }
  expect(log).toContain('"by":"session","requestId":"","act":"delete"');
});

it('a site tells what it has written down to the administrator alone', async () => {
  const asked = await sites.ask(sites.adminKey, 'GET', '/v1/audit?limit=5');
  expect(asked.json).toMatchObject({ site: 'nyc' });
  expect(asked.json['entries']).toHaveLength(5);
  const key = await sites.key(['*', 'owner']);
  expect((await sites.ask(key, 'GET', '/v1/audit')).status).toBe(403);
});
