import { readFile } from 'node:fs/promises';
import { Agent, get, request } from 'node:http';
import { chromium } from 'playwright-core';

/*
 * What the console costs in a real browser, of a running store:
 * node scripts/console-figures.mjs URL KEYFILE [ENTRIES]. It makes a bucket `figures`, with a folder of
 * so many entries (100,000) that it keeps for the next time. Run it on a calm machine.
 */

const [, , base = 'http://127.0.0.1:7411', keyFile = '.quorate/admin.key', entries = '100000'] =
  process.argv;
const ENTRIES = Number(entries);
const key = (await readFile(keyFile, 'utf8')).trim();
const agent = new Agent({ keepAlive: true, maxSockets: 96 });
const WRITES_PER_SECOND = 20;
const MEASURED_MS = 10_000;
const FOLDER = `figures/many-${ENTRIES}/`;

await send('PUT', '/v1/buckets/figures');
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
const page = await signIn();
await firstView();
await frames();
await fillFolder();
await folder();
await browser.close();
agent.destroy();

/** Bytes of script that the first view asks for, and when it can be used. */
async function firstView() {
  const times = [];
  let names = [];
  for (let run = 0; run < 7; run += 1) {
    await page.goto('about:blank');
    await page.goto(`${base}/#/files`);
    await page.getByRole('link', { name: 'figures' }).waitFor();
    const seen = await page.evaluate(
      () =>
        new Promise((resolve) => {
          // Its links can be followed once the page has nothing else to do.
          requestIdleCallback(() => {
            const resources = performance.getEntriesByType('resource').map(({ name }) => name);
            resolve({ readyMs: performance.now(), resources });
          });
        }),
    );
    times.push(seen.readyMs);
    names = seen.resources.filter((name) => name.endsWith('.js'));
  }
  const sizes = await Promise.all(names.map(gzippedBytes));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  say('first view, script gzipped', `${(total / 1024).toFixed(1)} KB in ${sizes.length} files`);
  say('first view, to be used after', spread(times.slice(1), 'ms'));
}

/** Frames while messages between the sites are drawn, and while nothing moves: what the machine can. */
async function frames() {
  await page.goto(`${base}/#/replay`);
  await page.getByRole('heading', { name: 'Replay' }).waitFor();
  say('nothing moves', framesText(await page.evaluate(sampleFrames, { forMs: 5000, pixels: 0 })));
  await page.goto(`${base}/#/map`);
  await page.getByRole('list', { name: 'Messages' }).waitFor();
  // All kinds are shown.
  await page.getByRole('button', { name: 'Heartbeat' }).click();
  const load = startLoad();
  await page.waitForTimeout(8000);
  const seen = await page.evaluate(sampleFrames, { forMs: MEASURED_MS, pixels: 0 });
  const rates = await page
    .getByRole('list', { name: 'Messages' })
    .locator('.number')
    .allInnerTexts();
  await load();
  const perSecond = rates.reduce((sum, text) => sum + (Number.parseFloat(text) || 0), 0);
  say(`map, ${Math.round(perSecond)} messages/s`, framesText(seen));
}

/** Frames while a long folder is scrolled through. */
async function folder() {
  const startMs = performance.now();
  await page.goto(`${base}/#/files/${FOLDER}`);
  await page.getByRole('row').nth(5).waitFor();
  say(
    `folder of ${ENTRIES} entries, first rows after`,
    `${Math.round(performance.now() - startMs)} ms`,
  );
  const seen = await page.evaluate(sampleFrames, { forMs: MEASURED_MS, pixels: 200 });
  say('  scrolled by 200 pixels a frame', framesText(seen));
  const readMs = performance.now();
  await page.evaluate(scrollToEnd);
  say(
    '  read to its end by scrolling after',
    `${((performance.now() - readMs) / 1000).toFixed(1)} s`,
  );
  const back = await page.evaluate(sampleFrames, { forMs: MEASURED_MS, pixels: -200 });
  say('  then scrolled back by 200 pixels a frame', framesText(back));
  const rows = await page.getByRole('row').count();
  const shown = await page.getByText('entries').first().innerText();
  say('  rows in the document', `${rows} of ${shown}`);
}

/** In the page: until nothing more is to be read, at most a minute. */
function scrollToEnd() {
  return new Promise((resolve) => {
    const untilMs = performance.now() + 60_000;
    const next = () => {
      const scrolls = [...document.querySelectorAll('main *')].filter(
        (each) => each.scrollHeight > each.clientHeight + 100,
      );
      const [scroller] = scrolls.sort((a, b) => b.scrollHeight - a.scrollHeight);
      if (scroller) scroller.scrollTop = scroller.scrollHeight;
      const isAll = !/so far|more are coming/.test(document.body.innerText);
      if (isAll || performance.now() > untilMs) resolve();
      else setTimeout(next, 100);
    };
    next();
  });
}

/** In the page: scrolls what scrolls, a step a frame, and takes the time of each frame. */
function sampleFrames({ forMs, pixels }) {
  return new Promise((resolve) => {
    const scrolls = [...document.querySelectorAll('*')].filter(
      (each) =>
        each.scrollHeight > each.clientHeight + 100 &&
        getComputedStyle(each).overflowY !== 'visible',
    );
    const [scroller] = scrolls.sort((a, b) => b.scrollHeight - a.scrollHeight);
    const took = [];
    const beganMs = performance.now();
    let lastMs = beganMs;
    const next = (nowMs) => {
      took.push(nowMs - lastMs);
      lastMs = nowMs;
      if (pixels !== 0 && scroller) scroller.scrollTop += pixels;
      if (nowMs - beganMs < forMs) requestAnimationFrame(next);
      else resolve({ took: took.slice(1), scrolledPixels: scroller?.scrollTop ?? 0 });
    };
    requestAnimationFrame(next);
  });
}

function framesText({ took, scrolledPixels }) {
  const perSecond = (1000 * took.length) / took.reduce((sum, ms) => sum + ms, 0);
  const late = took.filter((ms) => ms > 25).length;
  const longest = Math.max(...took).toFixed(0);
  const scrolled = scrolledPixels > 0 ? `, ${Math.round(scrolledPixels)} pixels` : '';
  return (
    `${perSecond.toFixed(1)} frames/s; of ${took.length} frames ${late} over 25 ms, ` +
    `the longest ${longest} ms${scrolled}`
  );
}

function startLoad() {
  let count = 0;
  const under = [];
  const timer = setInterval(() => {
    count += 1;
    under.push(send('PUT', `/v1/files/figures/load/${count % 50}.txt`, `written ${count}\n`));
  }, 1000 / WRITES_PER_SECOND);
  return async () => {
    clearInterval(timer);
    await Promise.all(under);
  };
}

/** Writes what is missing of the folder. */
async function fillFolder() {
  const last = String(ENTRIES - 1).padStart(6, '0');
  if ((await send('HEAD', `/v1/files/${FOLDER}entry-${last}.txt`)).status === 200) return;
  const startMs = performance.now();
  let next = 0;
  const lane = async () => {
    while (next < ENTRIES) {
      const name = `entry-${String(next++).padStart(6, '0')}.txt`;
      const { status } = await send('PUT', `/v1/files/${FOLDER}${name}`, name);
      if (status >= 300) throw new Error(`${name}: ${status}`);
    }
  };
  await Promise.all(Array.from({ length: 96 }, lane));
  say('folder written in', `${((performance.now() - startMs) / 1000).toFixed(1)} s`);
}

async function signIn() {
  const made = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await made.goto(base);
  await made.getByLabel('Key').fill(key);
  await made.getByRole('button', { name: 'Sign in' }).click();
  await made.getByRole('navigation', { name: 'Main' }).waitFor();
  return made;
}

function gzippedBytes(url) {
  return new Promise((resolve, reject) => {
    get(url, { headers: { 'accept-encoding': 'gzip' } }, (response) => {
      let bytes = 0;
      response.on('data', (chunk) => (bytes += chunk.length));
      response.on('end', () => resolve(bytes));
    }).on('error', reject);
  });
}

function send(method, path, body) {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'text/plain' };
    const asked = request(`${base}${path}`, { method, headers, agent }, (response) => {
      response.resume();
      response.on('end', () => resolve({ status: response.statusCode }));
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

function spread(values, unit) {
  const sorted = [...values].sort((a, b) => a - b);
  const [least, median, most] = [sorted[0], sorted[sorted.length >> 1], sorted.at(-1)];
  return `${Math.round(median)} ${unit} (${Math.round(least)} to ${Math.round(most)}, ${sorted.length} times)`;
}

function say(what, figure) {
  process.stdout.write(`${what.padEnd(44)} ${figure}\n`);
}
