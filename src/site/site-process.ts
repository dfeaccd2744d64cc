import type { ClusterStatus } from './status-types.js';
import type { CredentialWatch } from '../certificates/credential-watch.js';
import type { RemoteCoordinator } from '../coordinator/remote-coordinator.js';
import { SiteNode } from '../protocol/node/site-node.js';
import type { NodeConfig } from '../protocol/node/config.js';
import type { ClusterSites, SiteRecord } from '../protocol/ports.js';
import type { ShardTiming } from '../protocol/shard/config.js';
import type { ShardEvent } from '../protocol/shard/effects.js';
import type { ShardStart } from '../protocol/shard/state.js';
import type { StoredShardView } from '../storage/view/lmdb-view.js';
import type { LinkChange, PeerNetwork } from '../transport/peer-network.js';
import { SiteBackup } from './backup/backup-source.js';
import { clusterStatus } from './cluster-status.js';
import { type ContentTransfer, createContentTransfer } from './content-transfer.js';
import { nodeConfigOf } from './node-config.js';
import type { SiteStores } from './open-stores.js';
import { LeaseCounter } from './lease-counter.js';
import { LiveFeed } from './live/live-feed.js';
import { LiveHub } from './live/live-hub.js';
import { MessageCounter } from './message-counter.js';
import { createRealTimers } from './real-timers.js';
import { startRetention } from './retention.js';
import type { Seal } from './seal.js';
import type { RunningSite } from './running-site.js';
import { clientUrl, type SiteConfig } from './site-config.js';
import { createFileService, type SiteService } from './site-file-service.js';
import { SiteList } from './site-list.js';
import { connectNode, createSiteNetwork } from './site-network.js';
import { SnapshotSource } from './snapshot-source.js';
import { SnapshotTransfer } from './snapshot-transfer.js';
import { openChangeDesk, type ShardHome, type SiteChangeDesk } from './site-change-desk.js';
import { StorageGuard } from './storage-guard.js';
import { SiteUpkeep } from './site-upkeep.js';
import { SiteRetired } from './start-failure.js';
import { ExpiryWatch } from './telemetry/expiry-watch.js';
import { latencyCounts } from './telemetry/latency-counts.js';
import type { SiteTelemetry } from './telemetry/site-telemetry.js';
import { DEFAULT_UPKEEP } from './upkeep.js';
import type { ReferenceSource } from './content-references.js';
import type { KeptSource } from './segment-collector.js';

/** How long a start waits for sessions with a write quorum. */
const QUORUM_WAIT_MS = 3000;
const HANDOVER_LIMIT_MS = 2000;
/** How long requests that are under way then may still take. */
const DRAIN_LIMIT_MS = 1000;
/** How long a request of a client may take. */
const REQUEST_TIMEOUT_MS = 10_000;

export interface SiteDurations {
  /** Those of the protocol; as the coordinator needs them when not given. */
  readonly timing?: ShardTiming;
  readonly requestTimeoutMs?: number;
}

export interface SiteDeclaration {
  readonly durations: SiteDurations;
  readonly record: SiteRecord;
  /** Incarnations of this site up to this one were given up for another machine. */
  readonly retired: number;
  /** Which sites there are, as the coordinator knows it. */
  readonly sites: ClusterSites;
  readonly starts: ReadonlyMap<string, ShardStart>;
  readonly seal: Seal | null;
  /** What it proves itself with to the other sites, and closes in the end. */
  readonly credentials: CredentialWatch | null;
}

/** The parts of a running site, wired to each other. */
export class SiteProcess implements RunningSite {
  readonly service: SiteService;
  readonly httpUrl: string;
  readonly failed: Promise<Error>;
  private readonly node: SiteNode;
  private readonly list: SiteList;
  private readonly network: PeerNetwork;
  private readonly content: ContentTransfer;
  private readonly guard: StorageGuard;
  private readonly snapshots: SnapshotSource;
  private readonly upkeep: SiteUpkeep;
  private readonly transfers: SnapshotTransfer[] = [];
  private retention: { stop(): void } | null = null;
  private fail: (error: Error) => void = () => undefined;
  private closing: Promise<void> | null = null;
  private readonly leases = new LeaseCounter();
  private readonly messages = new MessageCounter();
  private readonly liveFeed = new LiveFeed();
  readonly live: LiveHub;
  readonly certificates: ExpiryWatch;
  private requests = 0;

  constructor(
    private readonly config: SiteConfig,
    private readonly stores: SiteStores,
    private readonly coordinator: RemoteCoordinator,
    private readonly declaration: SiteDeclaration,
    readonly telemetry: SiteTelemetry,
  ) {
    const { report } = telemetry;
    const { durations, record, retired, credentials } = declaration;
    const nodeConfig = nodeConfigOf(config, record, durations.timing, retired);
    this.failed = new Promise((resolve) => {
      this.fail = resolve;
    });
    this.httpUrl = clientUrl(config, config.httpPort);
    this.guard = new StorageGuard(report);
    this.certificates = new ExpiryWatch(report);
    if (credentials !== null) this.certificates.add('site', credentials);
    const shown = coordinator.credentials ?? null;
    // As "quorate init" sets up a site, it shows its own to the coordinator.
    if (shown !== null && shown.current.cert !== credentials?.current.cert) {
      this.certificates.add('coordinator', shown);
    }
    this.list = new SiteList(config, declaration.sites);
    this.network = this.openNetwork(nodeConfig);
    this.content = this.openContent();
    for (const shard of stores.logs.keys()) {
      // Whoever wants it again finds what could be brought back.
      stores.views.shard(shard).onLost((lost) => void this.content.mend(lost));
    }
    this.node = new SiteNode(
      nodeConfig,
      {
        coordinator: telemetry.coordinator(coordinator),
        content: this.content.port,
        timers: createRealTimers(),
        send: (to, message) => {
          this.messages.note(to, message);
          telemetry.messages.sent(to, message);
          this.liveFeed.note(to, message);
          return this.network.send(to, telemetry.tracing?.writes.named(message) ?? message);
        },
        invalidate: (shard, sessions, name, serial) => {
          telemetry.messages.clientsTold(shard, sessions, serial);
          this.service.invalidate(shard, sessions, name, serial);
        },
        event: (shard, event) => this.heard(shard, event),
        fatal: (error) => this.stopForGood(error),
      },
      this.nodeShards(declaration.starts),
    );
    connectNode(this.network, this.node, telemetry);
    this.list.connect(this.node, this.network, record, (why) => this.stopForGood(why));
    this.upkeep = this.makeUpkeep();
    this.live = new LiveHub({
      site: config.site,
      run: nodeConfig.run,
      peers: () => this.list.peers,
      network: this.network,
      feed: this.liveFeed,
      status: () => this.status(),
      latency: () => latencyCounts(telemetry.registry),
      events: (after, limit) => telemetry.events.after(after, limit),
    });
    this.snapshots = new SnapshotSource(
      this.network,
      (shard) => this.readableView(shard),
      (lost) => this.content.mend(lost),
    );
    this.service = createFileService({
      config,
      node: this.node,
      content: telemetry.content(this.content.access),
      status: () => this.status(),
      upkeep: this.upkeep,
      siteChanges: this.openDesk(),
      newRequestId: () => `${nodeConfig.run}.${(this.requests++).toString(36)}`,
      timeoutMs: durations.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
      seal: declaration.seal,
      sessions: telemetry.sessions,
      ...(telemetry.tracing && { writeSpans: telemetry.tracing.writes }),
    });
    telemetry.connect({
      node: this.node,
      stores,
      status: () => this.status(),
      requestsUnderWay: () => this.service.requestsUnderWay,
      lastVerification: () => this.upkeep.lastVerification(),
      isStopping: () => this.closing !== null,
    });
  }

  private readableView(shard: string): StoredShardView | null {
    const isReadable = this.node.drives.get(shard)?.isReadable === true;
    return isReadable ? this.stores.views.shard(shard) : null;
  }

  private openNetwork(nodeConfig: NodeConfig): PeerNetwork {
    const { credentials } = this.declaration;
    return createSiteNetwork(
      this.config,
      nodeConfig,
      this.list,
      credentials,
      this.telemetry.report,
    );
  }

  private openContent(): ContentTransfer {
    const { network, stores } = this;
    return createContentTransfer({
      network,
      store: stores.chunks,
      threads: stores.threads,
      views: () => [...stores.logs.keys()].map((shard) => [shard, stores.views.shard(shard)]),
      keep: (chunks) => stores.chunks.touch(chunks),
      peers: () => this.list.peers,
      writeQuorum: () => this.list.writeQuorum,
      // A full disk refuses what does not fit; it may take what is smaller.
      failed: (failure) => failure.kind === 'io_error' && this.guard.note(failure),
    });
  }

  private openDesk(): SiteChangeDesk {
    const { coordinator, list, network } = this;
    const isConnected = (site: string): boolean => network.connected(site);
    const homesOf = (site: string): readonly ShardHome[] => list.homesOf(site);
    return openChangeDesk({ site: this.config.site, coordinator, isConnected, homesOf });
  }

  get objects(): SiteService {
    return this.service;
  }

  setLink(a: string, b: string, change: LinkChange): void {
    this.network.setLink(a, b, change);
  }

  /** Null once the site can serve; else why it cannot listen to its peers. */
  async start(): Promise<string | null> {
    const { host, peerPort } = this.config;
    const listening = await this.network.start();
    if (!listening.ok) {
      return `port ${peerPort} of ${host}, for the other sites: ${listening.message}`;
    }
    this.node.start();
    const buckets = (): ReturnType<SiteService['retentions']> => this.service.retentions();
    this.retention = startRetention(
      { node: this.node, wallMs: Date.now, buckets },
      this.telemetry.report,
    );
    this.upkeep.start();
    const shards = [...this.node.drives.keys()];
    const inTouch = (): boolean => shards.every((shard) => this.node.canReachQuorum(shard));
    const untilMs = this.node.nowMs() + QUORUM_WAIT_MS;
    await new Promise<void>((resolve) => this.node.until(untilMs, inTouch, resolve));
    return null;
  }

  stop(handedOver: () => void = () => undefined): Promise<void> {
    this.closing ??= this.close(handedOver);
    return this.closing;
  }

  private async close(handedOver: () => void): Promise<void> {
    this.retention?.stop();
    this.upkeep.stop();
    this.live.close();
    this.telemetry.report('stops: it hands over and serves on until that is done', {
      event: 'stopping',
    });
    await new Promise<void>((resolve) => this.node.handOver(HANDOVER_LIMIT_MS, resolve));
    handedOver();
    await this.service.close(DRAIN_LIMIT_MS);
    this.node.halt();
    for (const transfer of this.transfers) transfer.close();
    this.content.close();
    await this.network.close();
    this.certificates.stop();
    this.declaration.credentials?.close();
    this.snapshots.close();
    this.coordinator.close();
    await this.telemetry.close();
    await this.stores.close();
  }

  private nodeShards(
    starts: ReadonlyMap<string, ShardStart>,
  ): ConstructorParameters<typeof SiteNode>[2] {
    const { network, content, guard, telemetry } = this;
    const { report } = telemetry;
    return new Map(
      [...starts].map(([shard, start]) => {
        const stored = this.stores.logs.get(shard);
        if (stored === undefined) throw new Error(`no such shard: ${shard}`);
        const view = this.stores.views.shard(shard);
        const options = { network, content: content.port, shard, view, report };
        const snapshots = new SnapshotTransfer(options);
        this.transfers.push(snapshots);
        const log = telemetry.log(shard, guard.log(stored));
        return [shard, { start, log, view: guard.view(view), snapshots }];
      }),
    );
  }

  private makeUpkeep(): SiteUpkeep {
    const { config, content, network, stores } = this;
    return new SiteUpkeep({
      site: config.site,
      peers: () => this.list.peers,
      network,
      store: stores.chunks,
      content,
      sources: this.referenceSources(),
      settings: config.upkeep ?? DEFAULT_UPKEEP,
      report: this.telemetry.report,
      backup: this.makeBackup(),
    });
  }

  private makeBackup(): SiteBackup {
    const { config, content, node, stores } = this;
    return new SiteBackup({
      cluster: config.cluster,
      node,
      view: (shard) => stores.views.shard(shard),
      chunks: stores.chunks,
      fetch: (hash) => content.fetch(hash),
      mend: (lost) => content.mend(lost),
      timeoutMs: REQUEST_TIMEOUT_MS,
    });
  }

  private referenceSources(): (ReferenceSource & KeptSource)[] {
    return [...this.stores.logs].map(([shard, log]) => {
      const drive = () => this.node.drives.get(shard);
      return {
        shard,
        log,
        kept: log.kept,
        view: this.stores.views.shard(shard),
        isReadable: () => drive()?.isReadable === true,
        logBaseSeq: () => log.keptAfterSeq(),
        logInMemory: () => drive()?.state.log.entries ?? [],
      };
    });
  }

  private status(): ClusterStatus {
    return clusterStatus({
      config: this.config,
      node: this.node,
      list: this.list,
      network: this.network,
      messages: this.messages,
      leases: this.leases.counts(this.service.sessionCount, this.node.reads),
      repairs: this.content.repairs(),
      upkeep: this.upkeep.status(),
      storageFailure: this.guard.failure?.message ?? null,
      certificates: this.certificates.list(),
    });
  }

  private heard(shard: string, event: ShardEvent): void {
    this.leases.note(event);
    this.telemetry.happened(shard, event);
  }

  /** What must hold does not: this site says nothing any more, the others go on. */
  private stopForGood(error: unknown): void {
    const failure = error instanceof Error ? error : new Error(String(error));
    // That there is no place for it any more is no mistake of the program's.
    const isRetired = failure instanceof SiteRetired;
    const why = isRetired ? failure.message : (failure.stack ?? failure.message);
    this.telemetry.report(`this site stops: ${why}`, {
      event: 'stopped-itself',
      level: isRetired ? 'warn' : 'error',
    });
    this.node.halt();
    void this.network.close();
    this.fail(failure);
  }
}
