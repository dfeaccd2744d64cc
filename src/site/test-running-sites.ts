import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type EmbeddedCoordinator,
  startEmbeddedCoordinator,
} from '../coordinator/embedded-coordinator.js';
import { runSite } from './run-site.js';
import type { SiteAddress } from '../protocol/ports.js';
import type { RunningSite } from './running-site.js';
import { newSealKey } from './seal.js';
import type { SiteConfig, SiteTls } from './site-config.js';
import { freePort } from '../transport/free-ports.js';

const SITES = ['nyc', 'tor', 'lon'];
const HOST = '127.0.0.1';
const EVENTUALLY_MS = 20_000;

export interface RunningSitesOptions {
  /** The certificates of a site, if the sites prove themselves to each other. */
  readonly tls?: (site: string) => Promise<SiteTls>;
  /** Where spans go. */
  readonly telemetry?: SiteConfig['telemetry'];
  /** Logs to the standard error; else the sites say nothing. */
  readonly log?: SiteConfig['log'];
  /** Does something with a site's data folder before it starts. */
  readonly prepare?: (config: SiteConfig) => Promise<void>;
}

/** For tests: three sites in this process on real disks and sockets, with a coordinator. */
export class RunningSites {
  private readonly running = new Map<string, RunningSite>();

  private constructor(
    private readonly folder: string,
    private readonly coordinator: EmbeddedCoordinator,
    private readonly peerPorts: Map<string, number>,
  ) {}

  static async start(options: RunningSitesOptions = {}): Promise<RunningSites> {
    const { tls, prepare, telemetry, log } = options;
    const folder = await mkdtemp(join(tmpdir(), 'quorate-sites-'));
    const path = join(folder, 'coordinator', 'state');
    const started = await startEmbeddedCoordinator({ path, host: HOST, port: 0 });
    if (!started.ok) throw new Error(started.message);
    await writeFile(join(folder, 'seal.key'), newSealKey());
    const ports = await Promise.all(
      SITES.map(async (site): Promise<[string, number]> => [site, await freePort()]),
    );
    const peerPorts = new Map(ports);
    const sites = new RunningSites(folder, started.coordinator, peerPorts);
    await Promise.all(
      SITES.map(async (site) => {
        const certificates = await tls?.(site);
        const config = {
          ...sites.configOf(site),
          ...(certificates && { tls: certificates }),
          ...(telemetry && { telemetry }),
          ...(log && { log }),
        };
        await prepare?.(config);
        const silent = { report: () => undefined };
        sites.running.set(site, await runSite(config, log ? {} : silent));
      }),
    );
    return sites;
  }

  get names(): string[] {
    return [...this.running.keys()];
  }

  at(name: string): RunningSite {
    const site = this.running.get(name);
    if (site === undefined) throw new Error(`${name} does not run`);
    return site;
  }

  dataFolder(name: string): string {
    return join(this.folder, name);
  }

  async stop(name: string): Promise<void> {
    const site = this.running.get(name);
    this.running.delete(name);
    await site?.stop();
  }

  /** Where a site that is to be added will be. */
  async placeOf(site: string): Promise<SiteAddress> {
    this.peerPorts.set(site, this.peerPorts.get(site) ?? (await freePort()));
    return this.addressOf(site);
  }

  /** Starts a site that was stopped, or a new one whose place is known. */
  async run(site: string): Promise<RunningSite> {
    const running = await runSite(this.configOf(site), { report: () => undefined });
    this.running.set(site, running);
    return running;
  }

  /** Stops what still runs and removes its data. */
  async close(): Promise<void> {
    await Promise.all(this.names.map((name) => this.stop(name)));
    await this.coordinator.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  private addressOf(site: string): SiteAddress {
    const httpUrl = `http://${HOST}/${site}`;
    const peerPort = this.peerPorts.get(site) ?? 0;
    return { site, displayName: site, host: HOST, peerPort, httpUrl };
  }

  private configOf(site: string): SiteConfig {
    const all = SITES.map((name) => this.addressOf(name));
    return {
      site,
      displayName: site,
      dataFolder: join(this.folder, site),
      host: HOST,
      httpPort: 1,
      sealKeyFile: join(this.folder, 'seal.key'),
      peerPort: this.addressOf(site).peerPort,
      coordinator: { url: `http://${HOST}:${this.coordinator.port}` },
      peers: all.filter((other) => other.site !== site),
      cluster: { clusterId: 'test', sites: SITES, replicas: 3, writeQuorum: 2, readQuorum: 1 },
      table: [{ pattern: { kind: 'default' }, shards: ['nyc'] }],
      homes: { nyc: 'nyc', tor: 'tor', lon: 'lon' },
      wan: {},
      fsync: true,
    };
  }
}

/** Looks again until it holds, for 20 seconds at most. */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
): Promise<void> {
  const untilMs = performance.now() + EVENTUALLY_MS;
  while (!(await holds())) {
    if (performance.now() > untilMs) throw new Error(`not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
