import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { open } from 'lmdb';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { LogEntry, RetentionRule } from '../../protocol/log-entry.js';
import { entryOf, putEntry } from '../sample-entries.js';
import type { RecordDatabase } from './record-database.js';
import { RecordKind, supersededPrefix } from './record-keys.js';
import { seal } from './record-values.js';
import { openViewEnvironment, type ViewEnvironment } from './view-environment.js';

let folder: string;
const opened: ViewEnvironment[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quorate-retention-'));
});

afterEach(async () => {
  for (const environment of opened.splice(0)) await environment.close();
  await rm(folder, { recursive: true });
});

async function openView(name = 'view') {
  const environment = await openViewEnvironment(join(folder, name));
  opened.push(environment);
  const view = environment.shard('nyc');
  const apply = async (entries: readonly LogEntry[]): Promise<void> => {
    expect(await new Promise((done) => view.apply(entries, done))).toBeNull();
  };
  const versions = (name: string) => view.history(name, 1e6, 1e6).map(({ version }) => version);
  return { view, apply, versions, db: (view as unknown as { db: RecordDatabase }).db };
}

/** How many records say what superseded a version. */
function supersededCount(db: RecordDatabase, bucket: string): number {
  const start = supersededPrefix(bucket);
  return [...db.getKeys({ start, end: Buffer.concat([start, Buffer.alloc(17, 0xff)]) })].length;
}

const NAMES = ['aged/x', 'aged/y', 'few/x', 'few/y', 'both/x', 'other/x'];
const round = fc.record({
  writes: fc.array(
    fc.record({ name: fc.constantFrom(...NAMES), waitMs: fc.integer({ min: 0, max: 40 }) }),
    { maxLength: 30 },
  ),
});

function rulesAt(nowMs: number): RetentionRule[] {
  return [
    { bucket: 'aged', beforeMs: Math.max(0, nowMs - 300), versions: null },
    { bucket: 'few', beforeMs: 0, versions: 2 },
    { bucket: 'both', beforeMs: Math.max(0, nowMs - 500), versions: 3 },
  ];
}

/** What is kept, told by the whole history of writes and the moments of all rounds. */
function keptOf(name: string, writtenMs: readonly number[], roundsMs: readonly number[]): number[] {
  const all = writtenMs.map((_, index) => index + 1);
  return roundsMs
    .reduce((kept, nowMs) => {
      const bucket = name.slice(0, name.indexOf('/'));
      const rule = rulesAt(nowMs).find((known) => known.bucket === bucket);
      const leastMs = rule ? rule.beforeMs : Math.max(0, nowMs - 200);
      const there = kept.filter((version) => (writtenMs[version - 1] ?? 0) <= nowMs);
      const later = kept.filter((version) => !there.includes(version));
      const young = there.filter(
        (version) => version === there.at(-1) || (writtenMs[version] ?? 0) >= leastMs,
      );
      return [...young.slice(rule?.versions == null ? 0 : -1 - rule.versions), ...later];
    }, all)
    .reverse();
}

it('rounds that look only at what is new leave what is told by the whole history', async () => {
  let number = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(round, { maxLength: 8 }), async (rounds) => {
      const { apply, versions } = await openView(`run-${(number += 1)}`);
      const written = new Map(NAMES.map((name) => [name, [] as number[]]));
      const roundsMs: number[] = [];
      let [nowMs, seq, countFromMs] = [1, 0, 0];
      for (const { writes } of rounds) {
        const entries = writes.map(({ name, waitMs }) => {
          nowMs += waitMs;
          const times = written.get(name) ?? [];
          times.push(nowMs);
          return { ...putEntry(1, (seq += 1), name, times.length), atMs: nowMs };
        });
        nowMs += 1;
        const rules = rulesAt(nowMs);
        const beforeMs = Math.max(0, nowMs - 200);
        const retain = { kind: 'retain', beforeMs, rules, countFromMs } as const;
        await apply([...entries, entryOf(1, (seq += 1), retain)]);
        roundsMs.push(nowMs);
        countFromMs = nowMs;
        nowMs += 1;
      }
      for (const [name, times] of written) {
        expect(versions(name)).toEqual(keptOf(name, times, roundsMs));
      }
    }),
    { numRuns: 25 },
  );
});

it('drops more versions of a file than fit into a block, and what spoke of them', async () => {
  const { apply, versions, db } = await openView();
  const puts = Array.from({ length: 1_234 }, (_, i) => putEntry(1, i + 1, 'few/x', i + 1));
  await apply(puts);
  expect(supersededCount(db, 'few')).toBe(1_233);
  const rules = [{ bucket: 'few', beforeMs: 0, versions: 3 }];
  await apply([entryOf(1, 1_235, { kind: 'retain', beforeMs: 0, rules })]);
  expect(versions('few/x')).toEqual([1_234, 1_233, 1_232, 1_231]);
  expect(supersededCount(db, 'few')).toBe(3);
});

it('does not look at files that nobody has written since the moment it counts from', async () => {
  const { apply, versions } = await openView();
  await apply([1, 2, 3].map((version) => putEntry(1, version, 'few/old', version)));
  const rules = [{ bucket: 'few', beforeMs: 0, versions: 0 }];
  const retain = { kind: 'retain', beforeMs: 0, rules } as const;
  await apply([entryOf(1, 4, { ...retain, countFromMs: 5_000 })]);
  expect(versions('few/old')).toEqual([3, 2, 1]);
  await apply([entryOf(1, 5, retain)]);
  expect(versions('few/old')).toEqual([3]);
});

it('keeps to the rules also what the first version of the program has stored', async () => {
  const first = await openView('view');
  await first.apply([1, 2, 3].map((version) => putEntry(1, version, 'docs/a', version)));
  await opened.pop()?.close();
  const root = open({ path: join(folder, 'view'), noSubdir: false, maxDbs: 256, pageSize: 4096 });
  const options = { encoding: 'binary', keyEncoding: 'binary' } as const;
  const db = root.openDB<Buffer, Buffer>('shard/nyc', options);
  const start = supersededPrefix('docs');
  for (const { key } of [...db.getRange({ start, limit: 2 })]) {
    const old = Buffer.concat([Buffer.of(RecordKind.supersededAnywhere), key.subarray(-16)]);
    const version = old.readUInt32BE(13);
    await db.remove(key);
    await db.put(old, seal(old, ['docs/a', version]));
  }
  await root.close();
  const { apply, versions } = await openView('view');
  await apply([entryOf(1, 4, { kind: 'retain', beforeMs: 1_003 })]);
  expect(versions('docs/a')).toEqual([3, 2]);
  await apply([entryOf(1, 5, { kind: 'retain', beforeMs: 1_004 })]);
  expect(versions('docs/a')).toEqual([3]);
});
