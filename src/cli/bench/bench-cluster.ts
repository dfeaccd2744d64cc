import { join } from 'node:path';
import { HttpClient } from '../../client/http-client.js';
import type { SiteEndpoint } from '../../client/site-endpoint.js';
import type { LocalMembers } from '../../coordinator/etcd/local-members.js';
import type { CoordinatorKind } from '../up/etcd-plan.js';
import { readWan } from '../up/cluster-plan.js';
import type { SiteChild } from '../up/site-child.js';
import type { Supervisor } from '../up/supervisor.js';
import { startSupervisor } from '../up/supervisor.js';
import { siteCommand } from '../up/up-command.js';
import type { S3Credentials } from '../s3-signer.js';
import { showKey } from './bench-key.js';
import { cpuMs, MemoryPeak } from './process-figures.js';

export const BUCKET = 'bench';
const SETTLE_LIMIT_MS = 300_000;
const ASK_EVERY_MS = 25;

export interface ClusterOptions {
  readonly dataFolder: string;
  readonly basePort: number;
  readonly wan: string;
  readonly coordinator: CoordinatorKind;
  readonly report: (message: string) => void;
}

/** A workload that cannot go on. */
export class BenchFailed extends Error {
  override readonly name = 'BenchFailed';
}

/** The cluster that is measured: processes of its own, real disks, fsync on. */
export class BenchCluster {
  readonly #supervisor: Supervisor;
  #s3Key: S3Credentials | null = null;

  private constructor(supervisor: Supervisor) {
    this.#supervisor = supervisor;
  }

  static async start(options: ClusterOptions): Promise<BenchCluster> {
    const started = await startSupervisor({
      dataFolder: join(options.dataFolder),
      basePort: options.basePort,
      wan: readWan(options.wan),
      fsync: true,
      coordinator: options.coordinator,
      siteCommand: siteCommand(),
      report: options.report,
    });
    if (!started.ok) throw new BenchFailed(started.message);
    showKey(started.supervisor.adminKey);
    const cluster = new BenchCluster(started.supervisor);
    try {
      await cluster.whole();
      const made = await cluster.near('nyc').createBucket(BUCKET);
      const exists = made.outcome === 'rejected' && made.code === 'bucket_exists';
      if (made.outcome !== 'committed' && !exists) throw new BenchFailed(made.message);
      await cluster.whole();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  /** The administrator's. */
  get key(): string {
    return this.#supervisor.adminKey;
  }

  stop(): Promise<void> {
    return this.#supervisor.stop();
  }

  /** Null where the coordinator is the embedded one. */
  get etcd(): LocalMembers | null {
    return this.#supervisor.etcd;
  }

  get sites(): string[] {
    return this.#supervisor.sites.map(({ site }) => site);
  }

  child(site: string): SiteChild {
    const child = this.#supervisor.children.find((other) => other.site === site);
    if (!child) throw new BenchFailed(`there is no site ${site}`);
    return child;
  }

  port(site: string): number {
    return this.#supervisor.sites.find((other) => other.site === site)?.httpPort ?? 0;
  }

  s3Port(site: string): number {
    return this.#supervisor.sites.find((other) => other.site === site)?.s3Port ?? 0;
  }

  /** A key for everything, made at the first call. */
  async s3Key(): Promise<S3Credentials> {
    if (this.#s3Key === null) {
      const made = await this.near('nyc').createKey('bench', [{ buckets: '*', level: 'owner' }]);
      if (!made.ok) throw new BenchFailed(made.message);
      this.#s3Key = { accessKeyId: made.value.id, secret: made.value.secret };
    }
    return this.#s3Key;
  }

  get endpoints(): SiteEndpoint[] {
    return this.sites.map((site) => ({ site, url: `http://127.0.0.1:${this.port(site)}` }));
  }

  /** A client that begins at a site and falls to the next. */
  near(site: string): HttpClient {
    return new HttpClient({ sites: this.endpoints, near: site, key: this.key });
  }

  /** A client that asks one site, once. */
  only(site: string): HttpClient {
    return new HttpClient({
      sites: this.endpoints.filter((endpoint) => endpoint.site === site),
      near: site,
      retries: { deadlineMs: 0, backoffMs: [0, 0] },
      key: this.key,
    });
  }

  /** Processor time of the sites and of the coordinator, which runs in this process. */
  cpuMs(): number {
    const { user, system } = process.cpuUsage();
    return [...this.pids().values()].reduce((sum, pid) => sum + cpuMs(pid), (user + system) / 1000);
  }

  watchMemory(): MemoryPeak {
    return new MemoryPeak(this.pids());
  }

  pids(): Map<string, number> {
    const pids = new Map<string, number>();
    for (const { site, pid } of this.#supervisor.children) if (pid !== null) pids.set(site, pid);
    return pids;
  }

  /**
   * Waits until every shard is led by its home and every replica has everything; under writers, for
   * whom something is always on its way, until no replica is behind by more than that.
   */
  whole(underWriters = false): Promise<void> {
    return eventually('the cluster to be whole', async () => {
      const views = await Promise.all(this.sites.map((site) => this.only(site).cluster()));
      const led = views.flatMap((view) =>
        view.ok ? view.value.shards.filter(({ role }) => role === 'primary') : [],
      );
      return (
        led.length === this.sites.length &&
        led.every(({ home, primary }) => home === primary) &&
        led.every(({ replicas }) =>
          replicas.every(
            ({ state, behindEntries }) =>
              state === 'current' && (underWriters || behindEntries === 0),
          ),
        )
      );
    });
  }
}

/** Asks again and again; throws BenchFailed when it does not hold in time. */
export async function eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
  const startMs = performance.now();
  while (!(await holds())) {
    if (performance.now() - startMs > SETTLE_LIMIT_MS) {
      throw new BenchFailed(`waited ${SETTLE_LIMIT_MS / 1000} s in vain for ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
}
