import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HttpClient } from '../../client/http-client.js';
import type { SiteEndpoint } from '../../client/site-endpoint.js';
import type { SiteConfig } from '../../site/site-config.js';
import { CLEAR, type Condition } from '../../transport/fault-proxy/condition.js';
import { SITES } from '../cluster-address.js';
import { siteConfigText } from '../site-config.js';
import { DEFAULT_WAN, HOST, planSites } from '../up/cluster-plan.js';
import { claimDataFolder } from '../up/data-folder.js';
import { SiteChild } from '../up/site-child.js';
import { siteCommand } from '../up/up-command.js';
import { ChaosFailed } from './chaos-failed.js';
import { type ChaosCoordinator, type CoordinatorKind, coordinatorOf } from './coordinators.js';
import { CLIENTS, type Ends, Links } from './links.js';

export interface ClusterOptions {
  readonly dataFolder: string;
  readonly basePort: number;
  readonly coordinator: CoordinatorKind;
  readonly random: () => number;
  readonly report: (message: string) => void;
}

/** Ways begin at this port above the base port. */
const FIRST_WAY_PORT = 40;
const DIRECT_SILENCE_MS = 10_000;
const SHIM = new URL('./disk-shim.js', import.meta.url).href;
/** Short, so that what has no name is collected while the run lasts. */
const UPKEEP = {
  graceMs: 60_000,
  collectEveryMs: 15_000,
  scrubBytesPerSecond: 16 * 1024 * 1024,
  scrubEveryMs: 30_000,
};

/** Three site processes and their coordinator, with a way of ours wherever two of them speak. */
export class ChaosCluster {
  readonly links: Links;
  readonly children = new Map<string, SiteChild>();
  /** Where clients find the sites, over ways that can be cut. */
  readonly clientEndpoints: SiteEndpoint[] = [];
  readonly s3Endpoints: SiteEndpoint[] = [];
  readonly coordinator: ChaosCoordinator;
  private configs: SiteConfig[] = [];
  private nextPort: number;
  private release: () => Promise<void> = () => Promise.resolve();

  constructor(private readonly options: ClusterOptions) {
    this.links = new Links(HOST, options.random);
    this.nextPort = options.basePort + FIRST_WAY_PORT;
    const { dataFolder, basePort, report } = options;
    const openWay = (...way: Parameters<ChaosCluster['way']>) => this.way(...way);
    const sites = SITES.map(({ site }) => site);
    this.coordinator = coordinatorOf(options.coordinator, {
      ...{ sites, dataFolder, basePort, openWay, report },
    });
  }

  /** Throws ChaosFailed; `stop` has to be called all the same. */
  async start(): Promise<void> {
    const { dataFolder, basePort } = this.options;
    const claimed = await claimDataFolder(dataFolder, basePort);
    if (!claimed.ok) throw new ChaosFailed(claimed.message);
    this.release = claimed.release;
    await mkdir(join(dataFolder, 'logs'), { recursive: true });
    const plan = { dataFolder, basePort, clusterId: claimed.clusterId, wan: {}, fsync: true };
    this.configs = planSites(plan);
    try {
      await this.openWays();
    } catch (error) {
      throw new ChaosFailed(`a port above ${basePort} is taken: ${String(error)}`);
    }
    await this.coordinator.start();
    await Promise.all(this.configs.map((config) => this.prepareSite(config)));
    const started = await Promise.all([...this.children.values()].map((child) => child.start()));
    for (const each of started) if (!each.ok) throw new ChaosFailed(each.message);
  }

  async stop(): Promise<void> {
    for (const { pid } of this.children.values()) if (pid !== null) process.kill(pid, 'SIGCONT');
    await Promise.all([...this.children.values()].map((child) => child.stop('clean')));
    await this.coordinator.stop();
    await this.links.close();
    await this.release();
  }

  get sites(): string[] {
    return this.configs.map(({ site }) => site);
  }

  child(site: string): SiteChild {
    const child = this.children.get(site);
    if (child === undefined) throw new Error(`no site ${site}`);
    return child;
  }

  dataFolder(site: string): string {
    return join(this.options.dataFolder, site);
  }

  logFile(name: string): string {
    return join(this.options.dataFolder, 'logs', `${name}.log`);
  }

  async wipe(site: string): Promise<void> {
    await rm(this.dataFolder(site), { recursive: true, force: true });
  }

  /** A client that asks one site, once, and not over a way. */
  direct(site: string, silenceLimitMs = DIRECT_SILENCE_MS): HttpClient {
    const config = this.configs.find((other) => other.site === site);
    const url = `http://${HOST}:${config?.httpPort ?? 0}`;
    const retries = { deadlineMs: 0, backoffMs: [0, 0] } as const;
    return new HttpClient({ sites: [{ site, url }], near: site, retries, silenceLimitMs });
  }

  private async openWays(): Promise<void> {
    const rewired: SiteConfig[] = [];
    for (const config of this.configs) {
      const { site } = config;
      const peers = [];
      for (const peer of config.peers) {
        const port = await this.way(
          { from: site, to: peer.site },
          peer.peerPort,
          usualOf(site, peer.site),
        );
        peers.push({ ...peer, peerPort: port });
      }
      const coordinator = await this.coordinator.wayFor(site);
      rewired.push({ ...config, peers, coordinator, upkeep: UPKEEP });
      const http = await this.way({ from: CLIENTS, to: site }, config.httpPort);
      const s3 = await this.way({ from: CLIENTS, to: site }, config.s3Port ?? 0);
      this.clientEndpoints.push({ site, url: `http://${HOST}:${http}` });
      this.s3Endpoints.push({ site, url: `http://${HOST}:${s3}` });
    }
    this.configs = rewired;
  }

  private async way(ends: Ends, toPort: number, usual = CLEAR): Promise<number> {
    const port = this.nextPort;
    this.nextPort += 1;
    await this.links.open(ends, port, toPort, usual);
    return port;
  }

  private async prepareSite(config: SiteConfig): Promise<void> {
    const configFile = join(this.options.dataFolder, `${config.site}.toml`);
    await writeFile(configFile, siteConfigText(config));
    const command = siteCommand();
    const program = {
      file: command.file,
      arguments: ['--import', SHIM, ...command.arguments, configFile],
      logFile: this.logFile(config.site),
    };
    this.children.set(config.site, new SiteChild(config.site, program, this.options.report));
  }
}

/** The distance between two cities, half of it in each direction. */
function usualOf(a: string, b: string): Condition {
  const link = DEFAULT_WAN[`${a}-${b}`] ?? DEFAULT_WAN[`${b}-${a}`];
  if (link === undefined) return CLEAR;
  return { ...CLEAR, delayMs: link.rttMs / 2, jitterMs: link.jitterMs / 2 };
}
