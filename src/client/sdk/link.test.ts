import { beforeEach, describe, expect, it } from 'vitest';
import type { FileVersion } from '../../protocol/file-version.js';
import type { ClientMessage, SiteReply } from '../../protocol/client/messages.js';
import type { QuorateClient } from './client.js';
import { connectOn, NoSiteReached } from './connect.js';
import type { ConnectOptions } from './options.js';
import { ScriptedPlatform, ScriptedSite } from './test-platform.js';

let near: ScriptedSite;
let far: ScriptedSite;
let platform: ScriptedPlatform;

beforeEach(() => {
  near = new ScriptedSite('lon', 2);
  far = new ScriptedSite('nyc', 80);
  platform = new ScriptedPlatform([far, near]);
  for (const site of [near, far]) site.answer = (message) => committing(message) ?? alive(message);
});

async function connected(options: Partial<ConnectOptions> = {}): Promise<QuorateClient> {
  const sites = platform.sites.map(({ url }) => url);
  const connecting = connectOn(platform, { sites, ...options });
  await platform.pass(1000);
  return connecting;
}

function alive(message: ClientMessage): SiteReply | null {
  if (message.kind !== 'renew') return null;
  return { kind: 'renewed', sentMs: message.sentMs, leases: [], position: 'v1.' };
}

function committing(message: ClientMessage): SiteReply | null {
  if (message.kind !== 'write') return null;
  const { name } = message.write;
  const answer = { outcome: 'committed', name, version: 1, epoch: 1, seq: 1, atMs: 1 } as const;
  return { ...written(message), answer };
}

type Written = Extract<SiteReply, { kind: 'written' }>;

function written({ id, sentMs }: Extract<ClientMessage, { kind: 'write' }>): Written {
  const answer = { outcome: 'unknown', reason: 'primary_lost' } as const;
  return { kind: 'written', id, sentMs, leases: [], keep: null, head: null, answer };
}

function version(number: number): FileVersion {
  return {
    name: 'docs/a',
    version: number,
    epoch: 1,
    seq: number,
    deleted: false,
    content: { kind: 'inline', size: 0, etag: 'e'.repeat(64), bytes: new Uint8Array(0) },
    metadata: {},
    modifiedMs: 0,
  };
}

function telling(head: FileVersion | null, message: ClientMessage): SiteReply | null {
  if (message.kind !== 'read') return null;
  const { id, sentMs, mode } = message;
  const freshness = mode === 'local' ? 'local' : 'primary';
  const told = { head, asHeld: false, freshness, keep: null, sentMs, leases: [] } as const;
  return { kind: 'read', id, ok: true, ...told };
}

/** What the promise comes to while time passes. */
async function after<T>(durationMs: number, promise: Promise<T>): Promise<T | 'open'> {
  let result: T | 'open' = 'open';
  void promise.then((value) => {
    result = value;
  });
  await platform.pass(durationMs);
  return result;
}

describe('the choice of the site', () => {
  it('is the nearest, unless another one is asked for', async () => {
    expect((await connected()).site).toBe('lon');
    expect((await connected({ near: 'nyc' })).site).toBe('nyc');
  });

  it('does not wait for a site that is silent', async () => {
    far.state = 'silent';
    expect((await connected()).site).toBe('lon');
    expect(near.openedMs[0]).toBeLessThan(1200);
  });

  it('falls to the next when one is lost, and returns when it is back', async () => {
    const client = await connected();
    near.state = 'down';
    near.cut();
    await platform.pass(500);
    expect(client.site).toBe('nyc');
    await platform.pass(20_000);
    expect(client.site).toBe('nyc');
    near.state = 'up';
    await platform.pass(6000);
    expect(client.site).toBe('lon');
    expect(far.heard.at(-1)).toEqual({ kind: 'bye' });
  });

  it('waits with its return for what is under way, but not for ever', async () => {
    const client = await connected();
    near.state = 'down';
    near.cut();
    await platform.pass(500);
    far.answer = alive;
    near.state = 'up';
    const opened = near.openedMs.length;
    const write = client.write('docs/a', 'x');
    while (near.openedMs.length === opened) await platform.pass(10);
    await platform.pass(900);
    expect(client.site).toBe('nyc');
    expect(await after(500, write)).toMatchObject({ outcome: 'committed' });
    expect(client.site).toBe('lon');
    const ids = [...far.requests(), ...near.requests()].map((each) =>
      each.kind === 'write' ? [each.requestId, each.since] : [],
    );
    expect(ids).toEqual([
      ['run1-1', null],
      ['run1-1', 'v1.nyc:1'],
    ]);
  });

  it('notices a site that fell silent, by asking it for a sign of life', async () => {
    const client = await connected();
    await platform.pass(60_000);
    expect(near.openedMs).toHaveLength(1);
    near.state = 'silent';
    await platform.pass(16_000);
    expect(client.site).toBe('nyc');
  });

  it('tries again in growing pauses while there is no site', async () => {
    const client = await connected({ sites: [near.url] });
    await platform.pass(10_000);
    near.openedMs.length = 0;
    near.state = 'down';
    near.cut();
    await platform.pass(60_000);
    const pauses = near.openedMs.map((atMs, index, all) => atMs - (all[index - 1] ?? atMs));
    expect(pauses.slice(1, 6).map(Math.round)).toEqual([40, 77, 152, 302, 602]);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(5002);
    near.state = 'up';
    await platform.pass(5100);
    expect(client.site).toBe('lon');
  });

  it('does not run round in circles between sites that take a session and drop it', async () => {
    await connected();
    await platform.pass(10_000);
    for (const site of [near, far]) {
      site.openedMs.length = 0;
      site.dropsAtOnce = true;
    }
    near.cut();
    await platform.pass(20_000);
    expect(near.openedMs.length).toBeGreaterThan(3);
    expect(near.openedMs.length + far.openedMs.length).toBeLessThan(30);
  });

  it('is given up when no site takes the session in time', async () => {
    near.state = 'down';
    far.state = 'silent';
    const sites = [near.url, far.url];
    const failing = connectOn(platform, { sites, timeoutMs: 8000 }).catch(
      (error: unknown) => error,
    );
    expect(await after(9000, failing)).toBeInstanceOf(NoSiteReached);
    const attempts = near.openedMs.length;
    await platform.pass(60_000);
    expect(near.openedMs).toHaveLength(attempts);
  });

  it('throws for what are no addresses', async () => {
    await expect(connectOn(platform, { sites: [] })).rejects.toThrow(TypeError);
    await expect(connectOn(platform, { sites: ['ftp://x'] })).rejects.toThrow(TypeError);
    await expect(connectOn(platform, { sites: [near.url, `${near.url}/`] })).rejects.toThrow();
  });
});

describe('a write', () => {
  it('goes on under its id, with its position, over connections and sites', async () => {
    const client = await connected();
    near.answer = () => null;
    const write = client.write('docs/a', 'x', { requestId: 'mine' });
    await platform.pass(10);
    near.state = 'down';
    near.cut();
    expect(await after(1000, write)).toMatchObject({ outcome: 'committed', requestId: 'mine' });
    const [again] = far.requests();
    expect(again).toMatchObject({ kind: 'write', requestId: 'mine', since: 'v1.lon:1' });
  });

  it('is tried again while no site acts for its file, and rejected when the time is up', async () => {
    const client = await connected();
    near.answer = (message) =>
      message.kind === 'write'
        ? {
            ...written(message),
            answer: { outcome: 'rejected', reason: 'no_primary', current: null },
          }
        : alive(message);
    const write = client.write('docs/a', 'x', { timeoutMs: 3000 });
    expect(await after(3000, write)).toMatchObject({ outcome: 'rejected', reason: 'no_primary' });
    expect(near.requests().length).toBeGreaterThan(4);
    // None of them took effect: each is as good as a first one.
    expect(near.requests().every((each) => each.kind === 'write' && each.since === null)).toBe(
      true,
    );
  });

  it('stays unknown when an earlier attempt may have taken effect, whatever a later one says', async () => {
    const client = await connected();
    near.answer = (message) => {
      if (message.kind !== 'write') return alive(message);
      if (near.requests().length === 1) return written(message);
      const answer = { outcome: 'rejected', reason: 'precondition_failed', current: null } as const;
      return { ...written(message), answer };
    };
    const write = client.write('docs/a', 'x', { ifVersion: 1 });
    expect(await after(3000, write)).toMatchObject({ outcome: 'unknown' });
    expect(near.requests()).toMatchObject([{ since: null }, { since: 'v1.lon:1' }]);
  });

  it('is unknown when it was sent and nobody answers', async () => {
    const client = await connected();
    near.answer = alive;
    const write = client.write('docs/a', 'x', { timeoutMs: 2000 });
    expect(await after(2001, write)).toMatchObject({ outcome: 'unknown', reason: 'timeout' });
  });
});

it('an update ends in its time, however long each of its parts might take', async () => {
  const client = await connected();
  near.answer = (message) => telling(version(1), message) ?? alive(message);
  const update = client.update('docs/a', () => 'x', { timeoutMs: 2000 });
  expect(await after(2001, update)).toMatchObject({ outcome: 'unknown', reason: 'timeout' });
});

describe('a read', () => {
  const without = (message: ClientMessage): SiteReply | null =>
    message.kind === 'read'
      ? { kind: 'read', id: message.id, ok: false, reason: 'quorum_unavailable' }
      : alive(message);

  it('goes elsewhere when a site lacks a quorum', async () => {
    const client = await connected();
    near.answer = without;
    far.answer = (message) => telling(version(3), message);
    const read = client.read('docs/a');
    expect(await after(500, read)).toMatchObject({ outcome: 'found', file: { version: 3 } });
    expect(client.site).toBe('nyc');
    // No write has to wait for what this client might have kept of it.
    expect(near.heard.at(-1)).toEqual({ kind: 'bye' });
  });

  it('fails at once when every site lacks it', async () => {
    const client = await connected();
    near.answer = without;
    far.answer = without;
    const read = client.read('docs/a');
    expect(await after(500, read)).toMatchObject({ reason: 'quorum_unavailable' });
  });

  it('in mode local never goes behind what was seen: it asks otherwise, or says so', async () => {
    const client = await connected({ cache: false });
    near.answer = (message) => telling(version(5), message);
    await after(100, client.read('docs/a'));
    near.answer = (message) =>
      telling(version(message.kind === 'read' && message.mode === 'local' ? 4 : 6), message);
    const read = client.read('docs/a', { mode: 'local' });
    expect(await after(100, read)).toMatchObject({ file: { version: 6, freshness: 'primary' } });
    near.answer = (message) =>
      message.kind === 'read' && message.mode === 'local'
        ? telling(version(4), message)
        : without(message);
    far.answer = near.answer;
    const behind = client.read('docs/a', { mode: 'local' });
    expect(await after(500, behind)).toMatchObject({ outcome: 'failed', reason: 'behind' });
  });

  it('in mode local is served from what was kept while the site is behind it', async () => {
    const client = await connected();
    near.answer = (message) => telling(version(5), message);
    await after(100, client.read('docs/a'));
    near.answer = (message) => telling(version(4), message);
    const read = client.read('docs/a', { mode: 'local' });
    expect(await after(100, read)).toMatchObject({ file: { version: 5, freshness: 'local' } });
  });
});
