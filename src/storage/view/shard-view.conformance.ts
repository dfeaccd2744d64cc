import type { Content } from '../../protocol/file-version.js';
import type { LogEntry } from '../../protocol/log-entry.js';
import type { ShardView, StorageFailure } from '../../protocol/ports.js';
import { pack, unpack } from '../entry-codec.js';
import { entryOf, putEntry } from '../sample-entries.js';
import type { TestKit } from '../test-kit.js';

export interface ViewUnderTest {
  readonly view: ShardView;
  dispose(): Promise<void>;
}

export function applyTo(
  view: ShardView,
  entries: readonly LogEntry[],
): Promise<StorageFailure | null> {
  return new Promise((resolve) => view.apply(entries, resolve));
}

const FIRST_PAGE = { prefix: '', after: '', limit: 100 };

type Case = (title: string, body: (view: ShardView) => Promise<void>) => void;

/** What every implementation of ShardView keeps to. `make` gives the empty view of shard `nyc`. */
export function describeShardView(
  kit: TestKit,
  name: string,
  make: () => Promise<ViewUnderTest>,
): void {
  const it: Case = (title, body) =>
    kit.it(title, async () => {
      const { view, dispose } = await make();
      await body(view);
      await dispose();
    });
  kit.describe(`${name} as a shard view`, () => {
    describeFiles(kit, it);
    describeContent(kit, it);
    describeRecords(kit, it);
  });
}

function describeFiles({ expect }: TestKit, it: Case): void {
  const remove = (seq: number, file: string, version: number) =>
    entryOf(1, seq, { kind: 'delete', name: file, version });
  it('shows what was applied once it has called back', async (view) => {
    let called = false;
    const applied = new Promise<void>((resolve) => {
      view.apply([putEntry(1, 1, 'b/a', 1, 'hello')], (failure) => {
        called = true;
        expect(failure).toEqual(null);
        resolve();
      });
    });
    expect(called).toEqual(false);
    await applied;
    const head = view.head('b/a');
    expect(head?.content?.kind === 'inline' && Array.from(head.content.bytes)).toEqual([
      ...new TextEncoder().encode('hello'),
    ]);
    expect(view.position()).toEqual({ epoch: 1, seq: 1 });
    expect(view.version('b/a', 2)).toEqual(undefined);
  });

  it('keeps old versions and tombstones, and lists only live files', async (view) => {
    await applyTo(view, [
      putEntry(1, 1, 'b/a', 1),
      putEntry(1, 2, 'b/a', 2),
      putEntry(1, 3, 'b/b', 1),
      remove(4, 'b/a', 3),
    ]);
    expect(view.head('b/a')?.deleted).toEqual(true);
    expect(view.history('b/a', 100, 10).map((file) => file.version)).toEqual([3, 2, 1]);
    expect(view.history('b/a', 3, 1).map((file) => file.version)).toEqual([2]);
    expect(view.list(FIRST_PAGE).map((file) => file.name)).toEqual(['b/b']);
    expect(view.names(FIRST_PAGE)).toEqual(['b/a', 'b/b']);
    await applyTo(view, [putEntry(1, 5, 'b/a', 4)]);
    expect(view.list(FIRST_PAGE).map((file) => file.name)).toEqual(['b/a', 'b/b']);
    expect(view.names(FIRST_PAGE)).toEqual(['b/a', 'b/b']);
  });

  it('takes out of the history what a write erases, and nothing that is not older', async (view) => {
    const again = putEntry(1, 4, 'b/a', 4).operation;
    await applyTo(view, [
      putEntry(1, 1, 'b/a', 1),
      putEntry(1, 2, 'b/a', 2),
      putEntry(1, 3, 'b/a', 3),
      entryOf(1, 4, { ...again, erases: [3, 1, 4, 99] } as LogEntry['operation']),
    ]);
    expect(view.history('b/a', 100, 10).map((file) => file.version)).toEqual([4, 2]);
    expect(view.version('b/a', 3)).toEqual(undefined);
    await applyTo(view, [
      entryOf(1, 5, {
        kind: 'delete',
        name: 'b/a',
        version: 5,
        metadata: { why: 'asked' },
        erases: [4, 2],
      }),
      entryOf(1, 6, { kind: 'retain', beforeMs: 0 }),
    ]);
    expect(view.history('b/a', 100, 10).map(({ version }) => version)).toEqual([5]);
    expect(view.head('b/a')?.metadata).toEqual({ why: 'asked' });
    expect(view.list(FIRST_PAGE)).toEqual([]);
  });

  it('lists by the bytes of names, by prefix, after a name, page by page', async (view) => {
    const names = ['b/a', 'b/a\u{1f600}', 'b/a\uffee', 'b/a/x', 'b/a\u0000', 'c/a', 'b/', 'bb'];
    await applyTo(
      view,
      names.map((file, i) => putEntry(1, i + 1, file, 1)),
    );
    const order = ['b/', 'b/a', 'b/a\u0000', 'b/a/x', 'b/a\uffee', 'b/a\u{1f600}', 'bb', 'c/a'];
    expect(view.list(FIRST_PAGE).map((file) => file.name)).toEqual(order);
    const page = { prefix: 'b/a', after: 'b/a', limit: 2 };
    expect(view.list(page).map((file) => file.name)).toEqual(order.slice(2, 4));
    expect(view.names({ ...page, after: 'b/a/x' })).toEqual(order.slice(4, 6));
  });

  it('holds the longest names', async (view) => {
    const longest = `${'b'.repeat(63)}/${'ü'.repeat(512)}`;
    await applyTo(view, [putEntry(1, 1, longest, 1), putEntry(1, 2, longest, 2)]);
    expect(view.list(FIRST_PAGE).map((file) => file.version)).toEqual([2]);
    expect(view.version(longest, 1)?.name).toEqual(longest);
  });
}

function describeContent({ expect }: TestKit, it: Case): void {
  it('gives versions that are packed with all of their content, by whatever way', async (view) => {
    const chunks = [{ hash: 'c'.repeat(64), size: 70_000 }];
    const content = { kind: 'chunked', size: 70_000, etag: 'e'.repeat(64), chunks } as const;
    const metadata = {};
    await applyTo(view, [
      putEntry(1, 1, 'b/a', 1, 'hello'),
      entryOf(1, 2, { kind: 'put', name: 'b/c', version: 1, content, metadata }),
    ]);
    const listed = view.list(FIRST_PAGE);
    const heads = ['b/a', 'b/c'].map((name) => view.head(name));
    for (const versions of [listed, heads, view.history('b/a', 9, 9), view.history('b/c', 9, 9)]) {
      for (const version of versions) {
        const packed = unpack(pack(version?.content)) as Content;
        const body = packed.kind === 'inline' ? String(Buffer.from(packed.bytes)) : packed.chunks;
        expect(body).toEqual(version?.name === 'b/a' ? 'hello' : chunks);
      }
    }
    expect(JSON.parse(JSON.stringify(view.head('b/c')?.content))).toEqual(content);
  });
}

function describeRecords({ expect }: TestKit, it: Case): void {
  it('drops history superseded before the moment of a retain, and no head', async (view) => {
    const at = (seq: number, version: number, atMs: number): LogEntry => ({
      ...putEntry(1, seq, 'b/a', version),
      atMs,
    });
    await applyTo(view, [at(1, 1, 10), at(2, 2, 20), at(3, 3, 30), at(4, 4, 40)]);
    await applyTo(view, [entryOf(1, 5, { kind: 'retain', beforeMs: 31 })]);
    expect(view.history('b/a', 100, 10).map((file) => file.version)).toEqual([4, 3]);
    await applyTo(view, [entryOf(1, 6, { kind: 'retain', beforeMs: 1_000 })]);
    expect(view.history('b/a', 100, 10).map((file) => file.version)).toEqual([4]);
  });

  it('keeps history as the rule of its bucket says, by age and by number', async (view) => {
    const names = ['aged/x', 'all/x', 'few/x', 'none/x', 'other/x', 'fewer'];
    const puts = names.flatMap((file, i) =>
      [1, 2, 3, 4].map(
        (version): LogEntry => ({
          ...putEntry(1, 4 * i + version, file, version),
          atMs: 10 * version,
        }),
      ),
    );
    await applyTo(view, puts);
    const rules = [
      { bucket: 'aged', beforeMs: 31, versions: null },
      { bucket: 'all', beforeMs: 0, versions: null },
      { bucket: 'few', beforeMs: 0, versions: 2 },
      { bucket: 'none', beforeMs: 0, versions: 0 },
    ];
    await applyTo(view, [entryOf(1, 25, { kind: 'retain', beforeMs: 21, rules })]);
    const kept = names.map((file) => view.history(file, 100, 10).map(({ version }) => version));
    expect(kept).toEqual([[4, 3], [4, 3, 2, 1], [4, 3, 2], [4], [4, 3, 2], [4, 3, 2]]);
    await applyTo(view, [putEntry(1, 26, 'few/x', 5)]);
    await applyTo(view, [entryOf(1, 27, { kind: 'retain', beforeMs: 0, rules, countFromMs: 1 })]);
    expect(view.history('few/x', 100, 10).map(({ version }) => version)).toEqual([5, 4, 3]);
  });

  it('remembers request ids in order and skips entries it has', async (view) => {
    const entries = [putEntry(1, 1, 'b/a', 1), entryOf(1, 2, { kind: 'noop' })];
    await applyTo(view, entries);
    expect(await applyTo(view, [...entries, putEntry(1, 3, 'b/a', 2)])).toEqual(null);
    expect(view.requests(0)).toEqual([
      { requestId: 'request-1-1', epoch: 1, seq: 1, name: 'b/a', version: 1 },
      { requestId: 'request-1-3', epoch: 1, seq: 3, name: 'b/a', version: 2 },
    ]);
    expect(view.requests(2).map(({ seq }) => seq)).toEqual([3]);
    expect(view.position()).toEqual({ epoch: 1, seq: 3 });
  });

  it('keeps the newest change of each rule', async (view) => {
    const pattern = { kind: 'prefix', prefix: 'b/x' } as const;
    const exact = { kind: 'exact', name: 'b/x' } as const;
    await applyTo(view, [
      entryOf(1, 1, { kind: 'move-out', pattern, tableVersion: 5, to: 'tor' }),
      entryOf(1, 2, { kind: 'move-in', pattern, tableVersion: 4 }),
      entryOf(1, 3, { kind: 'move-in', pattern: exact, tableVersion: 6 }),
      entryOf(1, 4, { kind: 'move-back', pattern: exact, tableVersion: 6, to: 'lon' }),
    ]);
    expect(view.ownership()).toEqual([
      { pattern: exact, tableVersion: 6, state: 'back', to: 'lon' },
      { pattern, tableVersion: 5, state: 'out', to: 'tor' },
    ]);
  });
}
