import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

/*
 * Pictures of the console's views, of a running store: node scripts/console-pictures.mjs URL KEYFILE.
 * It makes a bucket `pictures` with a few files.
 */

const [, , base = 'http://127.0.0.1:7411', keyFile = '.quorate/admin.key'] = process.argv;
const folder = join(import.meta.dirname, '..', 'docs', 'console');
const key = (await readFile(keyFile, 'utf8')).trim();
const SIZES = {
  laptop: { viewport: { width: 1280, height: 760 } },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 },
};
const VIEWS = {
  files: '#/files/pictures/',
  file: '#/file/pictures/plan.md',
  map: '#/map',
};
const SETTLE_MS = Number(process.env.SETTLE_MS ?? 3000);

await fill();
await mkdir(folder, { recursive: true });
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
for (const [size, settings] of Object.entries(SIZES)) {
  for (const colorScheme of ['light', 'dark']) {
    const context = await browser.newContext({ ...settings, colorScheme });
    const page = await context.newPage();
    await page.goto(base);
    await page.getByLabel('Key').fill(key);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('navigation', { name: 'Main' }).waitFor();
    for (const [view, hash] of Object.entries(VIEWS)) {
      await page.goto(`${base}/${hash}`);
      if (view === 'map') void write(20);
      await page.waitForTimeout(SETTLE_MS);
      await page.screenshot({ path: join(folder, `${view}-${size}-${colorScheme}.png`) });
    }
    await context.close();
  }
}
await browser.close();

async function fill() {
  await send('PUT', '/v1/buckets/pictures');
  for (const name of [
    'accounts/2026.csv',
    'talks/outline.txt',
    'film.mp4',
    'notes.txt',
    'map.png',
  ]) {
    await send('PUT', `/v1/files/pictures/${name}`, `${name}\n`.repeat(name.length * 7));
  }
  await send('PUT', '/v1/files/pictures/plan.md', '# Plan\n\n- three sites\n');
  await send(
    'PUT',
    '/v1/files/pictures/plan.md',
    '# Plan\n\n- three sites\n- two of them are enough\n',
  );
}

/** Something to see on the map. */
async function write(times) {
  for (let index = 0; index < times; index += 1) {
    await send('PUT', `/v1/files/pictures/file${1 + (index % 3)}.txt`, `written ${index}\n`);
  }
}

function send(method, path, body) {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'text/plain' };
  return fetch(`${base}${path}`, { method, headers, body });
}
