import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ListeningHttp } from './http-listener.js';
import { listenHttp } from './http-listener.js';
import { sendRaw } from './native-http/raw-exchange.js';

let server: ListeningHttp;
const turnedAway: string[] = [];

beforeAll(async () => {
  const address = { host: '127.0.0.1', port: 0 };
  server = await listenHttp(address, {
    answer: ({ headers }, response) => void response.end(String(headers['last'])),
    refusal: (code) => ({ status: 431, contentType: 'text/plain', body: code }),
    turnedAway: (reason) => void turnedAway.push(reason),
  });
});
afterAll(() => server.close(0));

function request(count: number): string {
  const lines = Array.from({ length: count - 3 }, (_, index) => `a${index}: b`);
  const head = ['GET / HTTP/1.1', 'Host: x', 'Connection: close', ...lines, 'Last: heard'];
  return `${head.join('\r\n')}\r\n\r\n`;
}

it('hears every header of a request that has as many as it may', async () => {
  expect(await sendRaw(server.port, request(256))).toMatchObject({ status: 200, body: 'heard' });
});

it.each([257, 1200])('refuses %i headers rather than to hear some of them', async (count) => {
  turnedAway.length = 0;
  const answer = await sendRaw(server.port, request(count), true);
  expect(answer).toMatchObject({ status: 431, body: 'headers_too_large' });
  expect(turnedAway).toEqual(['headers_too_large']);
});

it('refuses headers that are too long', async () => {
  const long = `GET / HTTP/1.1\r\nHost: x\r\nLong: ${'x'.repeat(17 * 1024)}\r\n\r\n`;
  expect(await sendRaw(server.port, long, true)).toMatchObject({ status: 431 });
});

it('ends a connection on which nothing moves while a request is under way', async () => {
  const pace = { bodyBytesPerSecond: 1, bodyWindowMs: 1_000_000, silenceMs: 100 };
  const silent = await listenHttp(
    { host: '127.0.0.1', port: 0, pace },
    {
      answer: () => undefined,
      refusal: () => ({ status: 400, contentType: 'text/plain', body: '' }),
    },
  );
  const client = connect(silent.port, '127.0.0.1', () => client.write(request(3)));
  client.on('error', () => undefined).resume();
  await once(client, 'close');
  expect(client.bytesRead).toBe(0);
  await silent.close(0);
});
