import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { TestAuthority } from '../certificates/test-certificates.js';
import { listenHttp } from '../gateways/http-listener.js';

it('ends a connection that never becomes secure', async () => {
  const { cert, key } = new TestAuthority('cluster').site('nyc');
  const reasons: string[] = [];
  const secure = await listenHttp(
    {
      ...{ host: '127.0.0.1', port: 0, handshakeMs: 100 },
      certificate: { current: { cert, key }, onChange: () => () => undefined },
    },
    {
      answer: () => undefined,
      refusal: () => ({ status: 400, contentType: 'text/plain', body: '' }),
      turnedAway: (reason) => void reasons.push(reason),
    },
  );
  const silent = connect(secure.port, '127.0.0.1').on('error', () => undefined);
  silent.resume();
  await once(silent, 'close');
  expect([reasons, silent.bytesRead]).toEqual([['handshake'], 0]);
  await secure.close(0);
});
