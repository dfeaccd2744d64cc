import { afterAll, beforeAll, expect, it } from 'vitest';
import type { LogEntry } from '../protocol/log-entry.js';
import { RETENTION_RULES_LIMIT } from '../protocol/log-entry.js';
import { areEntries } from './entry-fields.js';
import { inlineContent } from './inline-content.js';
import { type BucketRetention, Retention } from './retention.js';
import { bodyOf, SITES, TestCluster } from './test-cluster.js';

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await new TestCluster().ready();
});

afterAll(() => cluster.stop());

const DAY_MS = 24 * 3_600_000;

/** What every site does once an hour, so many days from now. */
function rounds(days: number) {
  const all = SITES.map((site) => {
    const found = cluster.sites.get(site);
    if (found === undefined) throw new Error(`no such site: ${site}`);
    const { node, service } = found;
    const wallMs = (): number => Date.now() + days * DAY_MS;
    return new Retention({ node, wallMs, buckets: () => service.retentions() });
  });
  return async (): Promise<void> => {
    for (const retention of all) await retention.round();
    await cluster.settled();
  };
}

async function bucket(
  name: string,
  retention: { readonly days: number | null; readonly versions: number | null },
): Promise<void> {
  const objects = cluster.at('nyc');
  await objects.createBucket(name);
  const state = await objects.bucket(name);
  if (!state.ok) throw new Error(state.message);
  await objects.setBucket(name, { ...state.settings, retention }, state.version);
}

async function write(name: string, count = 1): Promise<void> {
  for (let i = 0; i < count; i += 1) await cluster.at('lon').write(name, bodyOf(`${i}`));
}

async function versions(name: string): Promise<number[]> {
  const history = await cluster.at('tor').history(name);
  if (!history.ok) throw new Error(history.message);
  return history.versions.map(({ version }) => version);
}

it('each bucket keeps its history as it is set to', async () => {
  await bucket('month', { days: 30, versions: null });
  await bucket('year', { days: 365, versions: null });
  await bucket('ever', { days: null, versions: null });
  await bucket('two', { days: null, versions: 2 });
  await bucket('both', { days: 365, versions: 0 });
  const names = ['month', 'year', 'ever', 'two', 'both'].map((name) => `${name}/nyc/a`);
  for (const name of names) await write(name, 4);
  await rounds(40)();
  const kept = await Promise.all(names.map(versions));
  expect(kept).toEqual([[4], [4, 3, 2, 1], [4, 3, 2, 1], [4, 3, 2], [4]]);
});

it('a number that changes is kept to for files that nobody writes any more', async () => {
  await bucket('shrinks', { days: null, versions: 3 });
  await write('shrinks/tor/old', 5);
  const everywhere = rounds(0);
  await everywhere();
  expect(await versions('shrinks/tor/old')).toEqual([5, 4, 3, 2]);
  await bucket('shrinks', { days: null, versions: 1 });
  await everywhere();
  expect(await versions('shrinks/tor/old')).toEqual([5, 4]);
});

it('a bucket that changes its mind before the round loses nothing', async () => {
  await bucket('saved', { days: 1, versions: null });
  await write('saved/lon/a', 3);
  await bucket('saved', { days: null, versions: null });
  await rounds(10)();
  expect(await versions('saved/lon/a')).toEqual([3, 2, 1]);
});

it("the site's own records keep an hour of what they were", async () => {
  const { records } = cluster.at('nyc');
  for (const text of ['one', 'two', 'three']) {
    await records.put('nyc/note', inlineContent(Buffer.from(text)));
  }
  const kept = (): number[] =>
    cluster.sites
      .get('lon')
      ?.node.drives.get(cluster.at('lon').primaryOf('.system/nyc/note').shard)
      ?.view.history('.system/nyc/note', 100, 100)
      .map(({ version }) => version) ?? [];
  await rounds(0.03)();
  expect(kept()).toEqual([3, 2, 1]);
  await rounds(0.05)();
  expect(kept()).toEqual([3]);
});

function retains(): Extract<LogEntry['operation'], { kind: 'retain' }>[] {
  const drive = cluster.node('nyc').drives.get('nyc');
  return (drive?.state.log.entries ?? []).flatMap(({ operation }) =>
    operation.kind === 'retain' ? [operation] : [],
  );
}

function roundsOf(buckets: () => readonly BucketRetention[], clock: { wallMs: number }): Retention {
  const node = cluster.node('nyc');
  const listed = async () => ({ ok: true as const, buckets: buckets() });
  return new Retention({ node, wallMs: () => clock.wallMs, buckets: listed });
}

it('a round counts from the last one, and anew after other numbers or a clock set back', async () => {
  const clock = { wallMs: Date.now() };
  const retention = { days: null, versions: 5 };
  let buckets: BucketRetention[] = [{ name: 'few', retention }];
  const some = roundsOf(() => buckets, clock);
  const counted = async (): Promise<number | undefined> => {
    await some.round();
    return retains().at(-1)?.countFromMs;
  };
  expect(await counted()).toBeUndefined();
  const firstMs = clock.wallMs;
  clock.wallMs += 3_600_000;
  expect(await counted()).toBe(firstMs - 300_000);
  clock.wallMs -= 600_000;
  expect(await counted()).toBeUndefined();
  expect(await counted()).toBe(clock.wallMs - 300_000);
  buckets = [{ name: 'few', retention: { days: null, versions: 4 } }];
  expect(await counted()).toBeUndefined();
});

it('more rules than an entry takes are told by several, none of which touches the others', async () => {
  const clock = { wallMs: Date.now() };
  const count = RETENTION_RULES_LIMIT + 5;
  const buckets = Array.from({ length: count }, (_, i): BucketRetention => {
    return { name: `b${i}`, retention: i === 7 ? null : { days: null, versions: i } };
  });
  const before = retains().length;
  await roundsOf(() => buckets, clock).round();
  const told = retains().slice(before);
  expect(told.map(({ beforeMs, rules = [] }) => [beforeMs, rules.length])).toEqual([
    [0, RETENTION_RULES_LIMIT],
    [0, 6],
  ]);
  const rules = told.flatMap((retain) => retain.rules ?? []);
  expect(rules.slice(1).map((rule) => rule.bucket)).toEqual(buckets.map(({ name }) => name));
  expect(rules[8]).toEqual({ bucket: 'b7', beforeMs: 0, versions: null });
});

const rule = { bucket: 'docs', beforeMs: 5, versions: null };

it.each<[string, Record<string, unknown>, boolean]>([
  ['one moment', { beforeMs: 5 }, true],
  ['rules', { beforeMs: 5, rules: [rule], countFromMs: 3 }, true],
  ['rules that are no list', { beforeMs: 5, rules: rule }, false],
  ['too many rules', { beforeMs: 5, rules: Array(RETENTION_RULES_LIMIT + 1).fill(rule) }, false],
  [
    'a bucket of 64 characters',
    { beforeMs: 5, rules: [{ ...rule, bucket: 'b'.repeat(64) }] },
    false,
  ],
  ['half a version', { beforeMs: 5, rules: [{ ...rule, versions: 0.5 }] }, false],
  ['a moment before all', { beforeMs: 5, rules: [{ ...rule, beforeMs: -1 }] }, false],
  ['a start that is no moment', { beforeMs: 5, rules: [], countFromMs: 'now' }, false],
])('a peer that sends %s is understood or refused', (_what, fields, isFine) => {
  const operation = { kind: 'retain', ...fields };
  const entry = { epoch: 1, seq: 1, atMs: 1, requestId: '', operation };
  expect(areEntries([entry], { epoch: 0, seq: 0 })).toBe(isFine);
});
