import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

/*
 * Pictures of the console's views, of a running store: node scripts/console-pictures.mjs URL KEYFILE.
 * It makes a bucket `pictures` with a few files. PICTURES is another folder than docs/console, VIEWS
 * names those that are wanted.
 */

const [, , base = 'http://127.0.0.1:7411', keyFile = '.quorate/admin.key'] = process.argv;
const FAILED_TRACE = join(import.meta.dirname, '..', 'console', 'test', 'stale-read.trace.jsonl');
const folder = process.env.PICTURES ?? join(import.meta.dirname, '..', 'docs', 'console');
const key = (await readFile(keyFile, 'utf8')).trim();
const SIZES = {
  laptop: { viewport: { width: 1280, height: 760 } },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 1.5 },
};
const VIEWS = {
  files: '#/files/pictures/',
  file: '#/file/pictures/plan.md',
  share: '#/file/pictures/plan.md',
  map: '#/map',
  tour: '#/map',
  latency: '#/map',
  replay: '#/replay',
  sites: '#/admin/sites',
  primaries: '#/admin/primaries',
  keys: '#/admin/keys',
  buckets: '#/admin/buckets',
  upkeep: '#/admin/upkeep',
  link: '#/file/pictures/plan.md',
};
const WANTED = process.env.VIEWS?.split(',');
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
      if (WANTED !== undefined && !WANTED.includes(view)) continue;
      await page.goto(`${base}/${hash}`);
      await prepare(page, view);
      await page.waitForTimeout(SETTLE_MS);
      // Of a panel below others, itself.
      const panel =
        view === 'latency' ? page.locator('aside section', { hasText: 'Latency' }) : page;
      await keep(page, await panel.screenshot(), `${view}-${size}-${colorScheme}.webp`);
    }
    await context.close();
  }
}
await browser.close();

/** As WebP, which the browser makes itself. */
async function keep(page, png, name) {
  // The console's own pages load no pictures but their site's.
  const blank = await page.context().newPage();
  const data = await blank.evaluate(async (source) => {
    const image = new Image();
    image.src = `data:image/png;base64,${source}`;
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = image.width;
    canvas.height = image.height;
    canvas.getContext('2d').drawImage(image, 0, 0);
    return canvas.toDataURL('image/webp', 0.85);
  }, png.toString('base64'));
  await blank.close();
  const [head, encoded] = data.split(',');
  if (!head.includes('image/webp')) throw new Error('this browser makes no WebP');
  await writeFile(join(folder, name), Buffer.from(encoded, 'base64'));
}

/** Brings a view to where there is something to see. */
async function prepare(page, view) {
  if (view === 'map' || view === 'tour' || view === 'latency') void write(20);
  if (view === 'tour' || view === 'latency') {
    await page.getByRole('button', { name: 'Guided tour' }).click();
  }
  if (view === 'latency') await readFromMemory(page);
  if (view === 'share' || view === 'link') {
    await page.getByRole('button', { name: 'Share' }).click();
    await page.getByRole('button', { name: 'Make a link' }).click();
    const link = page.getByLabel('The link', { exact: true });
    await link.waitFor();
    if (view === 'link') await page.goto(await link.inputValue());
  }
  if (view === 'replay') {
    await page.getByTestId('trace').setInputFiles(FAILED_TRACE);
    await page.getByRole('slider', { name: 'Moment of the run' }).fill('2430');
    await page.getByLabel('Speed').selectOption('1/50');
    await page.getByRole('button', { name: 'Play', exact: true }).click();
  }
}

/** By the first two scenes of the tour: that is among the latencies then. */
async function readFromMemory(page) {
  await page.getByRole('button', { name: 'Write a file' }).click();
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByRole('button', { name: 'Read it a thousand times' }).click();
  await page.getByText('reads from memory').waitFor();
}

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
