import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { committed, TestSites } from './test-kit.js';
import type * as Client from './browser.js';

const SCRIPT = new URL('../../../scripts/build-browser.mjs', import.meta.url).pathname;

let folder: string;
let file: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quorate-bundle-'));
  file = join(folder, 'quorate-client.mjs');
  await promisify(execFile)(process.execPath, [SCRIPT, file]);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

it('is at most 25 KiB gzipped, and names nothing of Node', async () => {
  const bundle = await readFile(file);
  expect(gzipSync(bundle, { level: 9 }).length).toBeLessThanOrEqual(25 * 1024);
  const text = bundle.toString();
  expect(text).toContain('export{');
  expect(text).not.toMatch(/\bnode:|\bBuffer\b|\brequire\(|\bprocess\./);
  expect(text).not.toMatch(/\bimport\b/);
});

it('does its work in a world that has a WebSocket of its own', async () => {
  const { default: socket } = await import('ws');
  Object.assign(globalThis, { WebSocket: socket });
  const sites = await TestSites.start();
  const { connect } = (await import(file)) as typeof Client;
  const client = await connect({ sites: sites.endpoints, near: 'lon' });
  try {
    committed(await client.write('docs/file1.txt', 'from a page'));
    const read = await client.read('docs/file1.txt');
    expect(read.outcome === 'found' && read.file.text()).toBe('from a page');
    expect(client.peek('docs/file1.txt')).toBeDefined();
  } finally {
    client.close();
    await sites.stop();
  }
});
