import type { ClusterStatus } from '../status-types.js';
import type { SiteNode } from '../../protocol/node/site-node.js';
import type { ShardDrive } from '../../protocol/shard-drive.js';
import { actEndsMs } from '../../protocol/shard/acting.js';
import { endSeq, entryAt } from '../../protocol/shard/log-tail.js';
import type { PrimaryRole, ShardState } from '../../protocol/shard/state.js';
import type { SiteStores } from '../open-stores.js';
import type { Verification } from '../site-verifier.js';
import type { MetricPage } from './metric-registry.js';
import type { Readiness } from './readiness.js';

/** Where the numbers of one site are to be found. */
export interface SiteSources {
  readonly node: SiteNode;
  readonly stores: Pick<SiteStores, 'logs' | 'threads'>;
  status(): ClusterStatus;
  readiness(): Readiness;
  requestsUnderWay(): number;
  lastVerification(): { readonly atMs: number; readonly verification: Verification } | null;
}

/** Tells what can be looked up at the moment of asking. */
export function collectSite(page: MetricPage, sources: SiteSources): void {
  const { node } = sources;
  const status = sources.status();
  for (const shard of status.shards) {
    const drive = node.drives.get(shard.shard);
    if (drive !== undefined) collectShard(page, drive, node, status);
  }
  collectPeers(page, status);
  collectLeases(page, status);
  collectUpkeep(page, status, sources);
  for (const { what, expiresMs } of status.certificates ?? []) {
    page.sample('quorate_certificate_expiry_timestamp_seconds', expiresMs / 1000, what);
  }
  for (const [shard, log] of sources.stores.logs) {
    page.sample('quorate_log_backlog_bytes', log.backlogBytes(), shard);
    page.sample('quorate_log_size_bytes', log.sizeBytes(), shard);
    page.sample('quorate_kept_segments_bytes', log.kept.sizeBytes(), shard);
  }
  const { threads, questions } = sources.stores.threads.counts();
  page.sample('quorate_content_threads', threads);
  page.sample('quorate_content_thread_questions', questions);
  page.sample('quorate_requests_under_way', sources.requestsUnderWay());
  page.sample('quorate_requests_limit', node.config.requestLimit);
  page.sample('quorate_build_info', 1, status.version, status.site);
  page.sample('quorate_ready', sources.readiness().ready ? 1 : 0);
}

function collectShard(
  page: MetricPage,
  drive: ShardDrive,
  node: SiteNode,
  status: ClusterStatus,
): void {
  const { shard, state } = drive;
  const { role } = state;
  const told = status.shards.find((each) => each.shard === shard);
  const isPrimary = role.kind === 'primary' && role.phase === 'serving';
  const primary = node.primaryOf(shard);
  const hasPrimary = primary !== '' && node.isConnected(primary);
  page.sample('quorate_shard_primary', isPrimary ? 1 : 0, shard);
  page.sample('quorate_shard_has_primary', hasPrimary ? 1 : 0, shard);
  page.sample('quorate_shard_epoch', told?.epoch ?? 0, shard);
  page.sample('quorate_shard_end_entries', endSeq(state.log), shard);
  page.sample('quorate_shard_commit_entries', state.commitSeq, shard);
  page.sample('quorate_view_lag_entries', Math.max(0, state.commitSeq - state.viewSeq), shard);
  page.sample('quorate_missing_content_entries', state.missing.size, shard);
  if (told !== undefined) {
    const { held, heldForMs, registered, lent, waitingWrites } = told.leases;
    page.sample('quorate_leases_held_files', held, shard);
    page.sample('quorate_lease_left_seconds', heldForMs / 1000, shard);
    page.sample('quorate_leases_registered_files', registered, shard);
    page.sample('quorate_writes_waiting_for_caches', waitingWrites, shard);
    for (const { site, files } of lent)
      page.sample('quorate_leases_lent_files', files, shard, site);
  }
  if (role.kind !== 'primary') return;
  const now = node.ports.timers.now();
  const leftMs = actEndsMs({ s: state, now, out: [] }, role) - state.clock.holderMs;
  page.sample('quorate_claim_left_seconds', Math.max(0, leftMs) / 1000, shard);
  for (const { site, connected } of told?.replicas ?? []) {
    page.sample('quorate_replica_connected', connected ? 1 : 0, shard, site);
  }
  collectReplicas(page, state, role, shard, now.wallMs);
}

function collectReplicas(
  page: MetricPage,
  state: ShardState,
  role: PrimaryRole,
  shard: string,
  wallMs: number,
): void {
  const end = endSeq(state.log);
  for (const [site, { matchSeq }] of role.replicas) {
    const entries = Math.max(0, end - matchSeq);
    // What memory has forgotten is older than what it remembers.
    const oldest = entryAt(state.log, matchSeq + 1) ?? state.log.entries[0];
    const ageMs = entries === 0 || oldest === undefined ? 0 : wallMs - oldest.atMs;
    page.sample('quorate_replica_lag_entries', entries, shard, site);
    page.sample('quorate_replica_lag_seconds', Math.max(0, ageMs) / 1000, shard, site);
  }
}

function collectPeers(page: MetricPage, { sites, site: own }: ClusterStatus): void {
  for (const { site, alive, roundTripMs, sentBytes, receivedBytes, sentMessages } of sites) {
    if (site === own) continue;
    page.sample('quorate_peer_connected', alive ? 1 : 0, site);
    if (roundTripMs !== null) {
      page.sample('quorate_peer_round_trip_seconds', roundTripMs / 1000, site);
    }
    page.sample('quorate_peer_sent_bytes_total', sentBytes ?? 0, site);
    page.sample('quorate_peer_received_bytes_total', receivedBytes ?? 0, site);
    for (const [kind, count] of Object.entries(sentMessages ?? {})) {
      page.sample('quorate_peer_messages_sent_total', count, site, kind);
    }
  }
}

function collectLeases(page: MetricPage, { leases }: ClusterStatus): void {
  page.sample('quorate_sessions', leases.sessions);
  page.sample('quorate_lease_lapses_total', leases.lapsedHolders);
  page.sample('quorate_lease_evictions_total', leases.evicted);
  for (const [freshness, count] of Object.entries(leases.reads)) {
    page.sample('quorate_strong_reads_total', count, freshness);
  }
}

function collectUpkeep(page: MetricPage, status: ClusterStatus, sources: SiteSources): void {
  const { upkeep, storageFailure, repairs } = status;
  page.sample('quorate_storage_failed', storageFailure === null ? 0 : 1);
  page.sample('quorate_repairs_total', repairs);
  if (upkeep !== undefined) {
    const { collected, scrub } = upkeep;
    page.sample('quorate_collected_chunks_total', collected.chunks);
    page.sample('quorate_collected_bytes_total', collected.bytes);
    page.sample('quorate_scrub_running', scrub.running ? 1 : 0);
    page.sample('quorate_scrub_passes_total', scrub.passes);
    page.sample('quorate_scrub_damaged_total', scrub.damaged);
    page.sample('quorate_scrub_missing_total', scrub.missing);
    page.sample('quorate_scrub_repaired_total', scrub.repaired);
    page.sample('quorate_scrub_findings', scrub.findings.length);
  }
  const last = sources.lastVerification();
  if (last === null) return;
  page.sample('quorate_verified_timestamp_seconds', last.atMs / 1000);
  for (const { shard, site, position, differences } of last.verification.views) {
    if (position === null) continue;
    page.sample('quorate_divergent_records', differences.length, shard, site);
  }
}
