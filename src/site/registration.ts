import type {
  ClusterSettings,
  Coordinator,
  CoordinatorDocuments,
  PrimaryTable,
  Revised,
  SiteRecord,
  SwapResult,
} from '../protocol/ports.js';
import { tableFault } from '../protocol/primary-table.js';
import { checkQuorumSizes } from '../protocol/quorum.js';
import type { SiteConfig } from './site-config.js';
import { type StartFailure, startFailure } from './start-failure.js';
import type { Report } from './telemetry/site-log.js';

const RETRY_MS = 200;
/** Between two reports that the coordinator does not answer. */
const REPORT_ROUND_MS = 5000;

type Key = keyof CoordinatorDocuments & string;

/** The coordinator during a start: asked again until it answers, and said so while it does not. */
export class PatientCoordinator {
  private reportedMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly coordinator: Coordinator,
    private readonly report: Report,
    private readonly signal: AbortSignal,
  ) {}

  /** Rejects only when the start is cancelled. */
  async read<K extends Key>(key: K): Promise<Revised<CoordinatorDocuments[K]>> {
    for (;;) {
      this.signal.throwIfAborted();
      const current = await new Promise<Revised<CoordinatorDocuments[K]> | null>((done) =>
        this.coordinator.read(key, done),
      );
      if (current !== null) return current;
      this.complain();
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  swap<K extends Key>(
    key: K,
    revision: number,
    value: CoordinatorDocuments[K],
  ): Promise<SwapResult<CoordinatorDocuments[K]>> {
    return new Promise((done) => this.coordinator.swap(key, revision, value, done));
  }

  /** What the key holds; `value` if it never held anything. */
  async readOrCreate<K extends Key>(
    key: K,
    value: CoordinatorDocuments[K],
  ): Promise<CoordinatorDocuments[K]> {
    for (;;) {
      const current = await this.read(key);
      if (current.value !== null) return current.value;
      const result = await this.swap(key, 0, value);
      if (result.outcome === 'swapped') return value;
      if (result.outcome === 'unknown') this.complain();
    }
  }

  private complain(): void {
    const nowMs = performance.now();
    if (nowMs - this.reportedMs < REPORT_ROUND_MS) return;
    this.reportedMs = nowMs;
    this.report('the coordinator does not answer; trying again until it does', { level: 'warn' });
  }
}

/** Makes the documents of a new cluster, or compares the configuration with those of an old one. */
export async function agreeOnCluster(
  coordinator: PatientCoordinator,
  config: SiteConfig,
  /** Of the cluster that this disk was restored from; null: it was not. */
  restored: PrimaryTable | null = null,
): Promise<StartFailure | null> {
  const { cluster } = config;
  const sizes = checkQuorumSizes(cluster);
  if (!sizes.ok) return startFailure('wrong_config', sizes.message);
  const table: PrimaryTable = restored ?? { version: 1, rules: config.table, pending: null };
  const fault = tableFault(table, Object.keys(config.homes));
  if (fault !== null) return startFailure('wrong_config', `the primary table: ${fault}`);
  const settings = await coordinator.readOrCreate('settings', cluster);
  const difference = differenceOf(settings, cluster);
  if (difference !== null) return startFailure('wrong_config', difference);
  const { sites, writeQuorum } = cluster;
  const first = { version: 0, sites, writeQuorum, since: {}, addresses: [], change: null };
  await coordinator.readOrCreate('sites', first);
  const known = await coordinator.readOrCreate('table', table);
  const unknown = tableFault(known, Object.keys(config.homes));
  return unknown === null
    ? null
    : startFailure('wrong_config', `the cluster's primary table: ${unknown}`);
}

/** How a configuration contradicts what the cluster was made with; null if it does not. */
export function differenceOf(settings: ClusterSettings, config: ClusterSettings): string | null {
  const named = ['clusterId', 'replicas', 'writeQuorum', 'readQuorum'] as const;
  for (const key of named) {
    if (settings[key] !== config[key]) {
      return `the configuration says ${key} = ${config[key]}, the cluster was made with ${settings[key]}`;
    }
  }
  const [theirs, ours] = [settings.sites, config.sites].map((sites) =>
    [...sites].sort().join(', '),
  );
  if (theirs === ours) return null;
  return `the configuration names the sites ${ours}, the cluster was made with ${theirs}`;
}

/** Tells the coordinator of this start. To be done once the record is on this site's disk. */
export async function register(
  coordinator: PatientCoordinator,
  readAtRevision: number,
  record: SiteRecord,
): Promise<StartFailure | null> {
  const key = `site/${record.site}` as const;
  for (let revision = readAtRevision; ; ) {
    const result = await coordinator.swap(key, revision, record);
    if (result.outcome === 'swapped') return null;
    // The answer may have been lost: what stands there tells.
    const current = await coordinator.read(key);
    if (current.value?.starts === record.starts) return null;
    if ((current.value?.starts ?? 0) > record.starts) {
      const message = `another process has started as site ${record.site} meanwhile`;
      return startFailure('site_in_use', message);
    }
    revision = current.revision;
  }
}
