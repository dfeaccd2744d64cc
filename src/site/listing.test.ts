import { describe, expect, it } from 'vitest';
import type { FileVersion } from '../protocol/file-version.js';
import type { LogEntry } from '../protocol/log-entry.js';
import { MemoryShardView } from '../storage/view/memory-view.js';
import { compareUtf8 } from '../protocol/utf8-order.js';
import { listPage, readCursor, writeCursor } from './listing.js';

/** Names spread over three views, some of them deleted, beside names of other buckets. */
function viewsOf(paths: readonly string[], deleted: readonly string[] = []): MemoryShardView[] {
  const views = ['nyc', 'tor', 'lon'].map((shard) => new MemoryShardView(shard));
  const logs: LogEntry[][] = views.map(() => []);
  const add = (at: number, operation: LogEntry['operation']): void => {
    const log = logs[at];
    log?.push({ epoch: 1, seq: log.length + 1, atMs: 0, requestId: '', operation });
  };
  const content = { kind: 'inline', size: 0, etag: '', bytes: new Uint8Array(0) } as const;
  const put = { kind: 'put', version: 1, content, metadata: {} } as const;
  paths.forEach((path, index) => add(index % 3, { ...put, name: `docs/${path}` }));
  deleted.forEach((path, index) => {
    add(index % 3, { ...put, name: `docs/${path}` });
    add(index % 3, { kind: 'delete', name: `docs/${path}`, version: 2 });
  });
  for (const name of ['doc/a', 'docs.b/a', 'docs0/a']) add(0, { ...put, name });
  views.forEach((view, index) => view.apply(logs[index] ?? [], () => undefined));
  return views;
}

function allPages(
  views: readonly MemoryShardView[],
  options: { prefix?: string; delimiter?: string; limit: number },
): string[] {
  const { prefix = '', delimiter = '', limit } = options;
  const seen: string[] = [];
  for (let next: string | null = null; ; ) {
    const after = next === null ? null : readCursor(next, prefix);
    if (after === undefined) throw new Error('a cursor was not understood');
    const page = listPage(views, { bucket: 'docs', prefix, delimiter, limit, after });
    expect(page.files.length + page.prefixes.length).toBeLessThanOrEqual(limit);
    const files = page.files.map(({ name }: FileVersion) => name.slice(5));
    seen.push(...[...files, ...page.prefixes].sort(compareUtf8));
    next = page.next;
    if (next === null) return seen;
  }
}

function naive(paths: readonly string[], prefix: string, delimiter: string): string[] {
  const keys = paths
    .filter((path) => path.startsWith(prefix))
    .map((path) => {
      const end = delimiter === '' ? -1 : path.indexOf(delimiter, prefix.length);
      return end < 0 ? path : path.slice(0, end + delimiter.length);
    });
  return [...new Set(keys)].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

const SYLLABLES = ['a', 'b/', '/', 'ä', '𝒳', '\uffee', '\u{10ffff}', 'c--', 'long'.repeat(20)];

function randomPaths(seed: number, count: number): string[] {
  let state = seed;
  const next = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % below;
  };
  const paths = new Set<string>();
  for (let made = 0; made < count; made += 1) {
    let path = '';
    for (let parts = 1 + next(5); parts > 0; parts -= 1) path += SYLLABLES[next(9)] ?? '';
    paths.add(path);
  }
  return [...paths];
}

describe('a page of a listing', () => {
  it('merges the shards, rolls up and pages as sorting everything would', () => {
    for (let seed = 1; seed <= 12; seed += 1) {
      const paths = randomPaths(seed, 120);
      const deleted = ['gone', 'b/gone'].filter((path) => !paths.includes(path));
      const views = viewsOf(paths, deleted);
      for (const prefix of ['', 'b/', 'a', '𝒳']) {
        for (const delimiter of ['', '/', '--']) {
          for (const limit of [1, 7, 1000]) {
            expect(allPages(views, { prefix, delimiter, limit })).toEqual(
              naive(paths, prefix, delimiter),
            );
          }
        }
      }
    }
  });

  it('goes past a rolled prefix without reading what it stands for', () => {
    const paths = Array.from({ length: 3000 }, (_, index) => `folder${index % 3}/${index}`);
    const views = viewsOf(paths);
    let read = 0;
    for (const view of views) {
      const list = view.list.bind(view);
      view.list = (query) => {
        const files = list(query);
        read += files.length;
        return files;
      };
    }
    const seen = allPages(views, { delimiter: '/', limit: 1000 });
    expect(seen).toEqual(['folder0/', 'folder1/', 'folder2/']);
    expect(read).toBeLessThan(100);
  });

  it('ends where the files end, also exactly at the limit', () => {
    const page = listPage(viewsOf(['a', 'b']), {
      bucket: 'docs',
      prefix: '',
      delimiter: '',
      limit: 2,
      after: null,
    });
    expect(page.files).toHaveLength(2);
    expect(page.next).toBeNull();
  });
});

describe('a cursor', () => {
  it('says what it said', () => {
    for (const cursor of [
      { kind: 'file', path: 'a/b' },
      { kind: 'prefix', path: 'a/𝒳' },
    ] as const) {
      expect(readCursor(writeCursor(cursor), 'a/')).toEqual(cursor);
    }
  });

  it('is refused when no listing gave it', () => {
    const bad = ['', '!', 'Zg', 'eGE', 'Zv8', `${writeCursor({ kind: 'file', path: 'a' })}=`];
    for (const text of [...bad, 'Z'.repeat(5000)]) expect(readCursor(text, '')).toBeUndefined();
    expect(readCursor(writeCursor({ kind: 'file', path: 'a' }), 'b')).toBeUndefined();
  });
});
