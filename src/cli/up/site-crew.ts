import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SiteConfig } from '../../site/site-config.js';
import { messageOf } from '../folder-transfer.js';
import { siteConfigText } from '../site-config.js';
import type { ClusterFaults } from './cluster-faults.js';
import { type LocalSite, PLACES, writeLocalSites } from './local-sites.js';
import { type ChildTimes, SiteChild } from './site-child.js';

export interface CrewOptions {
  /** Absolute. */
  readonly dataFolder: string;
  /** The command of a site process; the configuration file's path is added to it. */
  readonly siteCommand: { readonly file: string; readonly arguments: readonly string[] };
  readonly report: (message: string) => void;
  readonly childTimes?: ChildTimes;
}

export type Hired =
  | { readonly ok: true; readonly config: SiteConfig }
  | { readonly ok: false; readonly message: string };

/** The sites of this machine and their processes, of which some come later and some leave. */
export class SiteCrew {
  readonly children: SiteChild[] = [];
  readonly configs: SiteConfig[] = [];
  faults: ClusterFaults | null = null;
  /** Sites that have no place any more and are not out of the way yet. */
  private readonly leaving = new Set<Promise<void>>();

  constructor(
    private readonly options: CrewOptions,
    private sites: readonly LocalSite[],
    /** The configurations of these sites, in their order. */
    private readonly plan: (sites: readonly LocalSite[]) => readonly SiteConfig[],
  ) {}

  get dataFolder(): string {
    return this.options.dataFolder;
  }

  /** Prepares the processes of all sites and starts none. */
  async prepare(): Promise<void> {
    for (const config of this.plan(this.sites)) await this.take(config);
  }

  /** Starts every site; why some could not, a line for each. Those without a place any more leave. */
  async startAll(): Promise<string[]> {
    const results = await Promise.all(
      this.children.map(async (child) => ({ child, started: await child.start() })),
    );
    return results.flatMap(({ child, started }) =>
      started.ok || child.isRetired ? [] : [`${child.site} cannot start: ${started.message}`],
    );
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.leaving, ...this.children.map((child) => child.stop('clean'))]);
  }

  child(site: string): SiteChild | undefined {
    return this.children.find((each) => each.site === site);
  }

  /** Makes room for one more site and does not start it. One that is there already stays as it is. */
  async add(site: string, displayName: string): Promise<Hired> {
    const known = this.configs.find((config) => config.site === site);
    if (known !== undefined) return { ok: true, config: known };
    const taken = new Set(this.sites.map(({ place }) => place));
    const places = Array.from({ length: PLACES }, (_, place) => place);
    const place = places.find((each) => !taken.has(each));
    if (place === undefined) {
      return { ok: false, message: `${PLACES} sites are as many as there may be` };
    }
    try {
      const sites = [...this.sites, { site, displayName, place }];
      const config = this.plan(sites).at(-1);
      if (config === undefined) throw new Error(`there is no plan for ${site}`);
      if (config.peerPort > 65_535) throw new Error('the base port is too high for so many sites');
      await writeLocalSites(this.dataFolder, sites);
      this.sites = sites;
      await this.take(config);
      return { ok: true, config };
    } catch (error) {
      return { ok: false, message: `${site} cannot be prepared: ${messageOf(error)}` };
    }
  }

  /** The site is run no more; what it had on its disk goes out of the way. */
  async leave(child: SiteChild): Promise<void> {
    const { site } = child;
    const index = this.children.indexOf(child);
    if (index < 0) return;
    this.children.splice(index, 1);
    this.configs.splice(index, 1);
    this.sites = this.sites.filter((each) => each.site !== site);
    await child.stop('clean');
    await writeLocalSites(this.dataFolder, this.sites);
    const fault = await this.setAside(site, 'removed');
    if (fault !== null) this.options.report(fault);
  }

  /** Puts the site's folder where a person may still look at it; null, or why it could not. */
  async setAside(site: string, why: 'replaced' | 'removed'): Promise<string | null> {
    const folder = join(this.dataFolder, site);
    try {
      await rename(folder, `${folder}.${why}-${new Date().toISOString().replace(/[:.]/g, '-')}`);
      return null;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      return `${folder} cannot be set aside: ${messageOf(error)}`;
    }
  }

  private async take(config: SiteConfig): Promise<void> {
    const { dataFolder, siteCommand, report, childTimes } = this.options;
    const { site } = config;
    const logs = join(dataFolder, 'logs');
    await mkdir(logs, { recursive: true });
    const configFile = join(dataFolder, `${site}.toml`);
    await writeFile(configFile, siteConfigText(config));
    const program = {
      file: siteCommand.file,
      arguments: [...siteCommand.arguments, configFile],
      logFile: join(logs, `${site}.log`),
    };
    const child = new SiteChild(site, program, report, childTimes);
    child.onRetired = (why) => {
      report(`${site} is not run any more: ${why}`);
      const leaving = this.leave(child)
        .catch((error: unknown) => report(`${site}: ${messageOf(error)}`))
        .finally(() => this.leaving.delete(leaving));
      this.leaving.add(leaving);
    };
    this.children.push(child);
    this.configs.push(config);
    this.faults?.adopt(child);
  }
}
