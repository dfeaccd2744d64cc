import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { type ConsoleBrowser, viewsWith } from './console-browser.ts';

/** What keeps others from what a signed-in page may do. */
export function securityTests(at: () => ConsoleBrowser): void {
  it('keeps its session where no script, no other page and no later user finds it', async () => {
    await at().put('docs/guarded.txt', 'guarded');
    const page = await at().open('nyc', '#/files');
    await page.getByRole('link', { name: 'docs' }).waitFor();
    const cookies = await page.context().cookies();
    expect(cookies).toHaveLength(1);
    // Under TLS it is Secure and __Host-, too: session-cookie.test.ts.
    expect(cookies[0]).toMatchObject({
      name: 'quorate_session',
      domain: '127.0.0.1',
      path: '/',
      httpOnly: true,
      sameSite: 'Strict',
    });
    const token = cookies[0]?.value ?? '';
    await visitAll(page);
    const kept = await page.evaluate(keptByScripts);
    expect(kept).not.toContain(token);
    expect(kept).not.toContain(at().store.adminKey.slice(-12));
    // Another tab of the same browser, with a session of the SDK.
    const other = await page.context().newPage();
    const ended = other.waitForEvent('websocket').then((socket) => socket.waitForEvent('close'));
    await other.goto(`${at().store.url('nyc')}/#/files/docs/`);
    await other.getByRole('navigation', { name: 'Main' }).waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Key').waitFor();
    expect(await page.context().cookies()).toEqual([]);
    expect(await page.evaluate(refusals)).toEqual([401, 401, 401]);
    await other.getByLabel('Key').waitFor();
    await ended;
    at().complaints = at().complaints.filter((said) => !said.includes('401'));
  });

  it('has a policy that lets no foreign script run, and keeps to it in every view', async () => {
    const answer = await fetch(`${at().store.url('tor')}/`);
    const policy = answer.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).not.toMatch(/unsafe|https?:|data:|\*/);
    await at().put('docs/guarded.txt', 'guarded');
    const page = await at().open('tor', '#/files');
    await visitAll(page);
    expect(at().complaints).toEqual([]);
    // That a breach would be seen: a script in the page's own markup, and one in an attribute.
    const ran = await page.evaluate(breaches);
    expect(ran).toEqual([false, false]);
    await expect
      .poll(() => at().complaints.filter((said) => said.includes('Content Security Policy')))
      .not.toEqual([]);
    at().complaints = at().complaints.filter((said) => !said.includes('Content Security Policy'));
  });
}

/** As a user goes through them, without a reload in between. */
async function visitAll(page: Page): Promise<void> {
  for (const view of viewsWith('guarded.txt')) {
    await page.evaluate((hash) => (location.hash = hash), view);
    await page.locator('h1').first().waitFor({ state: 'attached' });
    await page.waitForLoadState('networkidle', { timeout: 500 }).catch(() => undefined);
  }
}

/** In the page: all that its scripts can find of what was kept. */
async function keptByScripts(): Promise<string> {
  const databases = await indexedDB.databases();
  const stored = [{ ...localStorage }, { ...sessionStorage }, document.cookie];
  return JSON.stringify([...stored, databases, await caches.keys()]);
}

/** In the page: what a site answers it without a session. */
function refusals(): Promise<number[]> {
  const paths = ['/v1/session', '/v1/files/docs/guarded.txt', '/v1/keys'];
  return Promise.all(paths.map(async (path) => (await fetch(path)).status));
}

/** In the page: whether a script of its markup ran, and one of an attribute. */
function breaches(): boolean[] {
  const script = document.createElement('script');
  script.textContent = 'globalThis.hasBroken = true';
  document.head.append(script);
  const ran = Reflect.has(globalThis, 'hasBroken');
  const button = document.createElement('button');
  button.setAttribute('onclick', 'globalThis.hasClicked = true');
  document.body.append(button);
  button.click();
  button.remove();
  return [ran, Reflect.has(globalThis, 'hasClicked')];
}
