import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { TestSites } from '../src/client/sdk/test-kit.js';

let sites: TestSites;
const { argv } = process;

beforeEach(async () => {
  sites = await TestSites.start();
  process.argv = [...argv.slice(0, 2), ...sites.endpoints.map(({ url }) => url)];
});

afterEach(async () => {
  process.argv = argv;
  vi.restoreAllMocks();
  await sites.stop();
});

/** What the example prints. */
async function run(example: string): Promise<string[]> {
  const log = vi.spyOn(console, 'log').mockReturnValue(undefined);
  vi.resetModules();
  const file = new URL(`${example}.mjs`, import.meta.url).pathname;
  await import(/* @vite-ignore */ file);
  return log.mock.calls.map((words) => words.join(' '));
}

it('reads what it wrote, and is told why a write is rejected', async () => {
  expect(await run('read-and-write')).toEqual([
    'written: version 1',
    'read: "Hello, world", version 1',
    'rejected: precondition_failed, it is at version 1',
  ]);
});

it('loses no count of three clients that count at once', async () => {
  expect(await run('counter')).toEqual(['committed: 9', 'counted to 9']);
});

it('tells a cache by push before the writer is answered', async () => {
  expect(await run('pushed-invalidation')).toEqual([
    'reader: "old news" from memory',
    "writer: committed; the reader's copy is suspect",
    'reader: told of examples/news.txt',
    'reader: "new news"',
  ]);
});

it('goes on with an upload that was stopped', async () => {
  expect(await run('upload')).toEqual(['stopped', `committed: ${40 * 1024 * 1024} bytes`]);
});

it('follows the changes of a folder', async () => {
  const lines = await run('change-feed');
  expect(lines).toHaveLength(3);
  expect(lines.filter((line) => line.includes('a.txt'))).toEqual([
    'put examples/inbox/a.txt (version 1)',
    'delete examples/inbox/a.txt (version 2)',
  ]);
  expect(lines).toContain('put examples/inbox/b.txt (version 1)');
});
