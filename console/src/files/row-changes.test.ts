import { expect, it } from 'vitest';
import type { FileChange } from '../api/sdk.ts';
import { folderRow, type Row } from './row.ts';
import { changeRows } from './row-changes.ts';

function change(path: string, version = 1, kind: FileChange['kind'] = 'put'): FileChange {
  const name = `docs/${path}`;
  return { kind, name, version, size: 1, etag: 'b3-1', modified: new Date(0) };
}

function rowsOf(...paths: string[]): Row[] {
  return changeRows(
    [],
    '',
    null,
    paths.map((path) => change(path)),
  ).rows;
}

const paths = (rows: readonly Row[]): string[] => rows.map(({ path }) => path);

it('puts what is new where the order of the store has it', () => {
  const { rows } = changeRows(rowsOf('a', 'c'), '', null, [change('b'), change('d/e')]);
  expect(paths(rows)).toEqual(['a', 'b', 'c', 'd/']);
});

it('takes out what was deleted, and doubts a folder in which something was', () => {
  const before = [...rowsOf('a', 'b'), folderRow('c/')];
  const { rows, doubtful } = changeRows(before, '', null, [
    change('a', 2, 'delete'),
    change('c/d', 2, 'delete'),
  ]);
  expect(paths(rows)).toEqual(['b', 'c/']);
  expect(doubtful).toEqual(['c/']);
});

it('keeps the newer version, whichever came first', () => {
  const newer = changeRows([], '', null, [change('a', 3)]).rows;
  const { rows } = changeRows(newer, '', null, [change('a', 2)]);
  expect(rows[0]).toMatchObject({ version: 3 });
});

it('leaves what lies beyond the last page to that page', () => {
  const { rows } = changeRows(rowsOf('a', 'm'), '', 'm', [change('b'), change('z')]);
  expect(paths(rows)).toEqual(['a', 'b', 'm']);
});

it('shows only what is below the folder', () => {
  const { rows } = changeRows([], 'a/', null, [change('a/b'), change('ab'), change('a/c/d')]);
  expect(paths(rows)).toEqual(['a/b', 'a/c/']);
});
