import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeFrame, encodeJsonFrame, FRAME_TYPES } from './frame.js';
import { makeHello } from './hello.js';
import { collect, describePeerNetwork, nextDown, nextUp } from './peer-network.conformance.js';
import type { PeerNetwork } from './peer-network.js';
import type { NetworkLimits, PeerNetworkOptions } from './tcp-network.js';
import { TcpFixture } from './test-network.js';

const kit = { describe, it, expect, beforeEach, afterEach };

describePeerNetwork(kit, 'over TCP', () => Promise.resolve(new TcpFixture()));

describe('the site-to-site port', () => {
  let fixture = new TcpFixture();
  const sockets: Socket[] = [];

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await fixture.close();
    fixture = new TcpFixture();
  });

  const stranger = { site: 'a', clusterId: 'cluster', run: 'stranger', incarnation: 1 };

  /** Site b alone, and a raw connection to it. */
  async function port(limits: Partial<NetworkLimits> = {}): Promise<[PeerNetwork, Socket]> {
    const b = await fixture.make('b', { limits });
    await b.start();
    return [b, dial()];
  }

  function dial(): Socket {
    const socket = connect({ host: '127.0.0.1', port: fixture.ports.get('b') ?? 0 });
    socket.on('error', () => undefined);
    sockets.push(socket);
    return socket;
  }

  function ended(socket: Socket): Promise<void> {
    return new Promise((resolve) => {
      socket.once('close', () => resolve());
      socket.resume();
    });
  }

  async function pair(
    limits: Partial<NetworkLimits> = {},
    network: Partial<PeerNetworkOptions> = {},
  ): Promise<[PeerNetwork, PeerNetwork]> {
    const a = await fixture.make('a', { limits, network });
    const b = await fixture.make('b', { limits, network });
    const ups = [nextUp(a, 'b'), nextUp(b, 'a')];
    await b.start();
    await a.start();
    await Promise.all(ups);
    return [a, b];
  }

  it('closes on garbage and says so', async () => {
    const [, socket] = await port();
    socket.write('GET / HTTP/1.1\r\nHost: here\r\n\r\n');
    await ended(socket);
    expect((await fixture.event('garbage')).message).toContain('not a hello');
  });

  it('closes on a hello that announces more than its limit', async () => {
    const [, socket] = await port();
    socket.write(Buffer.from([0x7f, 0xff, 0xff, 0xff, FRAME_TYPES.hello]));
    await ended(socket);
    expect((await fixture.event('frame_too_long')).kind).toBe('frame_too_long');
  });

  it('closes on a hello that does not match its schema', async () => {
    const [, socket] = await port();
    socket.write(encodeJsonFrame(FRAME_TYPES.hello, { magic: 'quorate', from: 7 }));
    await ended(socket);
    expect((await fixture.event('garbage')).message).toContain('schema');
  });

  it('closes a connection that never completes its hello', async () => {
    const [, socket] = await port({ helloMs: 30 });
    socket.write(Buffer.from([0, 0]));
    await ended(socket);
    expect((await fixture.event('hello_timeout')).kind).toBe('hello_timeout');
  });

  it.each([
    ['wrong_cluster', { clusterId: 'another' }],
    ['wrong_version', { protocolVersion: 9, floorVersion: 9 }],
    ['wrong_site', { to: 'c' }],
    ['unknown_site', { from: 'aa' }],
  ])('refuses by name: %s', async (reason, change) => {
    const [, socket] = await port();
    const answer = new Promise<string>((resolve) =>
      socket.once('data', (bytes: Buffer) => resolve(bytes.toString('latin1'))),
    );
    const hello = { ...makeHello(stranger, 'b', 'control'), ...change };
    socket.write(encodeJsonFrame(FRAME_TYPES.hello, hello));
    expect(await answer).toContain(reason);
    expect((await fixture.event('refused')).message).toContain(reason);
  });

  it('tells the dialling side why it was refused', async () => {
    const a = await fixture.make('a', { network: { clusterId: 'another' } });
    const b = await fixture.make('b');
    await b.start();
    await a.start();
    expect((await fixture.event('refused')).message).toContain('wrong_cluster');
    expect(a.connected('b')).toBe(false);
  });

  it('closes only the connection that sends a frame over the limit', async () => {
    const [b, socket] = await port();
    const second = dial();
    socket.write(encodeJsonFrame(FRAME_TYPES.hello, makeHello(stranger, 'b', 'control')));
    second.write(encodeJsonFrame(FRAME_TYPES.hello, makeHello(stranger, 'b', 'bulk')));
    await nextUp(b, 'a');
    second.write(Buffer.from([0xff, 0, 0, 0, FRAME_TYPES.request]));
    await ended(second);
    expect(await fixture.event('frame_too_long')).toMatchObject({ site: 'a', class: 'bulk' });
    expect(b.connected('a')).toBe(true);
    const received = collect(b, 1);
    socket.write(encodeFrame(FRAME_TYPES.message, 'still here'));
    expect(await received).toEqual(['still here']);
  });

  it.each([
    ['a payload that is not MessagePack', Buffer.from([0, 0, 0, 1, FRAME_TYPES.message, 0x93])],
    ['an unknown frame type', encodeFrame(77 as 4, 'x')],
    ['a request without a method', encodeFrame(FRAME_TYPES.request, [1, 2, 3])],
    ['a response of no known kind', encodeFrame(FRAME_TYPES.response, [1, 'yes', 3])],
    ['a cancel without an id', encodeFrame(FRAME_TYPES.cancel, {})],
    ['lifted bytes that lead nowhere', lifted([{ a: null }, [[['__proto__'], 1]]])],
    ['lifted bytes that are missing', lifted([null, [[[], 5000]]])],
  ])('closes an accepted connection on %s', async (_name, bytes) => {
    const [b, socket] = await port();
    const second = dial();
    socket.write(encodeJsonFrame(FRAME_TYPES.hello, makeHello(stranger, 'b', 'control')));
    second.write(encodeJsonFrame(FRAME_TYPES.hello, makeHello(stranger, 'b', 'bulk')));
    await nextUp(b, 'a');
    const down = nextDown(b, 'a');
    socket.write(bytes);
    await down;
    expect(await fixture.event('garbage')).toMatchObject({ site: 'a', class: 'control' });
  });

  function lifted(parts: unknown): Buffer {
    const packed = encodeFrame(FRAME_TYPES.request, parts).subarray(5);
    const head = Buffer.alloc(9);
    head.writeUInt32BE(4 + packed.length);
    head[4] = FRAME_TYPES.request | 0x80;
    head.writeUInt32BE(packed.length, 5);
    return Buffer.concat([head, packed]);
  }

  it('notices a peer that fell silent', async () => {
    const [b, socket] = await port({ pingIntervalMs: 10, deadAfterMs: 50 });
    const second = dial();
    socket.write(encodeJsonFrame(FRAME_TYPES.hello, makeHello(stranger, 'b', 'control')));
    second.write(encodeJsonFrame(FRAME_TYPES.hello, makeHello(stranger, 'b', 'bulk')));
    await nextUp(b, 'a');
    await nextDown(b, 'a');
    expect((await fixture.event('silent')).site).toBe('a');
  });

  it('breaks the session of a peer that does not read, and makes it anew', async () => {
    const [a, b] = await pair({ queueBytes: 1024 * 1024, controlFrameBytes: 64 * 1024 });
    const down = nextDown(a, 'b');
    const message = new Uint8Array(32 * 1024);
    let sent = 0;
    while (a.send('b', message)) sent += 1;
    expect(sent).toBeLessThan(200);
    expect(a.connected('b')).toBe(true);
    const up = nextUp(b, 'a');
    await down;
    expect((await fixture.event('queue_overflow')).site).toBe('b');
    await up;
  });

  it('sends what one turn of the event loop produces in few reads', async () => {
    const [b, socket] = await port();
    const second = dial();
    let reads = 0;
    let bytes = 0;
    socket.write(encodeJsonFrame(FRAME_TYPES.hello, makeHello(stranger, 'b', 'control')));
    second.write(encodeJsonFrame(FRAME_TYPES.hello, makeHello(stranger, 'b', 'bulk')));
    const all = new Promise<void>((resolve) =>
      socket.on('data', (chunk: Buffer) => {
        reads += 1;
        bytes += chunk.length;
        if (bytes > 1000 * 20) resolve();
      }),
    );
    await nextUp(b, 'a');
    for (let index = 0; index < 1000; index += 1) b.send('a', 'a message of 20 byte');
    await all;
    expect(reads).toBeLessThan(10);
  });

  it('measures the round trip, emulated delay included, and keeps order under jitter', async () => {
    const [a, b] = await pair({}, { wan: { 'a-b': { rttMs: 30, jitterMs: 10 } } });
    const received = collect(b, 500);
    for (let index = 0; index < 500; index += 1) a.send('b', index);
    expect(await received).toEqual(Array.from({ length: 500 }, (_, index) => index));
    b.handle('echo', (_from, payload) => Promise.resolve(payload));
    const begunMs = performance.now();
    await a.call('b', 'echo', null, { deadlineMs: 5000 });
    expect(performance.now() - begunMs).toBeGreaterThan(29);
    expect(a.roundTripMs('b')).toBeGreaterThan(29);
  });

  it('says that its port is taken', async () => {
    const [b] = await port();
    const second = await fixture.make('b');
    expect(await second.start()).toMatchObject({ ok: false, reason: 'port_taken' });
    expect(b.connected('a')).toBe(false);
  });
});
