import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LogEntry, Operation, Position } from '../../protocol/log-entry.js';
import type { ShardView, StorageFailure } from '../../protocol/ports.js';
import { pack, unpack } from '../entry-codec.js';
import { entryOf, inlineContent, putEntries, putEntry, textContent } from '../sample-entries.js';
import type { StoredShardView } from './lmdb-view.js';
import { MemoryShardView } from './memory-view.js';
import { applyTo, describeShardView } from './shard-view.conformance.js';
import { openViewEnvironment, type ViewEnvironment } from './view-environment.js';
import { isLastRange } from './view-snapshot.js';
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

/** Everything a view tells, in plain values. */
function tell(view: ShardView, names: readonly string[]): unknown {
  const all = { prefix: '', after: '', limit: 10_000 };
  const told = {
    position: view.position(),
    heads: names.map((name) => view.head(name) ?? null),
    histories: names.map((name) => view.history(name, 1_000, 1_000)),
    pages: names.map((after) => view.list({ prefix: after.slice(0, 2), after, limit: 3 })),
    live: view.list(all),
    names: view.names(all),
    requests: view.requests(0),
    ownership: view.ownership(),
  };
  return unpack(pack(told));
}

const NAMES = ['a/x', 'a/x/y', 'a/\uffee', 'a/\u{1f600}', 'b/é', 'b/e'];
const step = fc.record({
  name: fc.constantFrom(...NAMES),
  kind: fc.constantFrom(
    ...['put', 'put', 'put', 'big', 'chunked', 'delete', 'erase'],
    ...['retain', 'retain by rules', 'move', 'noop'],
  ),
  atMs: fc.integer({ min: 0, max: 300 }),
  size: fc.nat(2_000),
});

function entriesOf(steps: readonly { name: string; kind: string; atMs: number; size: number }[]) {
  const versions = new Map<string, number>();
  return steps.map(({ name, kind, atMs, size }, i): LogEntry => {
    const more = { atMs, requestId: i % 3 === 0 ? '' : `r${i}` };
    const next = () => {
      versions.set(name, (versions.get(name) ?? 0) + 1);
      return versions.get(name) ?? 0;
    };
    const metadata = { size: `${size}`, __proto__x: name };
    const put = (content: Extract<Operation, { kind: 'put' }>['content']): Operation => {
      return { kind: 'put', name, version: next(), content, metadata };
    };
    const operations: Record<string, () => Operation> = {
      put: () => put(textContent(`${size}`)),
      big: () => put(inlineContent(new Uint8Array(size * 15).fill(i))),
      chunked: () =>
        put({ kind: 'chunked', size, etag: 'e', chunks: [{ hash: 'f'.repeat(64), size }] }),
      delete: () => ({ kind: 'delete', name, version: next() }),
      erase: () => {
        const version = next();
        return { kind: 'delete', name, version, erases: [version - 1, size % 5] };
      },
      retain: () => ({ kind: 'retain', beforeMs: atMs }),
      'retain by rules': () => ({
        kind: 'retain',
        beforeMs: size % 300,
        rules: [
          {
            bucket: name.slice(0, 1),
            beforeMs: atMs % 200,
            versions: [0, 1, 2, null][size % 4] ?? null,
          },
        ],
        ...(size % 3 > 0 && { countFromMs: size % 250 }),
      }),
      move: () => ({ kind: 'move-in', pattern: { kind: 'exact', name }, tableVersion: size % 5 }),
    };
    return entryOf(1, i + 1, operations[kind]?.() ?? { kind: 'noop' }, more);
  });
}

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

function call(run: (done: (failure: StorageFailure | null) => void) => void) {
  return new Promise<StorageFailure | null>(run);
}

/** Copies a view range by range; returns how many records had to be sent. */
async function copy(from: StoredShardView, to: StoredShardView): Promise<number> {
  const snapshot = from.snapshot();
  const installer = to.installer();
  expect(await call((done) => installer.begin(done))).toBeNull();
  let sent = 0;
  let after: Uint8Array | null = null;
  for (let ended = false; !ended; ) {
    for (const range of snapshot.digests(after, 2)) {
      after = range.to;
      ended = isLastRange(range);
      if (Buffer.compare(installer.digestOf(range), range.digest) === 0) continue;
      const records = snapshot.records(range);
      expect(records.length).toBe(range.count);
      sent += records.length;
      expect(await call((done) => installer.replaceRange(range, records, done))).toBeNull();
    }
  }
  const position: Position = snapshot.position;
  snapshot.close();
  expect(await call((done) => installer.finish(position, done))).toBeNull();
  return sent;
}

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
