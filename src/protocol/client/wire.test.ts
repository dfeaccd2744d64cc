import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ClientMessage, SiteReply } from './messages.js';
import { FrameReader, framesOf, type Told } from './wire.js';

const bytes = Uint8Array.from([1, 2, 3]);
const etag = 'a'.repeat(64);
const head = {
  name: 'b/f',
  version: 2,
  epoch: 1,
  seq: 9,
  deleted: false,
  content: { kind: 'inline' as const, size: 3, etag, bytes },
  metadata: { colour: 'red' },
  modifiedMs: 5,
};
const keep = { shard: 'nyc', generation: 1, serial: 3 };
const leases = [{ shard: 'nyc', generation: 1, durationMs: 900 }];

const CLIENT_MESSAGES: readonly ClientMessage[] = [
  { kind: 'renew', sentMs: 1.5, shards: ['nyc'] },
  { kind: 'read', id: 1, sentMs: 1, name: 'b/f', held: { epoch: 1, seq: 2 }, mode: 'strong' },
  {
    kind: 'write',
    id: 2,
    sentMs: 1,
    requestId: 'r',
    since: 'v1.nyc:3',
    write: { kind: 'put', name: 'b/f', bytes, metadata: {} },
    conditions: { ifVersion: 3 },
  },
  {
    kind: 'write',
    id: 3,
    sentMs: 1,
    requestId: 'r',
    since: null,
    write: { kind: 'delete', name: 'b/f' },
    conditions: {},
  },
  { kind: 'revalidate', id: 4, sentMs: 1, files: [{ name: 'b/f', epoch: 1, seq: 2 }] },
  { kind: 'done', files: [{ shard: 'nyc', name: null, serial: 3 }] },
  { kind: 'left', files: [{ shard: 'nyc', name: 'b/f', serial: 3 }] },
  { kind: 'watch', id: 5, prefix: 'b/', from: null },
  { kind: 'unwatch', id: 5 },
  { kind: 'bye' },
];

const SITE_REPLIES: readonly SiteReply[] = [
  { kind: 'welcome', session: 's', site: 'nyc', position: 'v1.' },
  { kind: 'renewed', sentMs: 1, leases, position: 'v1.' },
  {
    kind: 'read',
    id: 1,
    ok: true,
    head,
    asHeld: false,
    freshness: 'lease',
    keep,
    sentMs: 1,
    leases,
  },
  {
    kind: 'read',
    id: 1,
    ok: true,
    head: null,
    asHeld: false,
    freshness: 'primary',
    keep: null,
    sentMs: 1,
    leases: [],
  },
  { kind: 'read', id: 1, ok: false, reason: 'no_primary' },
  {
    kind: 'written',
    id: 2,
    answer: { outcome: 'unknown', reason: 'timeout' },
    head: null,
    keep: null,
    sentMs: 1,
    leases: [],
  },
  { kind: 'revalidated', id: 4, keeps: [keep, null], sentMs: 1, leases },
  { kind: 'invalidate', files: [{ shard: 'nyc', name: 'b/f', serial: 3 }] },
  {
    kind: 'changes',
    id: 5,
    cursor: 'v1.nyc:4',
    changes: [
      { kind: 'put', name: 'b/f', version: 2, epoch: 1, seq: 4, size: 3, etag, modifiedMs: 1 },
    ],
  },
  { kind: 'watch-ended', id: 5, reason: 'too_old' },
];

function carry<Side extends keyof Told>(side: Side, message: Told[Side]): unknown {
  const reader = new FrameReader(side);
  const heard = framesOf(message).map((frame) => reader.push(frame));
  expect(heard.slice(0, -1).every((each) => each === null)).toBe(true);
  return heard.at(-1);
}

describe('the session protocol on the wire', () => {
  it.each(CLIENT_MESSAGES)('carries $kind of a client', (message) => {
    expect(carry('client', message)).toEqual({ ok: true, message });
  });

  it.each(SITE_REPLIES)('carries $kind of a site', (message) => {
    expect(carry('site', message)).toEqual({ ok: true, message });
  });

  it('leaves out bytes that the reader has, and the chunks of large files', () => {
    const light = { ...head, content: { ...head.content, bytes: new Uint8Array(0) } };
    const [, , read] = SITE_REPLIES;
    const held = { ...read, head: light, asHeld: true } as SiteReply;
    expect(framesOf(held)).toHaveLength(1);
    expect(carry('site', held)).toEqual({ ok: true, message: held });
    const chunks = [{ hash: etag, size: 70_000 }];
    const large = { ...head, content: { kind: 'chunked' as const, size: 70_000, etag, chunks } };
    const told = carry('site', { ...read, head: large } as SiteReply);
    expect(told).toMatchObject({ ok: true, message: { head: { content: { chunks: [] } } } });
  });

  it('gives a reason for anything else, and never throws', () => {
    const frame = fc.oneof(
      fc.string(),
      fc.uint8Array({ maxLength: 64 }),
      fc.json(),
      fc.constantFrom(...CLIENT_MESSAGES.map((message) => JSON.stringify(message))),
    );
    fc.assert(
      fc.property(
        fc.array(frame, { maxLength: 8 }),
        fc.constantFrom('client', 'site'),
        (frames, side) => {
          const reader = new FrameReader(side);
          for (const each of frames) {
            const heard = reader.push(each);
            if (heard !== null && !heard.ok) expect(heard.reason).not.toBe('');
          }
        },
      ),
    );
  });

  it.each([
    ['bytes that nobody announced', [bytes]],
    ['no JSON', ['{']],
    ['no object', ['3']],
    ['an unknown kind', ['{"kind":"hello"}']],
    ['a read without a name', ['{"kind":"read","id":1,"sentMs":1,"held":null,"mode":"strong"}']],
    ['text where bytes follow', [JSON.stringify({ kind: 'write', write: { kind: 'put' } }), '{}']],
    [
      'fewer bytes than announced',
      [
        JSON.stringify({ ...CLIENT_MESSAGES[2], write: { kind: 'put', name: 'b/f', bytes: 4 } }),
        bytes,
      ],
    ],
  ] as const)('refuses %s', (_what, frames) => {
    const reader = new FrameReader('client');
    const heard = frames.map((frame) => reader.push(frame));
    expect(heard.at(-1)).toMatchObject({ ok: false });
  });
});
