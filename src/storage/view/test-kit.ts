import { join } from 'node:path';
import fc from 'fast-check';
import { expect } from 'vitest';
import type { LogEntry, Operation, Position } from '../../protocol/log-entry.js';
import type { ShardView, StorageFailure } from '../../protocol/ports.js';
import { pack, unpack } from '../entry-codec.js';
import { entryOf, inlineContent, textContent } from '../sample-entries.js';
import { openShardLog, type SegmentedShardLog } from '../log/segmented-log.js';
import { writeLog } from '../log/shard-log.conformance.js';
import type { StoredShardView } from './lmdb-view.js';
import { openViewEnvironment } from './view-environment.js';
import { isLastRange } from './view-snapshot.js';

/* Histories to try views with, and ways to look at all of a view. */

/** Everything a view tells, in plain values. */
export function tell(view: ShardView, names: readonly string[]): unknown {
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

export const NAMES = ['a/x', 'a/x/y', 'a/\uffee', 'a/\u{1f600}', 'b/é', 'b/e'];
export const step = fc.record({
  name: fc.constantFrom(...NAMES),
  kind: fc.constantFrom(
    ...['put', 'put', 'put', 'big', 'chunked', 'delete', 'erase'],
    ...['retain', 'retain by rules', 'move', 'noop'],
  ),
  atMs: fc.integer({ min: 0, max: 300 }),
  size: fc.nat(2_000),
});

/** The log of these writes. */
export function entriesOf(
  steps: readonly { name: string; kind: string; atMs: number; size: number }[],
) {
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

export function call(run: (done: (failure: StorageFailure | null) => void) => void) {
  return new Promise<StorageFailure | null>(run);
}

/** Copies a view range by range; returns how many records had to be sent. */
export async function copy(from: StoredShardView, to: StoredShardView): Promise<number> {
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

/** A log and the view that names places in it, as a site has them. */
export interface StoredShard {
  readonly log: SegmentedShardLog;
  readonly view: StoredShardView;
  /** Has the entries on disk one by one, then in the view. */
  write(entries: readonly LogEntry[]): Promise<void>;
  close(): Promise<void>;
}

/** Segments are small, so that a few contents fill one. */
export async function openStored(folder: string, acceptDamage = false): Promise<StoredShard> {
  const environment = await openViewEnvironment(join(folder, 'view'));
  const view = environment.shard('nyc');
  const shownSeq = view.position().seq;
  const options = { shard: 'nyc', segmentBytes: 20_000, shownSeq, acceptDamage };
  const { log, opened } = await openShardLog(join(folder, 'log'), options);
  view.useLog(log.content);
  const apply = async (entries: readonly LogEntry[]): Promise<void> => {
    expect(await call((done) => view.apply(entries, done))).toBeNull();
  };
  await apply(opened.entries.filter(({ seq }) => seq > view.position().seq));
  return {
    log,
    view,
    async write(entries) {
      for (const entry of entries) expect(await writeLog(log, { entries: [entry] })).toBeNull();
      await apply(entries);
    },
    async close() {
      await log.close();
      await environment.close();
    },
  };
}
