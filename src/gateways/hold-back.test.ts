import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { holdBack } from './hold-back.js';
import { type ListeningHttp, listenHttp } from './http-listener.js';

const REQUEST = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

let server: ListeningHttp;
const clients: Socket[] = [];
/** When each request was answered, on the set clock. */
let answeredMs: number[];

beforeEach(async () => {
  answeredMs = [];
  // Sockets go on in real time; the pause alone is on the set clock.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  server = await listenHttp(
    { host: '127.0.0.1', port: 0 },
    {
      answer: ({ socket }, response) => {
        answeredMs.push(performance.now());
        holdBack(socket);
        response.end('later');
      },
      refusal: () => ({ status: 400, contentType: 'text/plain', body: '' }),
    },
  );
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await server.close(0);
  vi.useRealTimers();
});

function join(): Socket {
  const client = connect(server.port, '127.0.0.1');
  clients.push(client);
  return client;
}

/** Until so many requests are held back. */
async function waiting(count: number): Promise<void> {
  while (vi.getTimerCount() < count) await new Promise((resolve) => setImmediate(resolve));
}

it('hears a client that does not wait when it should have come, and others at once', async () => {
  const startMs = performance.now();
  const client = join();
  client.write(REQUEST);
  await once(client, 'data');
  vi.advanceTimersByTime(300);
  client.write(REQUEST);
  await waiting(1);
  const other = join();
  other.write(REQUEST);
  await once(other, 'data');
  vi.advanceTimersByTime(699);
  expect(answeredMs).toEqual([startMs, startMs + 300]);
  vi.advanceTimersByTime(1);
  await once(client, 'data');
  expect(answeredMs).toEqual([startMs, startMs + 300, startMs + 1000]);
});

it('hears at once the one that came when it was told to', async () => {
  const client = join();
  client.write(REQUEST);
  await once(client, 'data');
  vi.advanceTimersByTime(1000);
  client.write(REQUEST);
  await once(client, 'data');
  expect(vi.getTimerCount()).toBe(0);
});

it('forgets the request of a client that left', async () => {
  const client = join();
  client.write(REQUEST);
  await once(client, 'data');
  client.write(REQUEST);
  await waiting(1);
  client.destroy();
  while (vi.getTimerCount() > 0) await new Promise((resolve) => setImmediate(resolve));
  vi.advanceTimersByTime(2000);
  expect(answeredMs).toHaveLength(1);
});
