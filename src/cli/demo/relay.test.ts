import { connect, createServer, type Server } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Relay } from './relay.js';

let server: Server;
let relay: Relay;

beforeEach(async () => {
  server = createServer((socket) => socket.pipe(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  relay = await Relay.start('127.0.0.1', port);
});

afterEach(() => {
  relay.close();
  server.close();
});

it('passes on what is said, holds it back while cut, and hands it over when healed', async () => {
  const socket = connect({ port: relay.port, host: '127.0.0.1' });
  const next = (): Promise<string> =>
    new Promise((resolve) => socket.once('data', (bytes) => resolve(bytes.toString())));
  socket.write('before');
  expect(await next()).toBe('before');
  relay.cut();
  const late = next();
  socket.write('during');
  let isHealed = false;
  const wasHealed = late.then(() => isHealed);
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  isHealed = true;
  relay.heal();
  expect(await late).toBe('during');
  expect(await wasHealed).toBe(true);
  socket.destroy();
});
