/* eslint max-lines-per-function: off -- a suite is one function, as in a test file */
import type { CallResult, PeerIdentity, PeerNetwork } from './peer-network.js';
import type { TestKit } from './test-kit.js';

/** Makes networks that know each other; `inFlight` limits the calls of one class with one peer. */
export interface NetworkFixture {
  make(
    site: string,
    options?: { readonly run?: string; readonly inFlight?: number; readonly waiting?: number },
  ): Promise<PeerNetwork>;
  close(): Promise<void>;
}

/** The next `count` messages of a network. */
export function collect(network: PeerNetwork, count: number): Promise<unknown[]> {
  const messages: unknown[] = [];
  return new Promise((resolve) => {
    network.onMessage((_from, message) => {
      messages.push(message);
      if (messages.length === count) resolve(messages);
    });
  });
}

export function nextUp(network: PeerNetwork, site: string): Promise<PeerIdentity> {
  return new Promise((resolve) => {
    network.onUp((up, peer) => {
      if (up === site) resolve(peer);
    });
  });
}

export function nextDown(network: PeerNetwork, site: string): Promise<void> {
  return new Promise((resolve) => {
    network.onDown((down) => {
      if (down === site) resolve();
    });
  });
}

function reasonOf(result: CallResult): string {
  return result.ok ? 'ok' : result.reason;
}

/** What every implementation of PeerNetwork promises; sites are `a` and `b`. */
export function describePeerNetwork(
  kit: TestKit,
  name: string,
  begin: () => Promise<NetworkFixture>,
): void {
  const { describe, it, expect, afterEach } = kit;
  describe(`a peer network (${name})`, () => {
    let fixture: NetworkFixture;
    const control = { deadlineMs: 5000 };
    const bulk = { deadlineMs: 5000, class: 'bulk' } as const;

    async function pair(options?: {
      readonly inFlight?: number;
      readonly waiting?: number;
    }): Promise<[PeerNetwork, PeerNetwork]> {
      fixture = await begin();
      const a = await fixture.make('a', options);
      const b = await fixture.make('b', options);
      const ups = [nextUp(a, 'b'), nextUp(b, 'a')];
      await a.start();
      await b.start();
      await Promise.all(ups);
      return [a, b];
    }

    afterEach(async () => {
      await fixture.close();
    });

    it('says who came up, in which run and incarnation', async () => {
      fixture = await begin();
      const a = await fixture.make('a');
      const b = await fixture.make('b', { run: 'run-of-b' });
      expect(a.connected('b')).toBe(false);
      expect(a.send('b', 'lost')).toBe(false);
      const up = nextUp(a, 'b');
      await a.start();
      await b.start();
      expect(await up).toMatchObject({ run: 'run-of-b', incarnation: 1 });
      expect(a.connected('b')).toBe(true);
      expect(a.connected('nowhere')).toBe(false);
    });

    it('delivers messages in the order sent, never before the session is up', async () => {
      fixture = await begin();
      const a = await fixture.make('a');
      const b = await fixture.make('b');
      const seen: string[] = [];
      a.onUp(() => seen.push('up'));
      b.onUp(() => {
        for (let index = 0; index < 5000; index += 1) b.send('a', { index });
      });
      const messages = new Promise<void>((resolve) => {
        let expected = 0;
        a.onMessage((from, message) => {
          expect([from, message]).toEqual(['b', { index: expected }]);
          if (expected === 0) seen.push('message');
          expected += 1;
          if (expected === 5000) resolve();
        });
      });
      await a.start();
      await b.start();
      await messages;
      expect(seen).toEqual(['up', 'message']);
    });

    it('carries bytes, nested values and unusual strings unchanged', async () => {
      const [a, b] = await pair();
      const message = {
        bytes: new Uint8Array([0, 255, 7]),
        nested: [{ deep: { list: [1, -1, 2 ** 53 - 1, 1.5, null, true] } }],
        text: 'naïve \u0000 😀',
      };
      const received = collect(b, 1);
      expect(a.send('b', message)).toBe(true);
      const [arrived] = (await received) as [typeof message];
      expect({ ...arrived, bytes: new Uint8Array(arrived.bytes) }).toEqual(message);
    });

    it('answers a call with what the handler returns, in both directions', async () => {
      const [a, b] = await pair();
      b.handle('double', (from, payload) => Promise.resolve([from, (payload as number) * 2]));
      a.handle('double', (from, payload) => Promise.resolve([from, (payload as number) * 2]));
      expect(await a.call('b', 'double', 21, control)).toEqual({ ok: true, value: ['a', 42] });
      expect(await b.call('a', 'double', 4, control)).toEqual({ ok: true, value: ['b', 8] });
    });

    it('carries 8 MiB pieces both ways on the bulk class', async () => {
      const [a, b] = await pair();
      const piece = new Uint8Array(8 * 1024 * 1024).map((_, index) => index % 251);
      b.handle('echo', (_from, payload) => {
        const { parts } = payload as { parts: { data: Uint8Array }[] };
        return Promise.resolve({ back: parts[0]?.data, small: new Uint8Array([9]) });
      });
      const result = await a.call('b', 'echo', { parts: [{ data: piece }] }, bulk);
      if (!result.ok) throw new Error(result.message);
      const value = result.value as { back: Uint8Array; small: Uint8Array };
      expect(Buffer.compare(value.back, piece)).toBe(0);
      expect([...value.small]).toEqual([9]);
    });

    it('keeps the bytes of calls apart, and of answers that hold them, while many are under way', async () => {
      const [a, b] = await pair();
      const stamped = (stamp: number) => new Uint8Array(1024 * 1024).fill(stamp);
      const isAll = (bytes: Uint8Array, stamp: number) => bytes.every((byte) => byte === stamp);
      type Stamped = { stamp: number; bytes: Uint8Array };
      b.handle('judge', async (_from, payload) => {
        const { stamp, bytes } = payload as Stamped;
        for (let turn = 0; turn < stamp % 5; turn += 1) await new Promise(setImmediate);
        return isAll(bytes, stamp);
      });
      b.handle('echo', (_from, payload) => Promise.resolve((payload as Stamped).bytes));
      for (const wave of [0, 1, 2]) {
        const stamps = Array.from({ length: 16 }, (_, index) => wave * 16 + index + 1);
        const results = await Promise.all(
          stamps.map(async (stamp) => {
            const method = stamp % 2 === 0 ? 'echo' : 'judge';
            const result = await a.call('b', method, { stamp, bytes: stamped(stamp) }, bulk);
            const value = result.ok ? result.value : result.message;
            return value instanceof Uint8Array ? isAll(value, stamp) : value;
          }),
        );
        expect(results).toEqual(stamps.map(() => true));
      }
    });

    it('tells a throw, an unknown method and an absent site apart', async () => {
      const [a, b] = await pair();
      b.handle('throws', () => Promise.reject(new Error('no luck')));
      expect(await a.call('b', 'throws', null, control)).toEqual({
        ok: false,
        reason: 'failed',
        message: 'no luck',
        sent: true,
      });
      expect(await a.call('b', 'missing', null, control)).toMatchObject({
        reason: 'refused',
        sent: false,
      });
      expect(await a.call('nowhere', 'x', null, control)).toMatchObject({
        reason: 'unreachable',
        sent: false,
      });
    });

    it('ends a call at its deadline and tells the handler', async () => {
      const [a, b] = await pair();
      const aborted = new Promise<void>((resolve) => {
        b.handle('hang', (_from, _payload, signal) => {
          signal.addEventListener('abort', () => resolve());
          return new Promise(() => undefined);
        });
      });
      const result = await a.call('b', 'hang', null, { deadlineMs: 20 });
      expect(result).toMatchObject({ ok: false, reason: 'timeout', sent: true });
      await aborted;
    });

    it('lets excess calls wait, and refuses more than may wait', async () => {
      const [a, b] = await pair({ inFlight: 2, waiting: 3 });
      let running = 0;
      let most = 0;
      const gates: (() => void)[] = [];
      const allRun = new Promise<void>((resolve) => {
        b.handle('gated', async () => {
          running += 1;
          most = Math.max(most, running);
          if (running === 2) resolve();
          await new Promise<void>((open) => gates.push(open));
          running -= 1;
          return 'done';
        });
      });
      const calls = Array.from({ length: 6 }, () => a.call('b', 'gated', null, control));
      expect(await calls[5]).toMatchObject({ reason: 'refused', sent: false });
      await allRun;
      let ended = false;
      const results = Promise.all(calls.slice(0, 5)).then((all) => {
        ended = true;
        return all;
      });
      while (!ended) {
        gates.shift()?.();
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect((await results).map(reasonOf)).toEqual(Array(5).fill('ok'));
      expect(most).toBe(2);
    });

    it('breaks the session when the peer goes, and ends its calls', async () => {
      const [a, b] = await pair();
      b.handle('hang', () => new Promise(() => undefined));
      const down = nextDown(a, 'b');
      const call = a.call('b', 'hang', null, { deadlineMs: 60_000 });
      await new Promise((resolve) => setImmediate(resolve));
      await b.close();
      await down;
      expect(await call).toMatchObject({ ok: false, reason: 'unreachable' });
      expect(a.connected('b')).toBe(false);
      expect(a.send('b', 'lost')).toBe(false);
      expect(a.roundTripMs('b')).toBeNull();
    });

    it('comes up again with the next run of a peer', async () => {
      const [a, b] = await pair();
      const down = nextDown(a, 'b');
      await b.close();
      await down;
      const up = nextUp(a, 'b');
      const next = await fixture.make('b', { run: 'second-run' });
      const received = collect(next, 1);
      await next.start();
      expect((await up).run).toBe('second-run');
      a.send('b', 'hello again');
      expect(await received).toEqual(['hello again']);
    });

    it('breaks a session whose messages were rejected, and makes it anew', async () => {
      const [a, b] = await pair();
      b.onMessage((from) => b.reject(from, 'not a message of ours'));
      const down = nextDown(a, 'b');
      a.send('b', 'nonsense');
      await down;
      await Promise.all([nextUp(a, 'b'), nextUp(b, 'a')]);
      expect(a.connected('b')).toBe(true);
    });

    it('cuts a link and heals it', async () => {
      const [a, b] = await pair();
      const downs = [nextDown(a, 'b'), nextDown(b, 'a')];
      a.setLink('b', 'a', { cut: true });
      await Promise.all(downs);
      expect(a.send('b', 'lost')).toBe(false);
      expect(reasonOf(await b.call('a', 'x', null, control))).toBe('unreachable');
      const ups = [nextUp(a, 'b'), nextUp(b, 'a')];
      a.setLink('a', 'b', { cut: false });
      await Promise.all(ups);
      const received = collect(b, 1);
      expect(a.send('b', 'healed')).toBe(true);
      expect(await received).toEqual(['healed']);
    });

    it('ends the sessions with sites that are left out, and makes those with new ones', async () => {
      const [a, b] = await pair();
      const downs = [nextDown(a, 'b'), nextDown(b, 'a')];
      b.setPeers([]);
      await Promise.all(downs);
      expect(b.send('a', 'lost')).toBe(false);
      expect(reasonOf(await b.call('a', 'x', null, control))).toBe('unreachable');
      a.setPeers(['b']); // which it has: nothing changes
      const ups = [nextUp(a, 'b'), nextUp(b, 'a')];
      b.setPeers(['a', 'b']); // oneself is not a peer
      await Promise.all(ups);
      const received = collect(b, 1);
      expect(a.send('b', 'again')).toBe(true);
      expect(await received).toEqual(['again']);
    });

    it('refuses what is over the frame limit and goes on', async () => {
      const [a, b] = await pair();
      b.handle('big', () => Promise.resolve(new Uint8Array(5 * 1024 * 1024)));
      const large = new Uint8Array(5 * 1024 * 1024);
      expect(a.send('b', large)).toBe(false);
      expect(await a.call('b', 'big', large, control)).toMatchObject({
        reason: 'failed',
        sent: false,
      });
      expect(await a.call('b', 'big', null, control)).toMatchObject({
        reason: 'failed',
        sent: true,
      });
      expect(a.connected('b')).toBe(true);
    });
  });
}
