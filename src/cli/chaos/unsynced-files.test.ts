import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UnsyncedFiles } from './unsynced-files.js';

let folder: string;
let unsynced: UnsyncedFiles;
const at = (name: string): string => join(folder, name);
const text = (name: string): string => readFileSync(at(name), 'utf8');

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'unsynced-'));
  unsynced = new UnsyncedFiles();
});
afterEach(() => rmSync(folder, { recursive: true }));

function append(name: string, added: string): void {
  unsynced.wrote(at(name));
  appendFileSync(at(name), added);
}

function sync(name: string): void {
  unsynced.fileSynced(at(name), unsynced.mark(at(name)));
}

describe('a power cut', () => {
  it('takes at least the end of what was never synced, and nothing of what was', () => {
    writeFileSync(at('log'), 'old ');
    append('log', 'saved ');
    sync('log');
    append('log', 'not saved');
    unsynced.loseAll();
    expect(text('log').startsWith('old saved ')).toBe(true);
    expect(text('log')).not.toContain('saved not saved');
  });

  it('leaves what a sync saved that was under way while more was written', () => {
    append('log', 'first ');
    const mark = unsynced.mark(at('log'));
    append('log', 'second');
    unsynced.fileSynced(at('log'), mark);
    unsynced.lose(at('log'));
    expect(text('log')).toBe('first ');
  });

  it('takes names whose folder was not synced, under the names they have by then', () => {
    for (const name of ['a', 'b']) {
      writeFileSync(at(name), 'x');
      unsynced.made(at(name));
    }
    unsynced.folderSynced(folder, unsynced.mark(folder));
    renameSync(at('b'), at('c'));
    unsynced.renamed(at('b'), at('c'));
    unsynced.loseAll();
    expect([existsSync(at('a')), existsSync(at('c'))]).toEqual([true, false]);
  });

  it('takes with a failed sync what that was to save', () => {
    append('log', 'saved');
    sync('log');
    append('log', 'gone');
    unsynced.lose(at('log'));
    expect(text('log')).toBe('saved');
  });
});
