import { spawnSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** A program that is told as others on the machine see it, and leaves a timer behind. */
const TELLS = `
import { readFileSync } from 'node:fs';
export const main = async () => {
  process.stdout.write(readFileSync('/proc/self/cmdline', 'utf8').replace(/\\0+/g, ' ').trim());
  setTimeout(() => process.stdout.write('late'), 60_000 * process.argv.includes('--config'));
  return 3;
};`;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quorate-title-'));
  await mkdir(join(folder, 'bin'));
  await mkdir(join(folder, 'dist/cli'), { recursive: true });
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  await writeFile(join(folder, 'dist/cli/main.js'), TELLS);
  await copyFile(new URL('../../bin/quorate.js', import.meta.url), join(folder, 'bin/quorate.js'));
});

afterAll(() => rm(folder, { recursive: true }));

function run(...words: readonly string[]): {
  readonly stdout: string;
  readonly status: number | null;
} {
  const program = join(folder, 'bin/quorate.js');
  return spawnSync(process.execPath, [program, ...words], { encoding: 'utf8', timeout: 30_000 });
}

const seen = (...words: readonly string[]): string => run(...words).stdout.replace(/late$/, '');

describe.runIf(process.platform === 'linux')('others on the machine see of a process', () => {
  it.each([
    [['ls', '--key', 'ID.secret'], 'quorate ls'],
    [['share', 'docs/a', '--password=secret'], 'quorate share'],
    [['--key=ID.secret', 'ls'], 'quorate'],
    [['site', 'stop', 'nyc', '--key', 'ID.secret'], 'quorate site'],
    [['up', '--key=ID.secret'], 'quorate up'],
  ])('%j only what it does', (words, title) => {
    expect(seen(...words)).toBe(title);
  });

  it('which site it runs', () => {
    expect(seen('site', '--config', 'nyc.toml')).toMatch(/ site --config nyc\.toml$/);
  });
});

it('the process of a site ends once that has stopped, whatever still waits for its time', () => {
  const { status, stdout } = run('site', '--config', 'nyc.toml');
  expect(status).toBe(3);
  expect(stdout).not.toContain('late');
});

it('other commands end when all they began has', () => {
  const { status, stdout } = run('ls');
  expect(status).toBe(3);
  expect(stdout).toContain('late');
});
