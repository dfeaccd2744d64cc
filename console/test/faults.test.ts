import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ConsoleBrowser, HAS_CHROMIUM, seriousFaults, WAIT_MS } from './console-browser.ts';
import { LocalStore } from './local-store.ts';

/* The console of a store that it may break and heal: the processes of `quorate up`. */

const BASE_PORT = 23_500;

let store: LocalStore;
let at: ConsoleBrowser;

describe.skipIf(!HAS_CHROMIUM)('the console of a store on one machine', () => {
  beforeAll(async () => {
    const starting = LocalStore.start(BASE_PORT).then((started) => (store = started));
    at = await ConsoleBrowser.start(starting);
    expect((await at.ask('/v1/buckets/docs', { method: 'PUT' })).ok).toBe(true);
  }, 180_000);

  afterEach(async () => {
    // A site that is stopped, or that has none to write to, is a failure that browsers complain of.
    const said = await at.settle();
    expect(said.filter((text) => !/Failed to load resource|WebSocket|ERR_/.test(text))).toEqual([]);
  });

  afterAll(async () => {
    await at?.close();
    await store?.stop();
  });

  it('cuts a link, slows it down, and heals it', async () => {
    const page = await at.open('nyc', '#/map');
    await link(page, /^between New York and London/).focus();
    await page.keyboard.press('Enter');
    const panel = page.getByRole('region', { name: 'What to do to this link' });
    await panel.getByRole('button', { name: 'Cut' }).click();
    await link(page, /^no link between New York and London/).waitFor();
    await link(page, /^between New York and Toronto: round trip \d/).waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await at.put('docs/cut.txt', 'written across the cut');
    expect(await (await at.ask('/v1/files/docs/cut.txt', {}, 'lon')).text()).toContain('written');
    await panel.getByRole('button', { name: 'Heal' }).click();
    await link(page, /^between New York and London: round trip \d/).waitFor();
    await panel.getByRole('button', { name: 'Slow down' }).click();
    await link(page, /^between New York and London: round trip \d{3,} ms, slowed down/).waitFor();
    await panel.getByRole('button', { name: 'Close' }).click();
    await page.getByRole('button', { name: 'Heal everything' }).click();
    await link(page, /^between New York and London: round trip \d+ ms$/).waitFor();
    await page.getByRole('button', { name: 'Heal everything' }).waitFor({ state: 'detached' });
  });

  it('pauses a site and undoes it', async () => {
    const page = await at.open('nyc', '#/map');
    const toronto = page.getByRole('button', { name: /^Toronto (primary|away)/ });
    await page.getByRole('button', { name: /^Toronto primary of tor/ }).click();
    const panel = page.getByRole('region', { name: 'What to do to Toronto' });
    await panel.getByRole('button', { name: 'Pause' }).click();
    await page.getByText('Toronto stands still.').waitFor();
    await panel.getByRole('button', { name: 'Let it go on' }).waitFor();
    await page.getByRole('button', { name: 'Toronto away' }).waitFor();
    await page.getByText('Toronto is away').waitFor();
    await at.put('docs/paused.txt', 'written beside the one that stands still');
    await page.getByRole('status').getByRole('button', { name: 'Undo' }).click();
    await panel.getByRole('button', { name: 'Pause' }).waitFor();
    // It gets its own files back.
    await page.getByRole('button', { name: /^Toronto primary of tor/ }).waitFor();
    expect(await toronto.count()).toBe(1);
    const read = await at.ask('/v1/files/docs/paused.txt', {}, 'tor');
    expect(await read.text()).toContain('stands still');
  });

  it('plays the guided tour to its end, and each scene does what it says', async () => {
    const page = await at.open('nyc', '#/map');
    const site = (name: RegExp) => page.getByRole('button', { name });
    await site(/^Toronto primary/).waitFor();
    await page.getByRole('button', { name: 'Guided tour' }).click();
    const tour = page.getByRole('region', { name: 'Guided tour' });
    const play = async (scene: string, action: string) => {
      await tour.getByRole('heading', { name: scene }).waitFor();
      await tour.getByRole('button', { name: action }).click();
      const result = await tour.getByRole('status').innerText();
      return result.trim();
    };
    const next = () => tour.getByRole('button', { name: 'Next' }).click();
    expect(await play('A write reaches all three', 'Write a file')).toMatch(
      /^Committed as version 1, in \d+ ms\.$/,
    );
    await next();
    expect(await play('A read asks nobody', 'Read it a thousand times')).toMatch(
      /^1000 of 1000 reads from memory, \d+ µs each\.$/,
    );
    await next();
    expect(await play('A site is killed', 'Kill Toronto')).toBe(
      'Toronto is gone. See the quorums.',
    );
    await site(/^Toronto away/).waitFor();
    await next();
    expect(await play('Write while it is away', 'Write again')).toMatch(/^Committed as version 2/);
    await next();
    expect(await play('Without a majority', 'Kill London and try to write')).toMatch(
      /^Rejected, in \d+ ms: /,
    );
    await site(/^London away/).waitFor();
    await next();
    expect(await play('They come back', 'Start both again')).toMatch(/^Both are back/);
    await site(/^Toronto primary of tor/).waitFor();
    await site(/^London primary of lon/).waitFor();
    await next();
    expect(await play('A link is cut', 'Cut it and write')).toMatch(/^Committed as version 3/);
    await link(page, /^no link between New York and London/).waitFor();
    await next();
    expect(await play('All is as it was', 'Heal everything')).toBe('Healed.');
    await link(page, /^between New York and London: round trip \d/).waitFor();
    await tour.getByRole('link', { name: 'See the history' }).click();
    await page.getByRole('row', { name: /^3 newest/ }).waitFor();
    expect(await page.getByRole('row').count()).toBe(1 + 3);
    await page.getByRole('region', { name: 'Content' }).getByText('Written across a cut').waitFor();
  });

  it('shows a site that is added as it is filled, and then as one of four', async () => {
    const page = await at.open('nyc', '#/admin/sites');
    await page.getByRole('row', { name: /^London up/ }).waitFor();
    const adding = store.command('site', 'add', 'fra', '--city', 'Frankfurt');
    // As soon as its place is known it is cut off: else it might be filled before anybody looks.
    for (const site of ['nyc', 'tor', 'lon']) {
      await expect.poll(() => fault({ a: 'fra', b: site, cut: true }), SOON).toBe(200);
    }
    const change = page.getByRole('region', { name: 'Change of sites' });
    await change.getByRole('heading', { name: 'Frankfurt is being added' }).waitFor();
    await change.getByText('not connected yet').first().waitFor();
    await page.getByRole('row', { name: /^Frankfurt being filled/ }).waitFor();
    expect(await change.getByRole('progressbar', { name: 'Filled' }).getAttribute('value')).toBe(
      '0',
    );
    expect(await seriousFaults(page)).toEqual([]);
    await page.getByRole('link', { name: 'Map' }).click();
    await page.getByRole('button', { name: 'Heal everything' }).click();
    await page.getByRole('link', { name: 'Administration' }).click();
    await page.getByRole('row', { name: /^Frankfurt up/ }).waitFor();
    await change.waitFor({ state: 'detached' });
    await page.getByText('4 copies of every file, 3 of which a write waits for').waitFor();
    expect(await adding).toContain('fra is one of 4 sites; a write needs 3.');
    expect((await at.ask('/v1/files/docs/cut.txt', {}, 'fra')).status).toBe(200);
  });
});

const SOON = { timeout: WAIT_MS, interval: 20 };

function link(page: Page, name: RegExp) {
  return page.getByRole('button', { name });
}

async function fault(request: { a: string; b: string; cut: boolean }): Promise<number> {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ kind: 'link', ...request });
  return (await at.ask('/v1/faults', { method: 'POST', headers, body })).status;
}
