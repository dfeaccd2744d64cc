import type {
  CertificateStatus,
  ClusterStatus,
  LeaseCounts,
  ReplicaStatus,
  ShardLeases,
  ShardStatus,
  UpkeepStatus,
} from './status-types.js';
import { createRequire } from 'node:module';
import type { SiteNode } from '../protocol/node/site-node.js';
import type { ShardDrive } from '../protocol/shard-drive.js';
import { endSeq } from '../protocol/shard/log-tail.js';
import { homeOf, type ReplicaProgress, type ShardState } from '../protocol/shard/state.js';
import type { SiteList } from './site-list.js';
import { clientUrl, type SiteConfig } from './site-config.js';

export interface StatusSources {
  readonly config: SiteConfig;
  readonly node: SiteNode;
  readonly list: SiteList;
  readonly network: {
    connected(site: string): boolean;
    roundTripMs(site: string): number | null;
    traffic(site: string): { readonly sentBytes: number; readonly receivedBytes: number };
  };
  readonly messages: { sentTo(site: string): Readonly<Record<string, number>> };
  readonly leases: LeaseCounts;
  readonly repairs: number;
  readonly upkeep: UpkeepStatus;
  readonly storageFailure: string | null;
  readonly certificates: readonly CertificateStatus[];
}

/** A replica this many entries behind is current: the rest is in flight. */
const IN_FLIGHT_ENTRIES = 256;

/** The version of this program, as its package says. */
export const PROGRAM_VERSION = (
  createRequire(import.meta.url)('../../package.json') as { version: string }
).version;

/** The cluster as this site sees it now. */
export function clusterStatus(sources: StatusSources): ClusterStatus {
  const { config, node, list, leases, repairs, upkeep, storageFailure, certificates } = sources;
  const { configuration } = list;
  return {
    site: config.site,
    version: PROGRAM_VERSION,
    s3Url: config.s3Port === undefined ? null : clientUrl(config, config.s3Port),
    clusterId: config.cluster.clusterId,
    replicas: configuration.sites.length,
    writeQuorum: configuration.writeQuorum,
    sites: list.sites.map((site) => siteStatus(site, sources)),
    shards: [...node.drives].map(([shard, drive]) =>
      shardStatus(drive, homeOf(drive.state), node.primaryOf(shard)),
    ),
    change: node.siteChanges.sites?.change ?? null,
    leases,
    repairs,
    upkeep,
    storageFailure,
    ...(certificates.length > 0 && { certificates }),
  };
}

function siteStatus(
  site: string,
  { config, network, messages, list }: StatusSources,
): ClusterStatus['sites'][number] {
  const counts = list.configuration.sites.includes(site);
  if (site === config.site) {
    const url = clientUrl(config, config.httpPort);
    return { site, counts, displayName: config.displayName, url, alive: true, roundTripMs: 0 };
  }
  const peer = list.addressOf(site);
  return {
    site,
    counts,
    displayName: peer?.displayName ?? site,
    url: peer?.httpUrl ?? '',
    alive: network.connected(site),
    roundTripMs: network.roundTripMs(site),
    ...network.traffic(site),
    sentMessages: messages.sentTo(site),
  };
}

function shardStatus({ shard, state }: ShardDrive, home: string, primary: string): ShardStatus {
  const { role } = state;
  const replicas =
    role.kind === 'primary'
      ? [...role.replicas].map(([site, progress]) => replicaStatus(state, site, progress))
      : [];
  return {
    shard,
    home,
    primary,
    epoch: role.kind === 'replica' ? (state.leader?.reign.epoch ?? 0) : role.epoch,
    role: role.kind,
    endSeq: endSeq(state.log),
    commitSeq: state.commitSeq,
    appliedSeq: state.viewSeq,
    replicas,
    leases: shardLeases(state),
  };
}

function shardLeases({ role, leasehold, clients, clock }: ShardState): ShardLeases {
  let registered = 0;
  for (const { files } of clients.lender.holders.values()) registered += files.size;
  const lease = role.kind === 'replica' ? leasehold.lease : null;
  const lent =
    role.kind === 'primary'
      ? [...role.lender.holders.values()].map(({ id, files }) => ({ site: id, files: files.size }))
      : [];
  return {
    held: lease === null ? 0 : leasehold.grants.size,
    heldForMs: Math.max(0, (lease?.endMs ?? 0) - clock.holderMs),
    registered,
    lent,
    waitingWrites: role.kind === 'primary' ? role.held.size : 0,
  };
}

function replicaStatus(state: ShardState, site: string, progress: ReplicaProgress): ReplicaStatus {
  const hasSession = state.peers.get(site)?.connected === true;
  const heard = performance.now() - progress.heardMs <= state.config.timing.quietMs;
  const behindEntries = Math.max(0, endSeq(state.log) - progress.matchSeq);
  return {
    site,
    connected: hasSession && heard,
    behindEntries,
    state: stateOf(progress, hasSession, hasSession && heard, behindEntries),
  };
}

function stateOf(
  progress: ReplicaProgress,
  hasSession: boolean,
  isHeard: boolean,
  behindEntries: number,
): ReplicaStatus['state'] {
  // A replica that takes over a snapshot says nothing until it has it.
  if (hasSession && progress.snapshotSeq !== null) return 'snapshot';
  if (!isHeard) return 'away';
  if (progress.joining) return 'joining';
  return behindEntries <= IN_FLIGHT_ENTRIES ? 'current' : 'catching_up';
}
