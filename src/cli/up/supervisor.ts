import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { startEmbeddedCoordinator } from '../../coordinator/embedded-coordinator.js';
import { adminKeyHash } from '../../site/access/admin-key.js';
import type { SiteConfig } from '../../site/site-config.js';
import type { Wan } from '../../transport/wan.js';
import { siteConfigText } from '../site-config.js';
import { HOST, planSites } from './cluster-plan.js';
import { claimDataFolder } from './data-folder.js';
import type { ChildTimes } from './site-child.js';
import { SiteChild } from './site-child.js';
import { supervisorRoutes } from './supervisor-routes.js';

export interface SupervisorOptions {
  /** Absolute. */
  readonly dataFolder: string;
  readonly basePort: number;
  readonly wan: Wan;
  readonly fsync: boolean;
  /** The command of a site process; the configuration file's path is added to it. */
  readonly siteCommand: { readonly file: string; readonly arguments: readonly string[] };
  readonly report: (message: string) => void;
  readonly childTimes?: ChildTimes;
}

export interface Supervisor {
  readonly sites: readonly SiteConfig[];
  /** The process of each site, in the same order. */
  readonly children: readonly SiteChild[];
  /** The administrator's. */
  readonly adminKey: string;
  stop(): Promise<void>;
}

export type SupervisorStart =
  | { readonly ok: true; readonly supervisor: Supervisor }
  | { readonly ok: false; readonly message: string };

interface StartedAll {
  readonly ok: true;
  readonly sites: SiteConfig[];
  readonly children: SiteChild[];
  readonly adminKey: string;
}

type Undo = () => Promise<void>;

/**
 * Starts a whole cluster on this machine: the coordinator in this process, each site in a process
 * of its own that ends with this one. Ready when every site is; else nothing is left running.
 */
export async function startSupervisor(options: SupervisorOptions): Promise<SupervisorStart> {
  const undo: Undo[] = [];
  const stop = async (): Promise<void> => {
    for (let step = undo.pop(); step; step = undo.pop()) await step();
  };
  const started = await startAll(options, undo);
  if (!started.ok) {
    await stop();
    return started;
  }
  const { sites, children, adminKey } = started;
  return { ok: true, supervisor: { sites, children, adminKey, stop } };
}

async function startAll(
  options: SupervisorOptions,
  undo: Undo[],
): Promise<StartedAll | { ok: false; message: string }> {
  const { dataFolder, basePort, report } = options;
  const claimed = await claimDataFolder(dataFolder, basePort);
  if (!claimed.ok) return claimed;
  undo.push(claimed.release);
  const { clusterId, adminKey } = claimed;
  const hash = adminKeyHash(adminKey);
  const sites = planSites({ ...options, clusterId, adminKeyHash: hash });
  const taken = await takenPorts(
    sites.flatMap(({ httpPort, s3Port = 0, peerPort }) => [httpPort, s3Port, peerPort]),
  );
  if (taken.length > 0) return { ok: false, message: portsTaken(taken, basePort) };

  const children = await Promise.all(sites.map((config) => prepareChild(options, config)));
  const coordinator = await startEmbeddedCoordinator({
    path: join(dataFolder, 'coordinator', 'state'),
    host: HOST,
    port: basePort,
    extra: supervisorRoutes(dataFolder, children, hash),
    report,
  });
  if (!coordinator.ok) {
    if (coordinator.reason === 'port_taken') {
      return { ok: false, message: portsTaken([basePort], basePort) };
    }
    return { ok: false, message: `the coordinator cannot start: ${coordinator.message}` };
  }
  undo.push(() => coordinator.coordinator.close());
  undo.push(async () => {
    await Promise.all(children.map((child) => child.stop('clean')));
  });
  const results = await Promise.all(
    children.map(async (child) => ({ child, started: await child.start() })),
  );
  const failures = results.flatMap(({ child, started }) =>
    started.ok ? [] : [`${child.site} cannot start: ${started.message}`],
  );
  return failures.length > 0
    ? { ok: false, message: failures.join('\n') }
    : { ok: true, sites, children, adminKey };
}

async function prepareChild(options: SupervisorOptions, config: SiteConfig): Promise<SiteChild> {
  const { dataFolder, siteCommand, report, childTimes } = options;
  const logs = join(dataFolder, 'logs');
  await mkdir(logs, { recursive: true });
  const configFile = join(dataFolder, `${config.site}.toml`);
  await writeFile(configFile, siteConfigText(config));
  return new SiteChild(
    config.site,
    {
      file: siteCommand.file,
      arguments: [...siteCommand.arguments, configFile],
      logFile: join(logs, `${config.site}.log`),
    },
    report,
    childTimes,
  );
}

function portsTaken(ports: readonly number[], basePort: number): string {
  const many = ports.length > 1;
  return (
    `port${many ? 's' : ''} ${ports.join(', ')} of ${HOST} ${many ? 'are' : 'is'} taken, ` +
    'perhaps by a cluster that runs already (see: quorate status).\n' +
    `Stop what has ${many ? 'them' : 'it'}, or use other ports: --base-port ${basePort + 100}`
  );
}

async function takenPorts(ports: readonly number[]): Promise<number[]> {
  const free = await Promise.all(ports.map(isFree));
  return ports.filter((_, index) => free[index] === false);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, HOST, () => server.close(() => resolve(true)));
  });
}
