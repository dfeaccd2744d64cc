import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { SESSION_PATH, SESSION_SUBPROTOCOL } from '../session-socket.js';
import { PrivateSites } from './test-access.js';

/* Sessions of clients whose keys go so far and no further. */

let sites: PrivateSites;
const opened: WebSocket[] = [];

beforeAll(async () => {
  sites = await PrivateSites.start();
  for (const bucket of ['docs', 'other', 'open']) {
    await sites.ask(sites.adminKey, 'PUT', `/v1/buckets/${bucket}`);
    await sites.ask(sites.adminKey, 'PUT', `/v1/files/${bucket}/a`, { body: bucket });
  }
  await sites.ask(sites.adminKey, 'PATCH', '/v1/buckets/open', { body: { anonymousRead: true } });
});
afterAll(() => sites.stop());
afterEach(() => {
  for (const socket of opened.splice(0)) socket.terminate();
});

type Message = Record<string, unknown>;

function connect(key: string | null, how: 'header' | 'subprotocol' = 'subprotocol'): WebSocket {
  const url = sites.url('nyc').replace('http', 'ws') + SESSION_PATH;
  const shown = key !== null && how === 'subprotocol' ? [`quorate.key.${key}`] : [];
  const headers = key !== null && how === 'header' ? { authorization: `Bearer ${key}` } : {};
  const socket = new WebSocket(url, [SESSION_SUBPROTOCOL, ...shown], { headers });
  opened.push(socket);
  return socket;
}

/** Resolves with the first message of this kind. */
function heard(socket: WebSocket, kind: string): Promise<Message> {
  return new Promise((resolve) => {
    const hear = (data: Buffer, isBinary: boolean): void => {
      // Bytes of files come in frames of their own.
      if (isBinary) return;
      const message = JSON.parse(data.toString('utf8')) as Message;
      if (message['kind'] !== kind) return;
      socket.off('message', hear);
      resolve(message);
    };
    socket.on('message', hear);
  });
}

async function closed(socket: WebSocket): Promise<[code: number, reason: string]> {
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
  return [code, reason.toString()];
}

async function ask(socket: WebSocket, message: Message, kind: string): Promise<Message> {
  const answer = heard(socket, kind);
  socket.send(JSON.stringify({ sentMs: 1, ...message }));
  return answer;
}

it.each(['header', 'subprotocol'] as const)('a key opens a session by %s', async (how) => {
  const socket = connect(await sites.key(['docs', 'read']), how);
  expect(await heard(socket, 'welcome')).toMatchObject({ site: 'nyc' });
  // The key does not come back.
  expect(socket.protocol).toBe(SESSION_SUBPROTOCOL);
});

it('without a good key there is no session, and a web page hears why', async () => {
  expect(await closed(connect(null))).toEqual([4401, 'key_required']);
  expect(await closed(connect('admin.wrong'))).toEqual([4401, 'invalid_key']);
});

it('reads, writes, keeps and follows only what its key has rights to', async () => {
  const socket = connect(await sites.key(['docs', 'read'], ['docs/mine/*', 'write']));
  await heard(socket, 'welcome');
  const read = (id: number, name: string) =>
    ask(socket, { kind: 'read', id, name, held: null, mode: 'strong' }, 'read');
  expect(await read(1, 'docs/a')).toMatchObject({ id: 1, ok: true });
  expect(await read(2, 'other/a')).toMatchObject({ id: 2, ok: false, reason: 'forbidden' });
  expect(await read(3, 'open/a')).toMatchObject({ id: 3, ok: true });
  const write = (id: number, name: string) =>
    ask(
      socket,
      {
        kind: 'write',
        id,
        requestId: `r${id}`,
        since: null,
        write: { kind: 'delete', name },
        conditions: {},
      },
      'written',
    );
  const refused = { outcome: 'refused', reason: 'forbidden' };
  expect(await write(4, 'docs/a')).toMatchObject({ id: 4, answer: refused });
  expect((await write(5, 'docs/mine/x'))['answer']).not.toEqual(refused);
  const files = ['docs/a', 'other/a'].map((name) => ({ name, epoch: 1, seq: 1 }));
  const again = await ask(socket, { kind: 'revalidate', id: 6, files }, 'revalidated');
  expect(again).toMatchObject({ id: 6, keeps: [null, null] });
  for (const [id, prefix] of [
    [7, ''],
    [8, 'docs'],
    [9, 'other/'],
  ]) {
    const ended = await ask(socket, { kind: 'watch', id, prefix, from: null }, 'watch-ended');
    expect(ended).toMatchObject({ id, reason: 'forbidden' });
  }
  const watch = { kind: 'watch', id: 10, prefix: 'docs/', from: null };
  expect(await ask(socket, watch, 'changes')).toMatchObject({ id: 10 });
});

it.each([
  ['is revoked', (id: string) => sites.cluster.at('lon').keys.revoke(id)],
  ['gets other rights', (id: string) => sites.cluster.at('lon').keys.allow(id, 'docs', null)],
])('ends at once when its key %s, whichever site did that', async (_, change) => {
  const key = await sites.key(['docs', 'read']);
  const otherKey = await sites.key(['docs', 'read']);
  const [socket, other] = [connect(key), connect(otherKey)];
  await Promise.all([heard(socket, 'welcome'), heard(other, 'welcome')]);
  const ended = closed(socket);
  await change(key.split('.')[0] ?? '');
  expect((await ended)[0]).toBe(4408);
  expect(other.readyState).toBe(WebSocket.OPEN);
});
