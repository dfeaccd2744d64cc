import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { AuditLog, type AuditNote, DEFAULT_AUDIT, outcomeOf } from './audit-log.js';

let folder: string;
const reports: string[] = [];
let nowMs = 0;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quorate-audit-'));
  reports.length = 0;
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function open(settings = DEFAULT_AUDIT, at = folder): Promise<AuditLog> {
  return AuditLog.open(
    'nyc',
    at,
    settings,
    (message) => void reports.push(message),
    () => nowMs,
  );
}

function note(what: string, more: Partial<AuditNote> = {}): AuditNote {
  const rest = { from: '127.0.0.1', by: 'native', act: 'PUT', answer: '200', requestId: 'r' };
  return { who: 'QKA', what, outcome: 'done', ...rest, ...more };
}

it('keeps what it was told over restarts, and gives the newest first', async () => {
  const log = await open(DEFAULT_AUDIT, join(folder, 'audit'));
  log.note(note('/a'));
  log.note(note('/b\n{"who":"forged"}'));
  await log.flush();
  const again = await open(DEFAULT_AUDIT, join(folder, 'audit'));
  again.note(note('/c'));
  const entries = await again.recent(10);
  expect(entries.map(({ what, site }) => [what, site])).toEqual([
    ['/c', 'nyc'],
    ['/b\n{"who":"forged"}', 'nyc'],
    ['/a', 'nyc'],
  ]);
  expect(await again.recent(1)).toHaveLength(1);
  expect((await stat(join(folder, 'audit', 'audit.jsonl'))).mode & 0o777).toBe(0o600);
});

it('never has more files, or larger ones, than it may', async () => {
  const settings = { reads: false, fileBytes: 1000, files: 3 };
  const log = await open(settings);
  for (let count = 0; count < 60; count += 1) {
    log.note(note(`/${count}`));
    await log.flush();
  }
  const names = await readdir(folder);
  expect(names.sort()).toEqual(['audit.1.jsonl', 'audit.2.jsonl', 'audit.jsonl']);
  for (const name of names) expect((await stat(join(folder, name))).size).toBeLessThanOrEqual(1000);
  const entries = await log.recent(1000);
  expect(entries[0]?.what).toBe('/59');
  expect(entries.map(({ what }) => Number(what.slice(1)))).toEqual(
    entries.map((_, index) => 59 - index),
  );
});

it('counts strangers who are refused very often, and leaves room for what others did', async () => {
  const log = await open();
  const stranger = { who: 'anybody', outcome: 'refused', answer: '401' } as const;
  for (let count = 0; count < 700; count += 1) log.note(note('/x', stranger));
  log.note(note('/mine'));
  const entries = await log.recent(1000);
  expect(entries.filter(({ what }) => what === '/x')).toHaveLength(600);
  expect(entries.map(({ what }) => what)).toContain('/mine');
  expect(entries.map(({ what }) => what)).toContain('100 more that are not told one by one');
  nowMs += 60_000;
  log.note(note('/later', stranger));
  expect((await log.recent(1))[0]?.what).toBe('/later');
});

it('skips lines that are none, and says once that it cannot write', async () => {
  const log = await open();
  log.note(note('/a'));
  await log.flush();
  const text = await readFile(join(folder, 'audit.jsonl'), 'utf8');
  expect(text.trim().split('\n')).toHaveLength(1);
  await rm(folder, { recursive: true });
  for (const what of ['/b', '/c']) {
    log.note(note(what));
    await log.flush();
  }
  expect(reports).toHaveLength(1);
});

it.each([
  [200, 'done'],
  [304, 'done'],
  [401, 'refused'],
  [403, 'refused'],
  [412, 'rejected'],
  [503, 'failed'],
])('calls an answer of %i %s', (status, outcome) => expect(outcomeOf(status)).toBe(outcome));
