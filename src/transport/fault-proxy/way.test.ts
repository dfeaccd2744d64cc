import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CLEAR } from './condition.js';
import { Way } from './way.js';

let server: Server;
let way: Way;
let client: Socket;
let heard: Buffer[];
let closed: Promise<'end' | 'reset'>;

/** A server that says everything back, and a client of it over a way. */
beforeEach(async () => {
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  way = await Way.open({ host: '127.0.0.1', port: 0, toPort: port, random: () => 0.5 });
  client = join();
});

afterEach(async () => {
  client.destroy();
  await way.close();
  server.close();
});

function join(): Socket {
  const socket = connect({ host: '127.0.0.1', port: way.port });
  heard = [];
  socket.on('data', (bytes: Buffer) => heard.push(bytes));
  closed = new Promise((resolve) => {
    socket.once('error', () => resolve('reset'));
    socket.once('end', () => resolve('end'));
  });
  return socket;
}

const text = (): string => Buffer.concat(heard).toString();

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

/** Many turns of the loop, and every byte that could have come has come. */
async function settle(): Promise<void> {
  const probe = connect({ host: '127.0.0.1', port: (server.address() as { port: number }).port });
  for (let round = 0; round < 20; round += 1) {
    probe.write('x');
    await new Promise((resolve) => probe.once('data', resolve));
  }
  probe.destroy();
}

describe('a way', () => {
  it('takes everything there and back, in order, and its end', async () => {
    const big = Buffer.alloc(3_000_000, 'abc');
    client.write(big);
    await until(() => text().length === big.length);
    expect(Buffer.concat(heard).equals(big)).toBe(true);
    client.end();
    expect(await closed).toBe('end');
  });

  it('holds back what is said while it is cut, in either direction, and hands it over later', async () => {
    client.write('one ');
    await until(() => text() === 'one ');
    way.set({ ...CLEAR, cut: 'held' }, CLEAR);
    client.write('two ');
    await settle();
    expect(text()).toBe('one ');
    way.set(CLEAR, { ...CLEAR, cut: 'held' });
    await settle();
    expect(text()).toBe('one ');
    way.set(CLEAR, CLEAR);
    await until(() => text() === 'one two ');
  });

  it('swallows what is said, tells nobody, and resets such a connection once healed', async () => {
    client.write('one ');
    await until(() => text() === 'one ');
    way.set({ ...CLEAR, cut: 'swallowed' }, CLEAR);
    client.write('two ');
    await settle();
    expect([text(), client.destroyed]).toEqual(['one ', false]);
    way.set(CLEAR, CLEAR);
    expect(await closed).toBe('reset');
  });

  it('keeps a connection that said nothing while its bytes would have been swallowed', async () => {
    client.write('one ');
    await until(() => text() === 'one ');
    way.set({ ...CLEAR, cut: 'swallowed' }, { ...CLEAR, cut: 'swallowed' });
    await settle();
    way.set(CLEAR, CLEAR);
    client.write('two ');
    await until(() => text() === 'one two ');
  });

  it('lets nobody learn through a cut that the other side has gone', async () => {
    client.write('one ');
    await until(() => text() === 'one ');
    way.set({ ...CLEAR, cut: 'held' }, { ...CLEAR, cut: 'held' });
    const gone = new Promise((resolve) => {
      server.once('connection', (socket) => socket.once('close', resolve));
    });
    client.destroy();
    client = join();
    await settle();
    way.set(CLEAR, CLEAR);
    client.write('two ');
    await until(() => text() === 'two ');
    client.destroy();
    await gone;
  });

  it('resets what is open and what is new while it is to, and takes connections again after', async () => {
    client.write('one ');
    await until(() => text() === 'one ');
    way.reset(true);
    expect(await closed).toBe('reset');
    client = join();
    expect(await closed).toBe('reset');
    way.reset(false);
    client = join();
    client.write('two ');
    await until(() => text() === 'two ');
  });

  it('refuses while shut, on the port that it has again when reopened', async () => {
    const { port } = way;
    await way.shut();
    const refused = await new Promise<NodeJS.ErrnoException>((resolve) => {
      connect({ host: '127.0.0.1', port }).once('error', resolve);
    });
    expect(refused.code).toBe('ECONNREFUSED');
    await way.reopen();
    expect(way.port).toBe(port);
    client = join();
    client.write('two ');
    await until(() => text() === 'two ');
  });

  it('takes at least as long as distance, rate and stalls say', async () => {
    way.set(
      { ...CLEAR, delayMs: 20, bytesPerSecond: 100_000 },
      { ...CLEAR, stallChance: 1, stallMs: 30 },
    );
    const startMs = performance.now();
    client.write(Buffer.alloc(5_000));
    await until(() => text().length === 5_000);
    // 20 ms of distance, 50 ms of transfer, 30 ms of a stall; timers may be a millisecond early.
    expect(performance.now() - startMs).toBeGreaterThan(98);
  });
});

it('is as long for a connection as its first bytes say', async () => {
  const { port: toPort } = server.address() as { port: number };
  const asked: string[] = [];
  const long = await Way.open({
    host: '127.0.0.1',
    port: 0,
    toPort,
    conditionOf: (first) => {
      asked.push(first.toString());
      return { ...CLEAR, delayMs: 30 };
    },
  });
  const socket = connect({ port: long.port, host: '127.0.0.1' });
  const saidMs = performance.now();
  socket.write('far');
  await new Promise((resolve) => socket.once('data', resolve));
  expect(performance.now() - saidMs).toBeGreaterThanOrEqual(59);
  expect(asked).toEqual(['far']);
  socket.destroy();
  await long.close();
});
