import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Operation, parseHistory } from '../../../simulator/history.js';
import { HistoryRecorder } from './history-recorder.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'recorder-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const read: Omit<Operation, 'id'> = {
  ...{ client: 'c', site: 'nyc', kind: 'read', name: 'b/f', startMs: 1.25, endMs: 2.5 },
  ...{ outcome: 'ok', version: 3, value: 'x' },
};

it('writes down what the checker of histories reads back, numbered from where it was told', () => {
  const path = join(folder, 'history.jsonl');
  const recorder = new HistoryRecorder(path, 7000);
  const count = 1234;
  for (let index = 0; index < count; index += 1) recorder.record({ ...read, version: index });
  recorder.close();
  const parsed = parseHistory(readFileSync(path, 'utf8'));
  if (!parsed.ok) throw new Error(parsed.reason);
  const { operations, entries } = parsed.history;
  expect(entries).toBeNull();
  expect(operations).toHaveLength(count);
  expect(operations[0]).toEqual({ ...read, id: 7000, version: 0 });
  expect(operations.at(-1)).toEqual({ ...read, id: 7000 + count - 1, version: count - 1 });
});

it('is a history also where nothing was done', () => {
  const path = join(folder, 'history.jsonl');
  new HistoryRecorder(path, 0).close();
  expect(parseHistory(readFileSync(path, 'utf8'))).toMatchObject({ ok: true });
});
