import { decideStart } from '../protocol/node/start.js';
import type { ClusterSites, SiteRecord } from '../protocol/ports.js';
import type { ShardStart } from '../protocol/shard/state.js';
import { writeSiteRecord } from '../storage/site-record.js';
import { PROGRAM_VERSION } from './cluster-status.js';
import { readRestored } from './backup/restored-marks.js';
import { openCoordinator } from './open-coordinator.js';
import { openShard } from './open-shard.js';
import { openStores, type SiteStores } from './open-stores.js';
import { PatientCoordinator, agreeOnCluster, register } from './registration.js';
import type { RunningSite } from './running-site.js';
import type { SiteConfig } from './site-config.js';
import { readSeal } from './seal.js';
import { changedSince, isOfCluster } from './site-list.js';
import { openCredentials } from './site-credentials.js';
import { type SiteDurations, SiteProcess } from './site-process.js';
import { SiteRefused, type StartFailure, startFailure } from './start-failure.js';
import { createJournal } from './telemetry/journal.js';
import type { Report } from './telemetry/site-log.js';
import { SiteTelemetry } from './telemetry/site-telemetry.js';

const SLOW_REQUEST_MS = 1000;

export interface SiteOptions {
  /** Told what an operator should know, one sentence each. */
  readonly report?: (message: string) => void;
  /** Gives up a start that is under way. */
  readonly signal?: AbortSignal;
  /** For tests that cannot wait as long as sites in different cities have to. */
  readonly durations?: SiteDurations;
}

export type SiteStart = { readonly ok: true; readonly site: RunningSite } | StartFailure;

/** Like `startSite`; rejects with SiteRefused. */
export async function runSite(config: SiteConfig, options: SiteOptions = {}): Promise<RunningSite> {
  const started = await startSite(config, options);
  if (started.ok) return started.site;
  throw new SiteRefused(started);
}

/**
 * Starts one site on what its disk holds and resolves once it can serve: registered, and in touch
 * with a write quorum or past a few seconds of trying. Waits for as long as the coordinator does
 * not answer.
 */
export async function startSite(config: SiteConfig, options: SiteOptions = {}): Promise<SiteStart> {
  const { site: id, slowRequestMs = SLOW_REQUEST_MS } = config;
  const journal = createJournal(id, config.log, options.report);
  const { report } = journal;
  const signal = options.signal ?? new AbortController().signal;
  const seal = await readSeal(config.sealKeyFile);
  if (typeof seal === 'string') return startFailure('wrong_config', seal);
  const credentials = await openCredentials(config, report);
  if (typeof credentials === 'string') return startFailure('wrong_config', credentials);
  const { clusterId } = config.cluster;
  const tracing = config.telemetry && { site: id, clusterId, ...config.telemetry };
  const settings = { site: id, slowRequestMs, ...(tracing && { tracing }) };
  const telemetry = new SiteTelemetry(settings, journal);
  const giveUp = async (failure: StartFailure): Promise<StartFailure> => {
    credentials?.close();
    await telemetry.close();
    return failure;
  };
  const restored = await readRestored(config.dataFolder);
  if (!restored.ok) return giveUp(startFailure('storage_failed', restored.message));
  const opened = await openStores(config, report, telemetry.stores);
  if (!opened.ok) return giveUp(opened);
  const { stores } = opened;
  await telemetry.keepIn(config.dataFolder);
  const reached = await openCoordinator(config, report, signal);
  if (!reached.ok) {
    await stores.close();
    return giveUp(reached);
  }
  const { coordinator } = reached;
  const abandon = async (failure: StartFailure): Promise<StartFailure> => {
    coordinator.close();
    await giveUp(failure);
    await stores.close();
    return failure;
  };
  try {
    const patient = new PatientCoordinator(coordinator, report, signal);
    const disagreement = await agreeOnCluster(patient, config, restored.table);
    if (disagreement !== null) return await abandon(disagreement);
    const declared = await declare(config, stores, patient, report);
    if (!declared.ok) return await abandon(declared);
    const declaration = { ...declared, seal, credentials, durations: options.durations ?? {} };
    const site = new SiteProcess(config, stores, coordinator, declaration, telemetry);
    const listening = await site.start();
    if (listening === null) {
      report(`has started, version ${PROGRAM_VERSION}`, { event: 'started' });
      return { ok: true, site };
    }
    return await abandon(startFailure('port_taken', listening));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return await abandon(startFailure(signal.aborted ? 'cancelled' : 'storage_failed', message));
  }
}

/**
 * Finds out whether this is the disk the site stopped with, and says so, first on the disk and then
 * at the coordinator: shards, then the record, then the registration.
 */
async function declare(
  config: SiteConfig,
  stores: SiteStores,
  patient: PatientCoordinator,
  report: Report,
): Promise<
  | {
      readonly ok: true;
      readonly record: SiteRecord;
      readonly retired: number;
      readonly sites: ClusterSites;
      readonly starts: Map<string, ShardStart>;
    }
  | StartFailure
> {
  const { site, cluster, dataFolder } = config;
  const { value: sites } = await patient.read('sites');
  if (sites === null) throw new Error('the list of sites has gone from the coordinator');
  // † Before it is registered: who was a site once is not added again.
  if (!isOfCluster(sites, site)) {
    const there = sites.sites.join(', ');
    const message = `${site} is none of the cluster's sites, ${there}: add it with "quorate site add", or it was removed`;
    return startFailure('not_a_site', message);
  }
  const since = sites.since[site] ?? 0;
  if (stores.record !== null && stores.record.incarnation < since) {
    const message = `${dataFolder} is of a machine of ${site} that was replaced: it may not come back. To use this machine as the new one, empty the folder`;
    return startFailure('replaced', message);
  }
  const known = await patient.read(`site/${site}`);
  const { record, lost } = decideStart(site, stores.record, known.value, stores.damaged);
  const starts = new Map<string, ShardStart>();
  for (const [shard, opened] of stores.takeOpened()) {
    const log = stores.logs.get(shard);
    if (log === undefined) continue;
    const claim = await patient.read(`claim/${shard}`);
    const view = stores.views.shard(shard);
    const { chunks } = stores;
    const parts = { opened, log, view, chunks, claim: claim.value, rules: config.table, lost };
    starts.set(shard, await openShard(parts));
  }
  const failure = await writeSiteRecord(dataFolder, { clusterId: cluster.clusterId, ...record });
  if (failure !== null) return startFailure('storage_failed', failure.message);
  const refused = await register(patient, known.revision, record);
  if (refused !== null) return refused;
  await stores.damageDeclared();
  const change = changedSince(config, sites);
  if (change !== null) report(change);
  return { ok: true, record, retired: Math.max(0, since - 1), sites, starts };
}
