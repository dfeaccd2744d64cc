import { EventEmitter, once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { ConnectionShares } from './connection-shares.js';
import { listenHttp } from './http-listener.js';

function from(remoteAddress: string): Socket {
  return Object.assign(new EventEmitter(), { remoteAddress }) as Socket;
}

it('takes so many connections of one address, and any others beside them', () => {
  const shares = new ConnectionShares({ connections: 10, connectionsPerAddress: 2 });
  const first = from('10.0.0.1');
  expect(shares.enter(first)).toBeNull();
  expect(shares.enter(from('::ffff:10.0.0.1'))).toBeNull();
  expect(shares.enter(from('10.0.0.1'))).toBe('connections_of_address');
  expect(shares.enter(from('10.0.0.2'))).toBeNull();
  first.emit('close');
  expect(shares.enter(from('10.0.0.1'))).toBeNull();
  expect([shares.open, shares.addresses]).toEqual([3, 2]);
});

it('gives the machine itself no share, as a proxy there speaks for many, but counts it in all', () => {
  const shares = new ConnectionShares({ connections: 3, connectionsPerAddress: 1 });
  const own = ['127.0.0.1', '127.0.0.1', '::1'].map(from);
  expect(own.map((socket) => shares.enter(socket))).toEqual([null, null, null]);
  expect(shares.enter(from('10.0.0.1'))).toBe('connections');
  for (const socket of own) socket.emit('close');
  expect([shares.open, shares.addresses]).toEqual([0, 0]);
});

it('closes one connection too many unheard, and counts it, over all ports', async () => {
  const connections = new ConnectionShares({ connections: 1, connectionsPerAddress: 1 });
  const turnedAway: string[] = [];
  const answerer = {
    answer: () => undefined,
    refusal: () => ({ status: 400, contentType: 'text/plain', body: '' }),
    turnedAway: (reason: string) => void turnedAway.push(reason),
  };
  const address = { host: '127.0.0.1', port: 0, connections };
  const [one, other] = [await listenHttp(address, answerer), await listenHttp(address, answerer)];
  const kept = connect(one.port, '127.0.0.1');
  await expect.poll(() => connections.open).toBe(1);
  const refused = connect(other.port, '127.0.0.1').on('error', () => undefined);
  await once(refused, 'close');
  expect([turnedAway, refused.bytesRead]).toEqual([['connections'], 0]);
  kept.destroy();
  await expect.poll(() => connections.open).toBe(0);
  await Promise.all([one.close(0), other.close(0)]);
});
