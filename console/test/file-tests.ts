import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { type ConsoleBrowser, seriousFaults } from './console-browser.ts';
import { zipEntries } from './zip-entries.ts';

type Stage = () => ConsoleBrowser;

/** What can be done with files in a folder and on a file's page. */
export function fileTests(at: Stage): void {
  archiveTest(at);
  transferTest(at);
  keyboardTest(at);
  versionTest(at);
}

function archiveTest(at: Stage): void {
  it('downloads what is chosen as one archive, byte for byte', async () => {
    const files = new Map([
      ['a.txt', Buffer.from('first\n')],
      ['deep/übung.bin', randomBytes(300_000)],
      ['deep/er/empty.txt', Buffer.alloc(0)],
    ]);
    for (const [name, content] of files) await at().put(`docs/pack/${name}`, content);
    await at().put('docs/pack/left-out.txt', 'not chosen');
    const page = await at().open('lon', '#/files/docs/pack/');
    await page.getByLabel('Choose a.txt').check();
    await page.getByLabel('Choose deep').check();
    const download = page.getByRole('button', { name: 'Download' });
    // As in a browser that lets no page write into a file.
    await page.evaluate(() => Reflect.set(window, 'showSaveFilePicker', undefined));
    const [saved] = await Promise.all([page.waitForEvent('download'), download.click()]);
    expect(saved.suggestedFilename()).toBe('docs.zip');
    expect(sorted(zipEntries(await readFile(await saved.path())))).toEqual(sorted(files));
    // And in one that does: here the file is of the page's own storage.
    await page.evaluate(() => {
      const make = async () => {
        const root = await navigator.storage.getDirectory();
        return root.getFileHandle('docs.zip', { create: true });
      };
      Reflect.set(window, 'showSaveFilePicker', make);
    });
    await download.click();
    const written = () => page.evaluate(writtenArchive);
    await expect.poll(written, { timeout: 20_000 }).not.toBe('');
    expect(sorted(zipEntries(Buffer.from(await written(), 'base64')))).toEqual(sorted(files));
  });
}

function transferTest(at: Stage): void {
  it('copies, moves, renames and deletes what is chosen, and undoes it', async () => {
    for (const name of ['a', 'b', 'c', 'd']) await at().put(`docs/desk/${name}.txt`, name);
    await at().put('docs/there/c.txt', 'was there before');
    const page = await at().open('nyc', '#/files/docs/desk/');
    const chosen = page.getByRole('toolbar', { name: 'Chosen' });
    const said = page.getByRole('status');
    await page.getByLabel('Choose a.txt').check();
    await page.getByLabel('Choose c.txt').click({ modifiers: ['Shift'] });
    await page.getByLabel('Choose b.txt').waitFor();
    // A copy beside itself has another name.
    await page.getByRole('row', { name: 'a.txt' }).click({ position: { x: 400, y: 10 } });
    await page.keyboard.press('Escape');
    await page.getByLabel('Choose a.txt').check();
    await chosen.getByRole('button', { name: 'Copy' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Copy' }).click();
    await page.getByRole('link', { name: 'a copy.txt' }).waitFor();
    expect(await at().read('docs/desk/a copy.txt')).toBe('a');
    // What is there already is not overwritten by a move; the rest moves.
    await page.getByLabel('Choose b.txt').check();
    await page.getByLabel('Choose c.txt').check();
    await chosen.getByRole('button', { name: 'Move' }).click();
    await page.getByLabel('To the folder').fill('docs/there');
    await page.getByRole('dialog').getByRole('button', { name: 'Move' }).click();
    await said.getByText('c.txt: There is a file of that name already.').waitFor();
    await page.getByRole('link', { name: 'b.txt' }).waitFor({ state: 'detached' });
    expect(await at().read('docs/there/b.txt')).toBe('b');
    expect(await at().read('docs/there/c.txt')).toBe('was there before');
    expect(await at().read('docs/desk/c.txt')).toBe('c');
    // What was not done, or not gone through with, stays chosen.
    await chosen.getByText('1 item').waitFor();
    await page.getByLabel('Choose c.txt').uncheck();
    await page.getByLabel('Choose d.txt').check();
    await chosen.getByRole('button', { name: 'Rename' }).click();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await chosen.getByText('1 item').waitFor();
    await chosen.getByRole('button', { name: 'Rename' }).click();
    await page.getByLabel('New name').fill('e.txt');
    await page.getByRole('dialog').getByRole('button', { name: 'Rename' }).click();
    await page.getByRole('link', { name: 'e.txt' }).waitFor();
    await page.getByRole('link', { name: 'd.txt' }).waitFor({ state: 'detached' });
    // A folder goes with everything below it, after a question.
    await page.getByRole('link', { name: 'docs', exact: true }).click();
    await page.getByLabel('Choose desk').check();
    await chosen.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('heading', { name: 'Delete 4 files?' }).waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('link', { name: 'desk' }).waitFor({ state: 'detached' });
    await said.getByRole('button', { name: 'Undo' }).click();
    await page.getByRole('link', { name: 'desk' }).waitFor();
    await said.getByText('Brought back 4 files').waitFor();
    for (const name of ['a', 'a copy', 'c']) {
      expect(await at().read(`docs/desk/${name}.txt`)).toBe(name[0]);
    }
    at().complaints = at().complaints.filter((said) => !said.includes('412'));
  });
}

function keyboardTest(at: Stage): void {
  it('chooses, renames and deletes by keyboard', async () => {
    for (const name of ['a', 'b', 'c', 'd']) await at().put(`docs/board/${name}.txt`, name);
    const page = await at().open('tor', '#/files/docs/board/');
    await page.getByRole('link', { name: 'd.txt' }).waitFor();
    const chosen = () => page.locator('[role=row][aria-selected=true] a').allInnerTexts();
    const press = async (...keys: string[]) => {
      for (const key of keys) await page.keyboard.press(key);
    };
    await page.getByRole('grid').focus();
    await press('ArrowDown', 'Shift+ArrowDown', 'Shift+ArrowDown');
    expect(await chosen()).toEqual(['b.txt', 'c.txt', 'd.txt']);
    await press('Shift+ArrowUp');
    expect(await chosen()).toEqual(['b.txt', 'c.txt']);
    await press('Control+a');
    expect(await chosen()).toHaveLength(4);
    await press('Escape', 'Home', 'Space', 'End', 'Space');
    expect(await chosen()).toEqual(['a.txt', 'd.txt']);
    await press('Delete');
    await page.getByRole('link', { name: 'a.txt' }).waitFor({ state: 'detached' });
    await expect
      .poll(() => page.locator('[role=row] a').allInnerTexts())
      .toEqual(['b.txt', 'c.txt']);
    // The keyboard stands on a row that is there.
    await press('ArrowUp', 'ArrowUp', 'F2');
    await page.getByLabel('New name').fill('z.txt');
    await press('Enter');
    await expect
      .poll(() => page.locator('[role=row] a').allInnerTexts())
      .toEqual(['c.txt', 'z.txt']);
    // In the head of the table Enter sorts; it opens nothing.
    await page.getByRole('button', { name: 'Name' }).focus();
    await press('Enter');
    await expect
      .poll(() => page.locator('[role=row] a').allInnerTexts())
      .toEqual(['z.txt', 'c.txt']);
    await page.getByRole('grid').focus();
    await press('Home', 'Enter');
    await page.getByRole('heading', { name: 'z.txt' }).waitFor();
  });
}

function versionTest(at: Stage): void {
  it('shows what changed between two versions, and restores one', async () => {
    const lines = Array.from({ length: 60 }, (_, index) => `line ${index}\n`);
    await at().put('docs/told.txt', lines.join(''));
    await at().put('docs/told.txt', lines.with(30, 'changed <b>here</b>\n').join(''));
    const page = await at().open('lon', '#/file/docs/told.txt');
    await page.getByRole('button', { name: 'What changed' }).click();
    const diff = page.getByRole('region', { name: 'From version 1 to 2' });
    await diff.waitFor();
    const changed = diff.locator('.removed, .added');
    expect(await changed.locator('code').allInnerTexts()).toEqual([
      'line 30',
      'changed <b>here</b>',
    ]);
    expect(await diff.getByText('lines the same').count()).toBe(2);
    expect(await seriousFaults(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('row', { name: /^1 / }).getByRole('button', { name: 'Restore' }).click();
    await page.getByText('Version 1 is the newest again, as version 3').waitFor();
    await page.getByRole('row', { name: /^3 newest/ }).waitFor();
    expect(await at().read('docs/told.txt')).toBe(lines.join(''));
    // A question that is not gone through with leaves the page; a new name is gone to.
    await page.getByRole('button', { name: 'Rename' }).click();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('heading', { name: 'told.txt' }).waitFor();
    await page.getByRole('button', { name: 'Rename' }).click();
    await page.getByLabel('New name').fill('retold.txt');
    await page.getByRole('dialog').getByRole('button', { name: 'Rename' }).click();
    await page.getByRole('heading', { name: 'retold.txt' }).waitFor();
    // A deleted file has its history, and comes back from there.
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByText('Deleted “retold.txt”').waitFor();
    await page.goBack();
    await page.getByText('This file is deleted').waitFor();
    await page.getByRole('row', { name: /^1 / }).getByRole('button', { name: 'Restore' }).click();
    await page.getByRole('region', { name: 'Content' }).getByText('line 30').waitFor();
  });
}

function sorted(files: ReadonlyMap<string, Buffer>): [string, string][] {
  const texts = [...files].map(([name, content]): [string, string] => [
    name,
    content.toString('base64'),
  ]);
  return texts.sort(([a], [b]) => (a < b ? -1 : 1));
}

/** In the page: what was written into its own storage, in base64; '' before it is closed. */
async function writtenArchive(): Promise<string> {
  const root = await navigator.storage.getDirectory();
  const handle = await root.getFileHandle('docs.zip').catch(() => null);
  const file = await handle?.getFile();
  const bytes = new Uint8Array((await file?.arrayBuffer()) ?? []);
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}
