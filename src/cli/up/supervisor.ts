import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import {
  type EmbeddedCoordinatorOptions,
  startEmbeddedCoordinator,
} from '../../coordinator/embedded-coordinator.js';
import type { LocalMembers } from '../../coordinator/etcd/local-members.js';
import { adminKeyHash } from '../../site/access/admin-key.js';
import type { SiteConfig } from '../../site/site-config.js';
import type { Wan } from '../../transport/wan.js';
import { messageOf } from '../folder-transfer.js';
import { HOST, planSites } from './cluster-plan.js';
import { ClusterFaults } from './cluster-faults.js';
import { claimDataFolder } from './data-folder.js';
import { type CoordinatorKind, coordinatorChange, startEtcd } from './etcd-plan.js';
import { type LocalSite, readLocalSites } from './local-sites.js';
import type { SiteChild } from './site-child.js';
import { type CrewOptions, SiteCrew } from './site-crew.js';
import { supervisorRoutes } from './supervisor-routes.js';

export interface SupervisorOptions extends CrewOptions {
  readonly basePort: number;
  readonly wan: Wan;
  readonly fsync: boolean;
  /** Default embedded: in this process. */
  readonly coordinator?: CoordinatorKind;
}

export interface Supervisor {
  readonly sites: readonly SiteConfig[];
  /** The process of each site, in the same order. */
  readonly children: readonly SiteChild[];
  /** The administrator's. */
  readonly adminKey: string;
  /** Null where the coordinator is the embedded one. */
  readonly etcd: LocalMembers | null;
  stop(): Promise<void>;
}

export type SupervisorStart =
  | { readonly ok: true; readonly supervisor: Supervisor }
  | { readonly ok: false; readonly message: string };

interface StartedAll {
  readonly ok: true;
  readonly sites: readonly SiteConfig[];
  readonly children: readonly SiteChild[];
  readonly adminKey: string;
  readonly etcd: LocalMembers | null;
}

type Undo = () => Promise<void>;

/**
 * Starts a whole cluster on this machine: the coordinator in this process, or an etcd of a member for
 * each site; each site in a process of its own that ends with this one. Ready when every site is; else nothing is left running.
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
  const { sites, children, adminKey, etcd } = started;
  return { ok: true, supervisor: { sites, children, adminKey, etcd, stop } };
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
  const kind = options.coordinator ?? 'embedded';
  const change = await coordinatorChange(dataFolder, kind);
  if (change !== null) return { ok: false, message: change };
  const local = readLocalSites(dataFolder);
  if (typeof local === 'string') return { ok: false, message: local };
  const planAll = (wanted: readonly LocalSite[]): SiteConfig[] =>
    planSites({ ...options, clusterId, adminKeyHash: hash }, wanted);
  const planned = planAll(local);
  const taken = await takenPorts(
    planned.flatMap(({ httpPort, s3Port = 0, peerPort }) => [httpPort, s3Port, peerPort]),
  );
  if (taken.length > 0) return { ok: false, message: portsTaken(taken, basePort) };

  const etcd = kind === 'etcd' ? await startEtcd(options).catch(messageOf) : null;
  if (typeof etcd === 'string') return { ok: false, message: `etcd cannot start: ${etcd}` };
  if (etcd !== null) undo.push(() => etcd.stop());
  const crew = new SiteCrew(options, local, (wanted) =>
    planAll(wanted).map((config) =>
      etcd === null ? config : { ...config, coordinator: etcd.coordinatorOf(config.site) },
    ),
  );
  await crew.prepare();
  crew.faults = new ClusterFaults(crew.children, options.wan);
  const extra = supervisorRoutes(crew, hash);
  const fault = await (etcd === null
    ? serveCoordinator({ path: join(dataFolder, 'coordinator', 'state'), extra, report }, basePort)
    : serveRoutes(extra, basePort)
  ).then((close) => {
    if (typeof close === 'string') return close;
    undo.push(close);
    return null;
  });
  if (fault !== null) return { ok: false, message: fault };
  undo.push(() => crew.stopAll());
  const failures = await crew.startAll();
  if (failures.length > 0) return { ok: false, message: failures.join('\n') };
  const { configs: sites, children } = crew;
  return { ok: true, sites, children, adminKey, etcd: etcd?.members ?? null };
}

/** What ends it, or why it cannot be. */
async function serveCoordinator(
  options: Pick<EmbeddedCoordinatorOptions, 'path' | 'extra' | 'report'>,
  port: number,
): Promise<Undo | string> {
  const started = await startEmbeddedCoordinator({ ...options, host: HOST, port });
  if (started.ok) return () => started.coordinator.close();
  if (started.reason === 'port_taken') return portsTaken([port], port);
  return `the coordinator cannot start: ${started.message}`;
}

/** Where etcd is the coordinator, the port has the supervisor's own routes alone. */
function serveRoutes(
  extra: ReturnType<typeof supervisorRoutes>,
  port: number,
): Promise<Undo | string> {
  const server = createHttpServer((request, response) => {
    if (!extra(request, response)) response.writeHead(404).end();
  });
  return new Promise((resolve) => {
    server.once('error', () => resolve(portsTaken([port], port)));
    server.listen(port, HOST, () =>
      resolve(() => {
        server.closeAllConnections();
        return new Promise((closed) => server.close(() => closed()));
      }),
    );
  });
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
