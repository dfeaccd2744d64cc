import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Operation } from '../../protocol/log-entry.js';
import { entryOf, putEntries, putEntry } from '../sample-entries.js';
import { MemoryShardView } from './memory-view.js';
import { applyTo, describeShardView } from './shard-view.conformance.js';
import { openViewEnvironment, type ViewEnvironment } from './view-environment.js';
import { call, copy, entriesOf, NAMES, step, tell } from './test-kit.js';
import { REQUEST_TABLE_ENTRIES } from './view-semantics.js';

let folder = '';
let environments: ViewEnvironment[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quorate-view-'));
});
afterEach(async () => {
  for (const environment of environments) await environment.close();
  environments = [];
  await rm(folder, { recursive: true, force: true });
});

async function open(name = 'view'): Promise<ViewEnvironment> {
  const environment = await openViewEnvironment(join(folder, name));
  environments.push(environment);
  return environment;
}

async function close(environment: ViewEnvironment): Promise<void> {
  environments = environments.filter((one) => one !== environment);
  await environment.close();
}

const kit = { describe, it, expect };
describeShardView(kit, 'MemoryShardView', async () => ({
  view: new MemoryShardView('nyc'),
  dispose: async () => {},
}));
describeShardView(kit, 'openViewEnvironment', async () => {
  const environment = await open();
  return { view: environment.shard('nyc'), dispose: () => close(environment) };
});

describe('a view in lmdb', () => {
  it('tells the same as the view in memory for the same entries, also after a restart', async () => {
    let number = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.nat(20), async (steps, size) => {
        number += 1;
        const entries = entriesOf(steps);
        const memory = new MemoryShardView('nyc');
        const environment = await open(`run-${number}`);
        const stored = environment.shard('nyc');
        const applying: Promise<unknown>[] = [];
        for (let from = 0; from < entries.length; from += size + 1) {
          // Overlapping on purpose: what a view has is skipped.
          const part = entries.slice(Math.max(0, from - 2), from + size + 1);
          applying.push(applyTo(memory, part), applyTo(stored, part));
        }
        await Promise.all(applying);
        expect(tell(stored, NAMES)).toEqual(tell(memory, NAMES));
        await close(environment);
        const again = await open(`run-${number}`);
        expect(tell(again.shard('nyc'), NAMES)).toEqual(tell(memory, NAMES));
        await close(again);
      }),
      { numRuns: 40 },
    );
  });

  it('keeps shards apart', async () => {
    const environment = await open();
    await applyTo(environment.shard('nyc'), putEntries(1, 1, 3));
    expect(environment.shard('tor').names({ prefix: '', after: '', limit: 10 })).toEqual([]);
    expect(environment.shard('tor').position()).toEqual({ epoch: 0, seq: 0 });
  });

  it('says what is durable, and never more than what is visible', async () => {
    const environment = await open();
    const view = environment.shard('nyc');
    await applyTo(view, putEntries(1, 1, 3));
    expect(view.durablePosition().seq).toBeLessThanOrEqual(3);
    await close(environment);
    expect((await open()).shard('nyc').durablePosition()).toEqual({ epoch: 1, seq: 3 });
  });

  it('forgets request ids older than the table reaches, in blocks', async () => {
    const view = (await open()).shard('nyc');
    const memory = new MemoryShardView('nyc');
    const count = REQUEST_TABLE_ENTRIES + 2_000;
    const noop: Operation = { kind: 'noop' };
    const entries = Array.from({ length: count }, (_, i) =>
      entryOf(1, i + 1, noop, { requestId: i < 3_000 ? `r${i + 1}` : '' }),
    );
    await Promise.all([applyTo(view, entries), applyTo(memory, entries)]);
    expect(view.requests(0)[0]?.seq).toBe(1_025);
    expect(view.requests(0)).toEqual(memory.requests(0));
  });
});

describe('a snapshot of a view', () => {
  it('makes the other view equal, and sends only the ranges that differ', async () => {
    const source = (await open('source')).shard('nyc');
    const target = (await open('target')).shard('nyc');
    const entries = putEntries(1, 1, 3_000);
    await applyTo(source, entries);
    await applyTo(target, entries.slice(0, 2_990));
    await applyTo(target, [putEntry(1, 2_991, 'z/not-in-source', 1)]);
    const sent = await copy(source, target);
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThan(6_000);
    const names = ['b/1', 'b/3000', 'z/not-in-source'];
    expect(tell(target, names)).toEqual(tell(source, names));
    expect(await copy(source, target)).toBe(0);
    await applyTo(target, [putEntry(1, 3_001, 'b/1', 2)]);
    expect(target.head('b/1')?.version).toBe(2);
  });

  it('stands still while the view goes on', async () => {
    const view = (await open()).shard('nyc');
    await applyTo(view, putEntries(1, 1, 10));
    const snapshot = view.snapshot();
    const before = snapshot.digests(null, 100);
    await applyTo(view, putEntries(1, 11, 20));
    expect(snapshot.digests(null, 100)).toEqual(before);
    expect(snapshot.position).toEqual({ epoch: 1, seq: 10 });
    snapshot.close();
  });

  it('is started over after a crash in its middle', async () => {
    const source = (await open('source')).shard('nyc');
    await applyTo(source, putEntries(1, 1, 50));
    const interrupted = await open('target');
    const installer = interrupted.shard('nyc').installer();
    await call((done) => installer.begin(done));
    expect(interrupted.shard('nyc').installing()).toBe(true);
    await close(interrupted);
    const target = (await open('target')).shard('nyc');
    expect(target.installing()).toBe(true);
    await copy(source, target);
    expect(target.installing()).toBe(false);
    expect(tell(target, ['b/50'])).toEqual(tell(source, ['b/50']));
  });

  it('refuses records that are damaged or outside their range', async () => {
    const source = (await open('source')).shard('nyc');
    const target = (await open('target')).shard('nyc');
    await applyTo(source, putEntries(1, 1, 5));
    const snapshot = source.snapshot();
    const [range] = snapshot.digests(null, 1);
    if (!range) throw new Error('a snapshot has a range');
    const records = snapshot.records(range);
    snapshot.close();
    const installer = target.installer();
    await call((done) => installer.begin(done));
    const broken = records.map((bytes) => Uint8Array.from(bytes));
    const [first] = broken;
    if (first) first[first.length - 1] = (first[first.length - 1] ?? 0) ^ 1;
    const narrow = { after: range.after, to: Uint8Array.of(0x62) };
    for (const [where, what] of [
      [range, broken],
      [narrow, records],
      [range, [new Uint8Array(1)]],
    ] as const) {
      const failure = await call((done) => installer.replaceRange(where, what, done));
      expect(failure?.kind).toBe('damaged');
    }
  });
});
