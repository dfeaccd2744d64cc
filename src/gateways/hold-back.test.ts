import { connect } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { holdBack } from './hold-back.js';
import { type ListeningHttp, listenHttp } from './http-listener.js';

let server: ListeningHttp;
const answeredMs: number[] = [];

beforeAll(async () => {
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
afterAll(() => server.close(0));

const REQUEST = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

it('hears a client that does not wait when it should have come, and others at once', async () => {
  const client = connect(server.port, '127.0.0.1', () => client.write(REQUEST));
  await once(client, 'data');
  client.write(REQUEST);
  const other = connect(server.port, '127.0.0.1', () => other.write(REQUEST));
  await once(other, 'data');
  await once(client, 'data');
  const [refused = 0, ofOther = 0, again = 0] = answeredMs;
  expect(answeredMs).toHaveLength(3);
  expect(ofOther).toBeLessThan(again);
  // A timer may be early by less than a millisecond.
  expect(again - refused).toBeGreaterThanOrEqual(999);
  client.destroy();
  other.destroy();
});
