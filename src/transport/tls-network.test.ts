import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Credentials } from '../certificates/credentials.js';
import { TestAuthority, TestCredentials } from '../certificates/test-certificates.js';
import { encodeJsonFrame, FRAME_TYPES } from './frame.js';
import { makeHello } from './hello.js';
import { collect, describePeerNetwork, nextDown, nextUp } from './peer-network.conformance.js';
import type { PeerNetwork } from './peer-network.js';
import type { NetworkLimits, PeerNetworkOptions } from './tcp-network.js';
import { TcpFixture } from './test-network.js';

const kit = { describe, it, expect, beforeEach, afterEach };
const cluster = new TestAuthority('cluster');
const stranger = new TestAuthority('cluster');

function tlsOf(credentials: Credentials): Pick<PeerNetworkOptions, 'tls'> {
  return { tls: { clusterId: 'cluster', credentials: new TestCredentials(credentials) } };
}

/** Sites that prove who they are; those named do not. */
function secure(...inTheClear: string[]): TcpFixture {
  return new TcpFixture((site) => (inTheClear.includes(site) ? {} : tlsOf(cluster.site(site))));
}

describePeerNetwork(kit, 'over TLS', () => Promise.resolve(secure()));

describe('the site-to-site port under TLS', () => {
  let fixture: TcpFixture;
  const sockets: Socket[] = [];

  beforeEach(() => {
    fixture = secure();
  });

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await fixture.close();
  });

  async function listening(limits: Partial<NetworkLimits> = {}): Promise<PeerNetwork> {
    const b = await fixture.make('b', { limits });
    await b.start();
    return b;
  }

  /** Who dials b in the clear. */
  function dial(): Socket {
    const socket = connect({ host: '127.0.0.1', port: fixture.ports.get('b') ?? 0 });
    socket.on('error', () => undefined);
    sockets.push(socket);
    return socket;
  }

  /** Who dials b under TLS, takes whatever certificate b has, and says that it is the site a. */
  function dialSecurely(options: ConnectionOptions): Socket {
    const port = fixture.ports.get('b') ?? 0;
    const secured = { host: '127.0.0.1', port, rejectUnauthorized: false, ...options };
    const socket = connectTls(secured, () => {
      const self = { site: 'a', clusterId: 'cluster', run: 'stranger', incarnation: 1 };
      socket.write(encodeJsonFrame(FRAME_TYPES.hello, makeHello(self, 'b', 'control')));
    });
    socket.on('error', () => undefined);
    sockets.push(socket);
    return socket;
  }

  /** All that it is told until it is cut off. */
  function told(socket: Socket): Promise<string> {
    let text = '';
    return new Promise((resolve) => {
      socket.on('data', (bytes: Buffer) => {
        text += bytes.toString('latin1');
      });
      socket.once('close', () => resolve(text));
    });
  }

  function asClient({ cert, key }: Credentials): ConnectionOptions {
    return { cert, key };
  }

  it.each([
    ['of another authority', () => asClient(stranger.site('a')), 'not signed by the cluster'],
    [
      'that has expired',
      () => asClient(cluster.site('a', { daysFromNow: -9 })),
      'the certificate has expired',
    ],
    ['that is not valid yet', () => asClient(cluster.site('a', { daysFromNow: 9 })), 'not valid'],
    ['of another site', () => asClient(cluster.site('b')), 'the certificate is of b, not of a'],
    [
      'of another cluster by the same authority',
      () => asClient(cluster.site('a', { clusterId: 'elsewhere' })),
      'names no site of this cluster',
    ],
    ['of no site', () => asClient(cluster.other()), 'names no site of this cluster'],
    ['left out', () => ({}), 'no certificate was shown'],
  ])('refuses by name a certificate %s', async (_name, options, reason) => {
    const b = await listening();
    const answer = await told(dialSecurely(options()));
    expect(answer).toContain('wrong_certificate');
    expect(answer).toContain(reason);
    const reported = fixture.events.filter(
      ({ kind }) => kind === 'tls_failed' || kind === 'refused',
    );
    expect(reported.map(({ message }) => message).join()).toContain(reason);
    expect(b.connected('a')).toBe(false);
  });

  it('refuses TLS 1.2', async () => {
    await listening();
    expect(
      await told(dialSecurely({ ...asClient(cluster.site('a')), maxVersion: 'TLSv1.2' })),
    ).toBe('');
    expect((await fixture.event('tls_failed')).message).toContain('does not speak TLS 1.3');
  });

  it('closes on whoever speaks in the clear, before a word of the protocol', async () => {
    await listening();
    const socket = dial();
    const self = { site: 'a', clusterId: 'cluster', run: 'stranger', incarnation: 1 };
    socket.write(encodeJsonFrame(FRAME_TYPES.hello, makeHello(self, 'b', 'control')));
    expect(await told(socket)).not.toContain('quorate');
    expect((await fixture.event('tls_failed')).message).toContain('does not speak TLS');
  });

  it('closes a connection that never completes its handshake', async () => {
    await listening({ helloMs: 30 });
    await told(dial());
    expect((await fixture.event('tls_failed')).message).toContain('took too long');
  });

  it('closes what is beyond the limit of strangers, and counts those who left', async () => {
    const b = await listening({ strangers: 2, helloMs: 60_000 });
    const first = [dial(), dial()];
    await Promise.all(first.map((socket) => new Promise((done) => socket.once('connect', done))));
    await told(dial());
    expect((await fixture.event('too_many_connections')).message).toContain('2 without a hello');
    for (const socket of first) socket.destroy();
    const a = await fixture.make('a');
    const up = nextUp(b, 'a');
    await a.start();
    await up;
  });

  it.each([
    ['of another authority', () => stranger.site('b'), 'not signed by the cluster'],
    ['of another site', () => cluster.site('c'), 'of the site c, not of the site b'],
    ['that has expired', () => cluster.site('b', { daysFromNow: -9 }), 'has expired'],
  ])('a site does not speak to whoever answers with a certificate %s', async (_name, make, why) => {
    const b = await fixture.make('b', { network: tlsOf(make()) });
    await b.start();
    const a = await fixture.make('a');
    await a.start();
    await until(() =>
      fixture.events.some(({ site, message }) => site === 'b' && message.includes(why)),
    );
    expect(a.connected('b')).toBe(false);
  });

  it('a site does not speak in the clear to one that has no certificate', async () => {
    fixture = secure('b');
    const b = await listening();
    const a = await fixture.make('a');
    await a.start();
    expect((await fixture.event('tls_failed')).site).toBe('b');
    expect([a.connected('b'), b.connected('a')]).toEqual([false, false]);
  });

  it('tells the dialling site why its certificate was refused', async () => {
    await listening();
    const a = await fixture.make('a', { network: tlsOf(cluster.site('c')) });
    await a.start();
    await until(() =>
      fixture.events.some(({ site, message }) => site === 'b' && message.includes('is of c')),
    );
    expect(a.connected('b')).toBe(false);
  });

  it('new connections use a renewed certificate without a restart, and the old ones go on', async () => {
    const ofA = new TestCredentials(cluster.site('a'));
    const ofB = new TestCredentials(cluster.site('b'));
    const tls = (credentials: TestCredentials): Partial<PeerNetworkOptions> => ({
      tls: { clusterId: 'cluster', credentials },
    });
    const a = await fixture.make('a', { network: tls(ofA) });
    const b = await fixture.make('b', { network: tls(ofB) });
    const ups = [nextUp(a, 'b'), nextUp(b, 'a')];
    await b.start();
    await a.start();
    await Promise.all(ups);
    // Both move to another authority: who still used the old one would be refused.
    ofA.replace(stranger.site('a'));
    ofB.replace(stranger.site('b'));
    const received = collect(b, 1);
    a.send('b', 'over the old session');
    expect(await received).toEqual(['over the old session']);
    const again = nextUp(b, 'a');
    const down = nextDown(b, 'a');
    a.setLink('a', 'b', { cut: true });
    await down;
    a.setLink('a', 'b', { cut: false });
    await again;
    expect(fixture.events.filter(({ kind }) => kind === 'tls_failed')).toEqual([]);
  });

  async function until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
  }
});
