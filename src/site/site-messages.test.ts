import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { SiteMessage } from '../protocol/node/messages.js';
import { parseSiteMessage } from './site-messages.js';

const etag = 'a'.repeat(64);
const inline = { kind: 'inline', size: 2, etag, bytes: Uint8Array.of(1, 2) } as const;
const put = {
  epoch: 1,
  seq: 5,
  atMs: 1.7e12,
  requestId: 'r',
  operation: { kind: 'put', name: 'b/f', version: 1, content: inline, metadata: { k: 'v' } },
} as const;
const append: SiteMessage = {
  kind: 'shard',
  shard: 'nyc',
  message: {
    kind: 'append',
    epoch: 1,
    run: 'nyc.1.1',
    previous: { epoch: 1, seq: 4 },
    entries: [put, { ...put, seq: 6, operation: { kind: 'delete', name: 'b/f', version: 2 } }],
    commitSeq: 4,
    releasedSeq: 4,
    trimSeq: 0,
    beat: { sentMs: 12.5, actMs: 1500 },
    target: null,
  },
};
const submit: SiteMessage = {
  kind: 'submit',
  id: 1,
  run: 'tor.1.1',
  epoch: 1,
  shard: 'nyc',
  request: {
    requestId: 'r',
    since: null,
    intent: { kind: 'put', name: 'b/f', content: inline, metadata: {} },
    conditions: { ifMatch: ['*'] },
  },
};
const asked: SiteMessage = {
  kind: 'asked',
  id: 1,
  run: 'tor.1.1',
  answer: {
    outcome: 'head',
    epoch: 1,
    terms: { epoch: 1, run: 'nyc.1.1', generation: 1, position: 5 },
    head: {
      name: 'b/f',
      version: 1,
      epoch: 1,
      seq: 5,
      deleted: false,
      content: { ...inline, bytes: new Uint8Array(0) },
      metadata: {},
      modifiedMs: 1,
    },
  },
};
const reign = { epoch: 1, run: 'nyc.1.1' };
const samples: readonly SiteMessage[] = [
  { kind: 'shard', shard: 'nyc', message: { kind: 'recalled', ...reign } },
  { kind: 'shard', shard: 'nyc', message: { kind: 'recalled', ...reign, holder: 'lon.1.1' } },
  append,
  submit,
  asked,
  { kind: 'ask', id: 1, run: 'tor.1.1', shard: 'nyc', name: 'b/f', held: null, keep: true },
  { kind: 'ask-end', id: 1, run: 'tor.1.1', shard: 'nyc' },
  { kind: 'ask-end', id: 1, run: 'tor.1.1', shard: 'nyc', catalogue: 'b/' },
  {
    kind: 'ended',
    id: 1,
    run: 'tor.1.1',
    answer: {
      outcome: 'end',
      end: { epoch: 1, seq: 2 },
      terms: { epoch: 1, run: 'nyc.1.1', generation: 1, position: 2 },
    },
  },
  { kind: 'ended', id: 1, run: 'tor.1.1', answer: { outcome: 'end', end: { epoch: 1, seq: 2 } } },
  {
    kind: 'submitted',
    id: 1,
    run: 'tor.1.1',
    answer: { outcome: 'rejected', reason: 'no_primary', current: null },
  },
];

/** The sample with the value at one path replaced. */
function withValue(value: unknown, path: readonly (string | number)[], other: unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return other;
  if (Array.isArray(value)) {
    return value.map((item: unknown, i) => (i === first ? withValue(item, rest, other) : item));
  }
  const fields = value as Record<string, unknown>;
  return { ...fields, [first]: withValue(fields[first], rest, other) };
}

function pathsOf(value: unknown, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [path];
  return [
    path,
    ...Object.entries(value).flatMap(([key, inner]) =>
      pathsOf(inner, [...path, Array.isArray(value) ? Number(key) : key]),
    ),
  ];
}

it('takes what sites say', () => {
  for (const message of samples) expect(parseSiteMessage(message)).toEqual({ ok: true, message });
});

it('gives a message or a reason for any value', () => {
  fc.assert(
    fc.property(fc.anything({ withNullPrototype: true, withTypedArray: true }), (value) => {
      const parsed = parseSiteMessage(value);
      expect(parsed.ok || parsed.reason.length > 0).toBe(true);
    }),
  );
});

it('gives a message or a reason for a message with anything in one place of it', () => {
  const places = samples.flatMap((sample) => pathsOf(sample).map((path) => ({ sample, path })));
  fc.assert(
    fc.property(fc.constantFrom(...places), fc.anything(), ({ sample, path }, other) => {
      const parsed = parseSiteMessage(withValue(sample, path, other));
      expect(parsed.ok || parsed.reason.length > 0).toBe(true);
    }),
    { numRuns: 1000 },
  );
});

it.each([
  ['a gap between entries', ['message', 'entries', 1, 'seq'], 7],
  ['entries that do not follow what is before them', ['message', 'previous', 'seq'], 3],
  ['a negative position', ['message', 'commitSeq'], -1],
  ['a position that is no safe integer', ['message', 'commitSeq'], 2 ** 53],
  ['inline bytes of another length', ['message', 'entries', 0, 'operation', 'content', 'size'], 3],
  ['a name that is too long', ['message', 'entries', 0, 'operation', 'name'], 'b/'.repeat(2000)],
  ['an operation of no known kind', ['message', 'entries', 0, 'operation', 'kind'], 'toString'],
  ['a kind that every object has', ['message', 'kind'], 'constructor'],
] as const)('refuses %s', (_what, path, value) => {
  expect(parseSiteMessage(withValue(append, path, value))).toMatchObject({ ok: false });
});

it('lets inline content come without its bytes in an answer only', () => {
  const path = ['request', 'intent', 'content', 'bytes'];
  expect(parseSiteMessage(withValue(submit, path, new Uint8Array(0)))).toMatchObject({ ok: false });
  expect(parseSiteMessage(asked).ok).toBe(true);
});
