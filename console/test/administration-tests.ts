import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import type { ConsoleBrowser } from './console-browser.ts';

/** What the administrator does in the console, and what it does to the store. */
export function administrationTests(at: () => ConsoleBrowser): void {
  accessTests(at);
  upkeepTests(at);
}

function accessTests(at: () => ConsoleBrowser): void {
  it('tells which site and rule a name gets, by a new rule too', async () => {
    const page = await at().open('tor', '#/admin/primaries');
    const test = async (name: string) => {
      await page.getByLabel('Which site does this name get?').fill(name);
      await page.getByRole('button', { name: 'Test' }).click();
      const result = page.getByRole('status').filter({ hasText: 'is at home in' });
      await result.filter({ hasText: name }).waitFor();
      return (await result.innerText()).replaceAll(/\s+/g, ' ');
    };
    expect(await test('ruled/london/a.txt')).toMatch(
      /is at home in nyc.*by the rule default; now nyc acts/,
    );
    await page.getByLabel('New rule').fill('ruled/london/*');
    await page.getByLabel('Home').selectOption('lon');
    await page.getByRole('button', { name: 'Set' }).click();
    await page.getByRole('cell', { name: 'ruled/london/*' }).waitFor();
    expect(await test('ruled/london/b.txt')).toMatch(
      /in lon.*rule ruled\/london\/\*; now lon acts/,
    );
    expect(await test('ruled/paris.txt')).toMatch(/in nyc.*rule default;/);
    const told = await at().ask('/v1/primaries?name=ruled/london/b.txt');
    expect(await told.json()).toMatchObject({ home: 'lon', rule: { pattern: 'ruled/london/*' } });
    // What is no name is refused in words.
    await page.getByLabel('Which site does this name get?').fill('/');
    await page.getByRole('button', { name: 'Test' }).click();
    await page.getByRole('alert').waitFor();
    at().complaints = at().complaints.filter((said) => !said.includes('400'));
  });

  it('makes a key that opens what it names, and revokes it, pages of it too', async () => {
    await at().put('docs/keyed.txt', 'for the key');
    await at().ask('/v1/buckets/closed', { method: 'PUT' });
    await at().put('closed/secret.txt', 'not for the key');
    const page = await at().open('nyc', '#/admin/keys');
    await page.getByLabel('Note').fill('a visitor');
    await page.getByLabel('Buckets').fill('docs');
    await page.getByLabel('May').selectOption('read');
    await page.getByRole('button', { name: 'Make a key' }).click();
    const row = page.getByRole('row', { name: 'a visitor' });
    await row.getByText('docs: read').waitFor();
    const key = await page.locator('code.secret').innerText();
    const status = async (name: string, init: RequestInit = {}) =>
      (await at().ask(`/v1/files/${name}`, init, 'lon', key)).status;
    await expect.poll(() => status('docs/keyed.txt')).toBe(200);
    expect(await status('docs/keyed.txt', { method: 'PUT', body: 'changed' })).toBe(403);
    expect(await status('closed/secret.txt')).toBe(403);
    const visitor = await at().open('lon', '#/file/docs/keyed.txt', key);
    await visitor.getByText('for the key').waitFor();
    await row.getByRole('button', { name: 'Revoke' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    expect(await status('docs/keyed.txt')).toBe(200);
    await row.getByRole('button', { name: 'Revoke' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
    await row.waitFor({ state: 'detached' });
    expect(await page.locator('code.secret').count()).toBe(0);
    expect(await status('docs/keyed.txt')).toBe(401);
    await visitor.getByLabel('Key').waitFor();
    at().complaints = at().complaints.filter((said) => !/40[13]/.test(said));
  });
}

function upkeepTests(at: () => ConsoleBrowser): void {
  it('sets what a bucket keeps and who may read it', async () => {
    await at().ask('/v1/buckets/shown', { method: 'PUT' });
    await at().put('shown/a.txt', 'for everybody');
    const page = await at().open('nyc', '#/admin/buckets');
    const bucket = page.getByRole('region', { name: 'Bucket shown' });
    const anonymous = () => fetch(`${at().store.url('lon')}/v1/files/shown/a.txt`);
    expect((await anonymous()).status).toBe(401);
    await changing(page, () => bucket.getByLabel('Anybody may read it').check());
    expect(await (await anonymous()).text()).toBe('for everybody');
    await changing(page, () => bucket.getByLabel('Anybody may read it').uncheck());
    expect((await anonymous()).status).toBe(401);
    await changing(page, () => bucket.getByLabel('S3 shows versions').setChecked(true));
    await changing(page, () => enter(page, 'History for days', '7'));
    await changing(page, () => enter(page, 'Old versions at most', '3'));
    const settings = async () => (await at().ask('/v1/buckets/shown', {}, 'tor')).json();
    expect(await settings()).toMatchObject({
      anonymousRead: false,
      versioning: 'enabled',
      retention: { days: 7, versions: 3 },
    });
    await changing(page, () => enter(page, 'History for days', ''));
    await page.reload();
    await bucket.getByLabel('Old versions at most').waitFor();
    expect(await bucket.getByLabel('History for days').inputValue()).toBe('');
    expect(await bucket.getByLabel('Old versions at most').inputValue()).toBe('3');
    expect(await settings()).toMatchObject({ retention: { versions: 3 } });
    // What cannot be is refused in words, and the field says again what holds.
    await enter(page, 'Old versions at most', '-1');
    await bucket.getByRole('alert').waitFor();
    await expect.poll(() => bucket.getByLabel('Old versions at most').inputValue()).toBe('3');
    at().complaints = at().complaints.filter((said) => !said.includes('400'));
  });

  it('says whether all sites are the same, and reads everything', async () => {
    await at().put('docs/upkept.txt', 'kept');
    const page = await at().open('lon', '#/admin/upkeep');
    await expect
      .poll(
        async () => {
          await page.getByRole('button', { name: 'Verify' }).click();
          await page.getByRole('button', { name: 'Verify' }).waitFor();
          return page.getByRole('status').allInnerTexts();
        },
        { timeout: 20_000 },
      )
      .toContainEqual(expect.stringContaining('All sites are the same: divergence 0.'));
    await page.getByRole('button', { name: 'Scrub' }).click();
    await page.getByRole('button', { name: 'Scrub', exact: true }).waitFor();
    const counts = await page.locator('dl div').allInnerTexts();
    expect(counts.map((text) => text.replace(/\s+/, ' '))).toEqual([
      'damaged 0',
      'missing 0',
      'repaired 0',
    ]);
  });
}

/** Waits until the site has answered what a change on the page asks of it. */
async function changing(page: Page, change: () => Promise<void>): Promise<void> {
  const answered = page.waitForResponse((answer) => answer.request().method() === 'PATCH');
  await change();
  expect((await answered).status()).toBe(200);
}

async function enter(page: Page, label: string, value: string): Promise<void> {
  const field = page.getByRole('region', { name: 'Bucket shown' }).getByLabel(label);
  await field.fill(value);
  await field.press('Enter');
}
