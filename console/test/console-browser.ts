import { existsSync } from 'node:fs';
import axe from 'axe-core';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';

/*
 * Debian's chromium is looked for where it installs itself; where there is none the tests that need
 * it are left out, and vitest says so.
 */
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
export const HAS_CHROMIUM = existsSync(CHROMIUM);
/** What a page has to show by then, on a machine busy with everything else. */
export const WAIT_MS = 45_000;

/** Every view of the console, one file's page among them. */
export function viewsWith(file: string): string[] {
  const ofFiles = ['#/files', '#/files/docs/', `#/file/docs/${file}`, '#/map', '#/replay'];
  const tabs = ['sites', 'primaries', 'keys', 'buckets', 'upkeep'];
  return [...ofFiles, ...tabs.map((tab) => `#/admin/${tab}`)];
}

/** A running store that has a console. */
export interface ServedStore {
  readonly adminKey: string;
  url(site: string): string;
}

interface AxeRun {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string;
    readonly nodes: readonly { readonly html: string }[];
  }[];
}

/** For tests: a real browser before a running store. */
export class ConsoleBrowser {
  /** What pages say on their console, and ask of other hosts: neither should ever be. */
  complaints: string[] = [];
  private contexts: BrowserContext[] = [];

  private constructor(
    readonly browser: Browser,
    readonly store: ServedStore,
  ) {}

  static async start(starting: Promise<ServedStore>): Promise<ConsoleBrowser> {
    const launching = chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
    const [browser, store] = await Promise.all([launching, starting]);
    return new ConsoleBrowser(browser, store);
  }

  close(): Promise<void> {
    return this.browser.close();
  }

  /** Ends what a test opened, and gives what its pages complained of. */
  async settle(): Promise<string[]> {
    await Promise.all(this.contexts.map((context) => context.close()));
    this.contexts = [];
    const said = this.complaints;
    this.complaints = [];
    return said;
  }

  /** A page of its own browser profile, signed in by hand. */
  async open(site: string, hash: string, key = this.store.adminKey): Promise<Page> {
    const context = await this.browser.newContext({ viewport: { width: 1280, height: 800 } });
    this.contexts.push(context);
    const page = await context.newPage();
    page.setDefaultTimeout(WAIT_MS);
    const { host } = new URL(this.store.url(site));
    page.on('request', (request) => {
      const url = new URL(request.url());
      if (/^(http|ws)/.test(url.protocol) && url.host !== host) {
        this.complaints.push(`asks ${request.url()}`);
      }
    });
    await page.goto(`${this.store.url(site)}/${hash}`);
    await page.getByLabel('Key').fill(key);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('navigation', { name: 'Main' }).waitFor();
    // Only from here on: that nobody was signed in yet is a refusal that browsers complain about.
    page.on('console', (message) => {
      if (message.type() !== 'error') return;
      this.complaints.push(`${message.text()} ${message.location().url}`);
    });
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    return page;
  }

  /** Asks a site beside the browser, with the administrator's key if no other is given. */
  ask(path: string, init: RequestInit = {}, site = 'nyc', key = this.store.adminKey) {
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${key}`);
    return fetch(`${this.store.url(site)}${path}`, { ...init, headers });
  }

  async put(name: string, content: string | Buffer, type = 'text/plain'): Promise<void> {
    const body = typeof content === 'string' ? content : new Uint8Array(content);
    const headers = { 'content-type': type };
    const answer = await this.ask(`/v1/files/${encodeURI(name)}`, { method: 'PUT', body, headers });
    expect(answer.ok).toBe(true);
  }

  async read(name: string): Promise<string> {
    const answer = await this.ask(`/v1/files/${encodeURI(name)}`);
    expect(answer.ok).toBe(true);
    return answer.text();
  }
}

/** What axe finds that keeps somebody out. */
export async function seriousFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const run = await page.evaluate<AxeRun>('axe.run()');
  return run.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 200)}`);
}
