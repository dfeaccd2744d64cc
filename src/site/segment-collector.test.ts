import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { entryOf, putEntry } from '../storage/sample-entries.js';
import { MemoryShardView } from '../storage/view/memory-view.js';
import { applyTo } from '../storage/view/shard-view.conformance.js';
import {
  entriesOf,
  NAMES,
  openStored,
  step,
  type StoredShard,
  tell,
} from '../storage/view/test-kit.js';
import { FULL_PACE } from './pace.js';
import { SegmentCollector } from './segment-collector.js';

let folder = '';
let shards: StoredShard[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quorate-segments-'));
});
afterEach(async () => {
  for (const shard of shards) await shard.close();
  shards = [];
  await rm(folder, { recursive: true, force: true });
});

async function start(name = 'a'): Promise<StoredShard> {
  const shard = await openStored(join(folder, name));
  shards.push(shard);
  return shard;
}

async function stop(shard: StoredShard): Promise<void> {
  shards = shards.filter((one) => one !== shard);
  await shard.close();
}

function collectorOf({ view, log }: StoredShard, isReadable = () => true): SegmentCollector {
  return new SegmentCollector([{ shard: 'nyc', view, kept: log.kept, isReadable }]);
}

/** Resolves when the trim has been done, which nothing tells of by itself. */
async function trim({ log }: StoredShard, seq: number): Promise<void> {
  log.trim(seq);
  const state = { promisedEpoch: 1, promisedRun: 'r', joined: true, installing: false };
  await new Promise((done) => log.write({ entries: [], hardState: state }, done));
}

const keptFiles = async (): Promise<string[]> =>
  (await readdir(join(folder, 'a', 'log'))).filter((name) => name.endsWith('.kept')).sort();

/** Sixteen of these and their records fill two segments. */
const text = (seq: number): string => `${seq} `.repeat(1_000);

async function filled(): Promise<StoredShard> {
  const shard = await start();
  await shard.write(numbers(1, 40).map((seq) => putEntry(1, seq, `b/${seq}`, 1, text(seq))));
  await trim(shard, 40);
  return shard;
}

/** Overwrites the files and forgets what they were. */
async function drop(shard: StoredShard, names: readonly number[]): Promise<void> {
  const from = shard.view.position().seq + 1;
  const entries = names.map((name, i) => putEntry(1, from + i, `b/${name}`, 2, 'small'));
  const beforeMs = 1_000_000;
  const retain = entryOf(1, from + names.length, { kind: 'retain', beforeMs });
  await shard.write([...entries, retain]);
}

const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('collecting segments', () => {
  it('leaves those that are content of kept versions for the larger part', async () => {
    const shard = await filled();
    const before = await keptFiles();
    expect(before.length).toBeGreaterThan(2);
    await collectorOf(shard).collect(FULL_PACE);
    expect(await keptFiles()).toEqual(before);
  });

  it('removes those that no kept version needs', async () => {
    const shard = await filled();
    const before = await keptFiles();
    await drop(shard, numbers(1, 20));
    const collector = collectorOf(shard);
    await collector.collect(FULL_PACE);
    expect(await keptFiles()).not.toContain(before[0]);
    expect(collector.removedSegments).toBe(before.length - (await keptFiles()).length);
    expect(collector.removedBytes).toBeGreaterThan(20_000);
    expect(shard.view.placesFrom(null, 100).placed.length).toBeGreaterThan(0);
    for (const seq of numbers(21, 40)) expect(told(shard, seq)).toBe(text(seq));
  });

  it('moves what is left of one into the view', async () => {
    const shard = await filled();
    const [first] = await keptFiles();
    await drop(shard, numbers(2, 40));
    await collectorOf(shard).collect(FULL_PACE);
    expect(await keptFiles()).not.toContain(first);
    expect(shard.view.placesFrom(null, 100).placed).toEqual([]);
    expect(told(shard, 1)).toBe(text(1));
    await stop(shard);
    expect(told(await start(), 1)).toBe(text(1));
  });

  it('waits for snapshots to be closed, and for the shard to be whole', async () => {
    const shard = await filled();
    const before = await keptFiles();
    const snapshot = shard.view.snapshot();
    await drop(shard, numbers(1, 40));
    await collectorOf(shard).collect(FULL_PACE);
    expect(await keptFiles()).toEqual(before);
    const [range] = snapshot.digests(null, 1);
    expect(range && snapshot.records(range).length).toBe(range?.count);
    snapshot.close();
    await collectorOf(shard, () => false).collect(FULL_PACE);
    expect(await keptFiles()).toEqual(before);
    await collectorOf(shard).collect(FULL_PACE);
    expect(await keptFiles()).toEqual([]);
  });

  it('leaves a segment that holds what cannot be read', async () => {
    const shard = await filled();
    const [first] = await keptFiles();
    const other = await start('b');
    await other.write([putEntry(1, 1, 'b/1', 1, 'else')]);
    await drop(shard, numbers(2, 40));
    const { log } = shard;
    const read = { ...shard.view.placesFrom(null, 1) }.placed[0];
    expect(read?.name).toBe('b/1');
    shard.view.useLog({ take: (entry) => log.content.take(entry), read: () => undefined });
    await collectorOf(shard).collect(FULL_PACE);
    expect(await keptFiles()).toEqual([first]);
    shard.view.useLog(log.content);
    expect(told(shard, 1)).toBe(text(1));
  });

  it('removes nothing before what it saw of the view is on disk', async () => {
    const shard = await filled();
    const before = await keptFiles();
    await drop(shard, numbers(1, 40));
    const { log } = shard;
    const held: number[] = [];
    const view = new Proxy(shard.view, {
      get: (target, key) => {
        if (key === 'hold') {
          return (contents: readonly unknown[]) => {
            held.push(contents.length);
            return Promise.resolve(false);
          };
        }
        const value: unknown = Reflect.get(target, key);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
    const source = { shard: 'nyc', view, kept: log.kept, isReadable: () => true };
    await new SegmentCollector([source]).collect(FULL_PACE);
    expect(held).toEqual([0]);
    expect(await keptFiles()).toEqual(before);
  });

  it('says why it could not look at a shard, and goes on with the others', async () => {
    const shard = await filled();
    await drop(shard, numbers(1, 40));
    const fault = new Error('EIO: no');
    const { view, log } = shard;
    const failing = { list: () => log.kept.list(), remove: () => Promise.reject(fault) };
    const isReadable = (): boolean => true;
    const bad = { shard: 'bad', view, kept: failing, isReadable };
    const collector = new SegmentCollector([
      bad,
      { shard: 'nyc', view, kept: log.kept, isReadable },
    ]);
    await collector.collect(FULL_PACE);
    expect(collector.fault).toBe('shard bad: EIO: no');
    expect(await keptFiles()).toEqual([]);
    await collector.collect(FULL_PACE);
    expect(collector.fault).toBe('');
  });

  it('never takes from a view what the view in memory has, whatever comes in between', async () => {
    let number = 0;
    const action = fc.constantFrom('write', 'write', 'trim', 'collect', 'restart');
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 20, maxLength: 120 }),
        fc.array(action, { maxLength: 24 }),
        async (steps, actions) => {
          number += 1;
          const entries = entriesOf(steps);
          const memory = new MemoryShardView('nyc');
          let shard = await start(`run-${number}`);
          let written = 0;
          const write = async (count: number): Promise<void> => {
            const part = entries.slice(written, written + count);
            written += part.length;
            await Promise.all([applyTo(memory, part), shard.write(part)]);
          };
          for (const what of actions) {
            if (what === 'write') await write(9);
            if (what === 'trim') await trim(shard, shard.view.durablePosition().seq);
            if (what === 'collect') await collectorOf(shard).collect(FULL_PACE);
            if (what === 'restart') {
              await stop(shard);
              shard = await start(`run-${number}`);
            }
          }
          await write(entries.length);
          await collectorOf(shard).collect(FULL_PACE);
          expect(tell(shard.view, NAMES)).toEqual(tell(memory, NAMES));
          await stop(shard);
        },
      ),
      { numRuns: 30 },
    );
  });
});

function told({ view }: StoredShard, seq: number): string {
  const content = view.version(`b/${seq}`, 1)?.content;
  return content?.kind === 'inline' ? Buffer.from(content.bytes).toString() : '';
}
