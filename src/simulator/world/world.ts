import type { ChunkedContent } from '../../protocol/file-version.js';
import type { NodeConfig } from '../../protocol/node/config.js';
import type { SiteMessage } from '../../protocol/node/messages.js';
import type { ShardLog, SiteRecord, TableRule } from '../../protocol/ports.js';
import { DEFAULT_LIMITS, DEFAULT_TIMING, type ShardLimits } from '../../protocol/shard/config.js';
import type { ShardEvent } from '../../protocol/shard/effects.js';
import type { ClockSettings } from '../clock.js';
import { EventQueue } from '../event-queue.js';
import { type ActingView, judgeActingExclusion } from '../judges/acting-exclusion.js';
import { judgeDurableAnswer } from '../judges/durable-answer.js';
import type { Finding } from '../judges/finding.js';
import type { RunOptions } from '../options.js';
import { Random } from '../random.js';
import { SimContentWorld } from '../sim-content.js';
import { SimCoordinator } from '../sim-coordinator.js';
import { DEFAULT_DISK, type DiskOptions } from '../sim-disk.js';
import { DEFAULT_NETWORK, SimNetwork } from '../sim-network.js';
import type { SimDisk } from '../sim-disk.js';
import type { SimView } from '../sim-view.js';
import { TraceHash } from '../trace-hash.js';
import { Recorder } from './recorder.js';
import { Exercise, noCounts } from './run-counts.js';
import { activeOf, foundingConfiguration } from '../../protocol/shard/membership.js';
import type { Configuration } from '../../protocol/log-entry.js';
import { SITE_NAMES } from './site-names.js';
import { SiteOperator } from './site-operator.js';
import {
  type Holding,
  judgeLeaseExclusion,
  type ReleasedWrite,
} from '../judges/lease-exclusion.js';
import type { SimCache } from './sim-cache.js';
import type { SessionHost } from './sim-session.js';
import { holdingOf, ReleaseWatch } from './release-watch.js';
import type { ShardDrive } from '../../protocol/shard-drive.js';
import { SimSite, type Surroundings } from './sim-site.js';
import type { TracedSiteState, Tracer } from './tracer.js';

/** Half the emulated round trips, in milliseconds; pairs not named are far apart. */
const ONE_WAY_MS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  nyc: { tor: 6, lon: 36 },
  tor: { nyc: 6, lon: 43 },
  lon: { nyc: 36, tor: 43 },
};

/** How long after a read leases are kept up, at sites and by clients. */
const LEASE_KEEP_MS = 1_500;

/** Small limits, so that windows, batches, trims and snapshots happen in short runs. */
const SIMULATED_LIMITS: ShardLimits = {
  ...DEFAULT_LIMITS,
  pendingEntries: 256,
  windowEntries: 64,
  batchEntries: 16,
  memoryEntries: 64,
  retainEntries: 256,
  feedEntries: 16,
};

/** A cluster with everything around it, in virtual time, made from options alone. */
export class World implements Surroundings {
  readonly trace = new TraceHash();
  readonly queue: EventQueue;
  readonly random: Random;
  readonly network: SimNetwork<SiteMessage>;
  readonly coordinator: SimCoordinator;
  readonly contents: SimContentWorld;
  readonly recorder: Recorder;
  readonly diskOptions: DiskOptions;
  readonly sites = new Map<string, SimSite>();
  readonly caches: SimCache[] = [];
  /** Each shard with its succession. */
  readonly shards = new Map<string, readonly string[]>();
  readonly rules: readonly TableRule[];
  readonly findings: Finding[] = [];
  readonly exercise = new Exercise();
  readonly leaseKeepMs = LEASE_KEEP_MS;
  private readonly releases = new ReleaseWatch();
  /** The shards of each site's present process, so that to look at them costs little. */
  private readonly watched: { site: SimSite; node: SimSite['node']; drives: ShardDrive[] }[] = [];
  /** The one site that may lose bytes in this run. */
  readonly victim: string;
  readonly operator: SiteOperator;
  private bytesLost = 0;
  readonly counts = noCounts();
  /** Told of everything that happens at a site; set by the run. */
  onEvent: (site: string, event: ShardEvent) => void = () => {};

  constructor(
    readonly options: RunOptions,
    private readonly tracer: Tracer | null = null,
  ) {
    this.queue = new EventQueue(this.trace);
    this.random = new Random(options.seed, this.trace);
    const ids = SITE_NAMES.slice(0, options.sites);
    for (const home of ids.slice(0, 3)) {
      const others = ids.filter((id) => id !== home);
      others.sort((a, b) => this.oneWayMs(home, a) - this.oneWayMs(home, b));
      this.shards.set(home, [home, ...others]);
    }
    this.rules = [{ pattern: { kind: 'default' }, shards: [...this.shards.keys()] }];
    this.network = new SimNetwork(this.queue, this.random.fork('network'), {
      ...DEFAULT_NETWORK,
      delayMs: (from, to) => this.oneWayMs(from, to) * options.network.delayScale,
      jitterMs: options.network.jitterMs,
      lossChance: options.network.lossChance,
      duplicateChance: options.network.duplicateChance,
      delivery: options.network.delivery,
      minimumFaultMs: options.network.minimumFaultMs,
      stragglerChance: options.network.stragglerChance,
      stragglerMs: options.network.stragglerMs,
      sessionTimeoutMs: options.network.sessionTimeoutMs,
      freeze: false,
    });
    if (tracer !== null) {
      this.network.onTransit = (transit) => tracer.transit(transit);
      this.network.onCut = (...cut) => tracer.cut(this.queue.nowMs, ...cut);
    }
    this.coordinator = new SimCoordinator(this.queue, options.coordinator);
    this.contents = new SimContentWorld((from, to) => this.network.isReachable(from, to));
    this.recorder = new Recorder(() => this.queue.nowMs);
    this.diskOptions = {
      ...DEFAULT_DISK,
      syncMs: { least: options.disk.syncLeastMs, most: options.disk.syncMostMs },
      syncErrorChance: options.disk.syncErrorChance,
      tornWrites: options.disk.tornWrites,
      segmentEntries: 16,
    };
    this.victim = this.random.fork('victim').pick(ids);
    for (const id of ids) this.addSite(id);
    this.operator = new SiteOperator(this);
  }

  /** A machine with empty disks, not yet started. */
  addSite(id: string): SimSite {
    const site = new SimSite(id, this);
    this.sites.set(id, site);
    this.watched.push({ site, node: null, drives: [] });
    return site;
  }

  /** The newest configuration of the shard that is certain anywhere. */
  configurationOf(shard: string): Configuration {
    let newest = foundingConfiguration([...(this.shards.get(shard) ?? [])], this.writeQuorum);
    for (const { node } of this.sites.values()) {
      const state = node?.drives.get(shard)?.state;
      const [certain] = state === undefined ? [] : activeOf(state);
      if (certain !== undefined && certain.version > newest.version) newest = certain;
    }
    return newest;
  }

  get writeQuorum(): number {
    return Math.floor(this.options.sites / 2) + 1;
  }

  oneWayMs(a: string, b: string): number {
    return ONE_WAY_MS[a]?.[b] ?? 50;
  }

  clockSettings(id: string): ClockSettings {
    const random = this.random.fork(`clock/${id}`);
    const { drift, wallOffsetMs } = this.options.clock;
    return {
      rate: 1 + random.between(-drift, drift),
      monotonicOffsetMs: random.between(1, 1e6),
      wallOffsetMs: 1.7e12 + random.between(-wallOffsetMs, wallOffsetMs),
    };
  }

  nodeConfig(site: string, record: SiteRecord): NodeConfig {
    return {
      site,
      run: `${site}.${record.incarnation}.${record.starts}`,
      incarnation: record.incarnation,
      starts: record.starts,
      sites: SITE_NAMES.slice(0, this.options.sites),
      writeQuorum: this.writeQuorum,
      retired: (this.operator.note.since[site] ?? 1) - 1,
      shards: this.shards,
      initialRules: this.rules,
      timing: {
        ...DEFAULT_TIMING,
        leaseMs: this.options.leases.leaseMs,
        // Leases come and go rather than being renewed for nobody: less of the same, more of the rest.
        leaseKeepMs: LEASE_KEEP_MS,
        // Files are written all the time here, and their bucket is to be lent all the same.
        listingRestMs: 0,
        driftRate: this.options.clock.driftBound,
      },
      limits: SIMULATED_LIMITS,
      leases: this.options.leases.sites,
      retryMs: 50,
      requestLimit: 1000,
    };
  }

  /** Sessions with the site are gone; its clients notice when they do. */
  siteCrashed(site: string): void {
    for (const cache of this.caches) if (cache.site === site) cache.lostSite();
  }

  /** The cache of a client, by its place in the plan; undefined for one without. */
  cacheOf(client: number): SimCache | undefined {
    return this.caches.find(({ id }) => id === `c${client + 1}`);
  }

  /** The site at this place, or the next one that runs, for a client that connects. */
  sessionHost(index: number): SessionHost | undefined {
    const ids = [...this.sites.keys()];
    for (let step = 0; step < ids.length; step += 1) {
      const id = ids[(index + step) % ids.length] ?? '';
      const site = this.sites.get(id);
      const sessions = site?.sessions;
      if (site === undefined || sessions === null || sessions === undefined) continue;
      if (site.node === null) continue;
      return { site: id, sessions, clock: site.clock, isAlive: () => site.sessions === sessions };
    }
    return undefined;
  }

  /** What the machine and its process do from now on, told to the tracer. */
  siteIs(site: string, state: TracedSiteState): void {
    this.tracer?.site(this.queue.nowMs, site, state);
  }

  /** The same log, its writes told to the tracer. */
  watchLog(site: string, shard: string, log: ShardLog): ShardLog {
    return this.tracer?.watchLog(site, shard, log, () => this.queue.nowMs) ?? log;
  }

  /** The view at another site, if it can be read from here now. */
  readableView(from: string, site: string, shard: string): SimView | undefined {
    const other = this.sites.get(site);
    if (other === undefined || !this.network.isReachable(from, site)) return undefined;
    if (other.node?.drives.get(shard)?.isReadable !== true) return undefined;
    return other.stores.get(shard)?.view;
  }

  /**
   * Bytes are lost at one site of a run only: two at once is more than is promised to survive.
   */
  loseBytes(site: string): boolean {
    if (site === this.victim) this.bytesLost += 1;
    return site === this.victim;
  }

  /** True while some site's disk is lost or damaged and not certainly filled up again. */
  isRefilling(): boolean {
    const site = this.sites.get(this.victim);
    if (this.bytesLost === 0 || site === undefined) return false;
    const drives = [...(site.node?.drives.values() ?? [])];
    return (
      drives.length === 0 ||
      drives.some(({ state }) => !state.durable.joined || state.hard.installing) ||
      site.isRotten()
    );
  }

  diskAt(site: string, shardIndex: number): SimDisk | undefined {
    const shard = [...this.shards.keys()][shardIndex % this.shards.size];
    return shard === undefined ? undefined : this.sites.get(site)?.stores.get(shard)?.disk;
  }

  /** Every fault that is under way ends, and no new one begins. Who is down stays down. */
  calm(): void {
    const { network, coordinator } = this;
    network.options = { ...network.options, lossChance: 0, duplicateChance: 0, stragglerChance: 0 };
    coordinator.options = {
      ...coordinator.options,
      lostRequestChance: 0,
      lostAnswerChance: 0,
      lateRequestChance: 0,
    };
    this.onEvent = () => {};
    for (const [id, site] of this.sites) {
      coordinator.setReachable(id, true);
      site.clock.resume();
      for (const { disk } of site.stores.values()) {
        disk.options = { ...disk.options, syncErrorChance: 0 };
      }
    }
    for (const { clock } of this.caches) clock.resume();
    network.healAll();
  }

  /** I9: whoever has just released a write, no other site may serve what was before it. */
  judgeReleases(): void {
    for (const watched of this.watched) {
      const { site } = watched;
      if (watched.node !== site.node) {
        watched.node = site.node;
        watched.drives = [...(site.node?.drives.values() ?? [])];
      }
      for (const drive of watched.drives) {
        if (this.releases.isNews(drive.state)) this.judgeReleased(site.id, drive);
      }
    }
  }

  private judgeReleased(site: string, { shard, state }: ShardDrive): void {
    for (const write of this.releases.look(site, shard, state)) {
      const finding = judgeLeaseExclusion(write, this.holdings(write));
      if (finding !== null) this.findings.push(finding);
    }
  }

  private holdings({ shard, name, primary }: ReleasedWrite): Holding[] {
    const found: Holding[] = [];
    for (const [site, { node, clock }] of this.sites) {
      const state = node?.drives.get(shard)?.state;
      if (state === undefined || site === primary) continue;
      const now = { monoMs: clock.monotonicMs(), wallMs: clock.wallMs() };
      const holding = holdingOf(site, state, now, name);
      if (holding !== null) found.push(holding);
    }
    for (const cache of this.caches) {
      const at = cache.servable(name);
      if (at !== undefined) found.push({ holder: cache.id, at, right: 'from its memory' });
    }
    return found;
  }

  /** An invariant of the protocol's own code did not hold at a site. */
  fail(site: string, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    const invariant = /^I\d+/.exec(message)?.[0] ?? 'I4';
    const stack = error instanceof Error ? `\n${error.stack ?? ''}` : '';
    this.findings.push({
      invariant: invariant as Finding['invariant'],
      message: `at ${this.queue.nowMs.toFixed(1)} ms ${site} stopped itself: ${message}${stack}`,
      operations: [],
    });
  }

  restartSoon(site: SimSite): void {
    site.crash();
    this.queue.after(500, () => site.start());
  }

  /** A client is told that entry `seq` of the shard has committed. */
  answered(name: string, shard: string, seq: number, content: ChunkedContent | null): void {
    const { sites, writeQuorum } = this.configurationOf(shard);
    const counted = [...this.sites.values()].filter(({ id }) => sites.includes(id));
    const disks = counted.map((site) => ({
      site: site.id,
      durableSeq: site.stores.get(shard)?.disk.durableUpTo() ?? 0,
      hasContent: content === null || site.content.has(content),
      isExcused: site.id === this.victim && this.bytesLost > 0,
    }));
    const finding = judgeDurableAnswer({ name, shard, seq }, disks, writeQuorum);
    if (finding !== null) this.findings.push(finding);
  }

  private judgeServing(site: string, shard: string, epoch: number): void {
    const replicas: ActingView[] = [];
    for (const { id, node, clock } of this.sites.values()) {
      const state = node?.drives.get(shard)?.state;
      if (state === undefined) continue;
      const now = { monoMs: clock.monotonicMs(), wallMs: clock.wallMs() };
      replicas.push({ site: id, state, now });
    }
    const finding = judgeActingExclusion(shard, { site, epoch }, replicas);
    if (finding !== null) this.findings.push(finding);
  }

  heard(site: string, shard: string, event: ShardEvent): void {
    this.trace.text(event.kind);
    this.tracer?.event(this.queue.nowMs, site, shard, event);
    this.onEvent(site, event);
    const { counts } = this;
    switch (event.kind) {
      case 'serving':
        counts.failovers += 1;
        if (event.waitedMs > 200) counts.waitsForClaim += 1;
        this.judgeServing(site, shard, event.epoch);
        return;
      case 'crowned':
        if (event.adoptedFrom !== '') counts.adoptions += 1;
        return;
      case 'stepped-down':
        if (event.reason === 'handed-over') counts.handOvers += 1;
        else counts.stepDowns += 1;
        return;
      case 'cut':
        counts.cuts += 1;
        return;
      case 'deduplicated':
        counts.deduplicated += 1;
        return;
      case 'joined':
        counts.joins += 1;
        return;
      case 'snapshot-installed':
        counts.snapshots += 1;
        return;
      case 'storage-failed':
        counts.storageFailures += 1;
        return;
      case 'write-passed':
        if (event.lapsed > 0) counts.leasesWaitedOut += 1;
        else counts.writesHeld += 1;
        return;
      case 'lease-evicted':
      case 'paused':
      case 'claimed':
      case 'configured':
      case 'handing-over':
      case 'snapshot-started':
        return;
    }
  }
}
