import type { Content } from '../../protocol/file-version.js';
import { ClientSessions } from '../../protocol/node/client-sessions.js';
import type { NodeConfig } from '../../protocol/node/config.js';
import type { SiteMessage } from '../../protocol/node/messages.js';
import { type NodeShard, SiteNode } from '../../protocol/node/site-node.js';
import { decideStart, planShardStart } from '../../protocol/node/start.js';
import type {
  ClaimRecord,
  Coordinator,
  OpenedLog,
  Revised,
  ShardLog,
  SiteRecord,
  StorageFailure,
  TableRule,
} from '../../protocol/ports.js';
import type { Timers } from '../../protocol/timers.js';
import type { ShardEvent } from '../../protocol/shard/effects.js';
import { type ClockSettings, NodeClock } from '../clock.js';
import type { EventQueue } from '../event-queue.js';
import { judgeAcknowledgement } from '../judges/acknowledgement.js';
import type { Finding } from '../judges/finding.js';
import { KeptAcknowledgements } from '../judges/kept-acknowledgement.js';
import { ToldRemainder } from '../judges/told-remainder.js';
import type { RunOptions } from '../options.js';
import type { Random } from '../random.js';
import { SimContent, type SimContentWorld } from '../sim-content.js';
import type { SimCoordinator } from '../sim-coordinator.js';
import { type DiskOptions, SimDisk } from '../sim-disk.js';
import type { SimNetwork } from '../sim-network.js';
import { SimSnapshot } from '../sim-snapshot.js';
import { SimView } from '../sim-view.js';
import type { Recorder } from './recorder.js';
import type { TracedSiteState } from './tracer.js';

/** What a site needs of the world around it. */
export interface Surroundings {
  readonly queue: EventQueue;
  readonly random: Random;
  readonly network: SimNetwork<SiteMessage>;
  readonly coordinator: SimCoordinator;
  readonly contents: SimContentWorld;
  readonly recorder: Recorder;
  readonly diskOptions: DiskOptions;
  readonly shards: ReadonlyMap<string, readonly string[]>;
  readonly rules: readonly TableRule[];
  readonly counts: { plannedStops: number; lostDisks: number; lostViews: number };
  clockSettings(id: string): ClockSettings;
  nodeConfig(site: string, record: SiteRecord): NodeConfig;
  readableView(from: string, site: string, shard: string): SimView | undefined;
  watchLog(site: string, shard: string, log: ShardLog): ShardLog;
  readonly options: RunOptions;
  siteIs(site: string, state: TracedSiteState): void;
  /** The site's process is gone, and every session with it. */
  siteCrashed(site: string): void;
  restartSoon(site: SimSite): void;
  heard(site: string, shard: string, event: ShardEvent): void;
  fail(site: string, error: unknown): void;
  readonly findings: Finding[];
}

interface ShardStore {
  readonly disk: SimDisk;
  readonly view: SimView;
}

const SHORTEST_WAKE_MS = 1e-3;

/** One site of a simulated cluster: a machine with disks and clocks, and at times a process. */
export class SimSite {
  readonly clock: NodeClock;
  readonly stores = new Map<string, ShardStore>();
  readonly content: SimContent;
  /** The running process; null while it is down or has not yet found out what it is. */
  node: SiteNode | null = null;
  /** Of this process, for its clients. */
  sessions: ClientSessions | null = null;
  isUp = false;
  private record: SiteRecord | null = null;
  private life = 0;
  private isCondemned = false;
  private isStopping = false;
  /** Asked to start while a planned stop goes on: it does so once that has ended. */
  private startsAgain = false;
  private isDamaged = false;
  private readonly random: Random;
  private readonly kept: KeptAcknowledgements;
  private readonly remainder: ToldRemainder;

  constructor(
    readonly id: string,
    private readonly world: Surroundings,
  ) {
    this.kept = new KeptAcknowledgements(id, (finding) => world.findings.push(finding));
    this.random = world.random.fork(`site/${id}`);
    this.clock = new NodeClock(world.queue, world.clockSettings(id));
    this.remainder = new ToldRemainder(id, () => this.clock.monotonicMs());
    this.content = new SimContent(id, world.contents, this.clock, this.random.fork('content'));
    for (const shard of world.shards.keys()) {
      const random = this.random.fork(`disk/${shard}`);
      const disk = new SimDisk(world.queue, this.clock, random, world.diskOptions);
      this.stores.set(shard, { disk, view: new SimView(shard, this.clock) });
    }
  }

  /** Starts a process on what the disks hold. */
  start(): void {
    if (this.isUp) this.startsAgain = this.isStopping;
    if (this.isUp || this.isCondemned) return;
    this.isUp = true;
    this.world.siteIs(this.id, 'up');
    this.clock.start();
    const { life } = this;
    const coordinator = this.world.coordinator.connect(this.id, this.clock, this.random);
    const opened = new Map<string, OpenedLog>();
    for (const [shard, { disk }] of this.stores) opened.set(shard, disk.reopen());
    // Remembered until the site has declared itself new: cut away, it would not be seen again.
    this.isDamaged ||= [...opened.values()].some((log) => log.damagedFrom !== undefined);
    readUntilAnswered(this.clock, coordinator, `site/${this.id}`, (current) => {
      const { record, lost } = decideStart(this.id, this.record, current.value, this.isDamaged);
      if (lost) {
        this.world.counts.lostDisks += 1;
        this.kept.forgotten();
      }
      this.openShards(coordinator, opened, lost, (shards) => {
        if (life !== this.life) return;
        this.record = record;
        this.register(coordinator, current.revision, record, () => {
          if (life !== this.life) return;
          this.isDamaged = false;
          this.run(coordinator, record, shards);
        });
      });
    });
  }

  /** The power goes, or the process is killed: what was not synced may be gone. */
  crash(): void {
    if (!this.isUp) return;
    this.isUp = false;
    this.isStopping = false;
    this.startsAgain = false;
    this.life += 1;
    this.node?.halt();
    this.node = null;
    this.sessions = null;
    this.world.siteIs(this.id, 'down');
    this.world.siteCrashed(this.id);
    this.world.network.crash(this.id);
    this.clock.crash();
    for (const { disk, view } of this.stores.values()) {
      disk.crash();
      view.crash(this.random);
    }
  }

  /** Goes down for good. */
  condemn(): void {
    this.isCondemned = true;
    this.crash();
  }

  /** A planned stop: hands over, then ends. */
  stop(): void {
    const { node, life } = this;
    if (node === null) return this.crash();
    this.world.counts.plannedStops += 1;
    this.isStopping = true;
    node.handOver(2000, () => {
      if (life !== this.life) return;
      const { startsAgain } = this;
      this.crash();
      if (startsAgain) this.world.queue.after(0, () => this.start());
    });
  }

  /** What can be looked up is gone; the logs, and what they acknowledged, are not. */
  loseViews(): void {
    this.world.counts.lostViews += 1;
    for (const { view } of this.stores.values()) view.wipe();
  }

  /** The disks are replaced by empty ones. Only while the process is down. */
  wipe(): void {
    this.record = null;
    this.world.contents.wipe(this.id);
    for (const { disk, view } of this.stores.values()) {
      disk.wipe();
      view.wipe();
    }
  }

  /** Something on a disk here is bad, whether or not it was read since. */
  isRotten(): boolean {
    return [...this.stores.values()].some(({ disk }) => disk.hasRot());
  }

  private openShards(
    coordinator: Coordinator,
    opened: ReadonlyMap<string, OpenedLog>,
    lost: boolean,
    done: (shards: Map<string, NodeShard>) => void,
  ): void {
    const shards = new Map<string, NodeShard>();
    for (const [shard, log] of opened) {
      readUntilAnswered(this.clock, coordinator, `claim/${shard}`, (claim) => {
        this.openShard(shard, log, claim.value, lost, (part) => {
          shards.set(shard, part);
          if (shards.size === opened.size) done(shards);
        });
      });
    }
  }

  private openShard(
    shard: string,
    opened: OpenedLog,
    claim: ClaimRecord | null,
    lost: boolean,
    done: (part: NodeShard) => void,
  ): void {
    const { disk, view } = this.store(shard);
    const plan = planShardStart(opened, view.position(), claim, lost);
    const { hardState, resetTo } = plan;
    const finish = (): void => {
      const log = {
        ...opened,
        hardState,
        ...(resetTo === null ? {} : { base: resetTo, entries: [] }),
      };
      done({
        log: this.world.watchLog(
          this.id,
          shard,
          this.kept.watchLog(shard, hardState.promisedEpoch, disk),
        ),
        view: this.world.recorder.watchView(this.id, shard, view),
        snapshots: new SimSnapshot(
          view,
          this.clock,
          this.random,
          (site) => this.world.readableView(this.id, site, shard),
          (copy, from, ready) => this.bringContent(copy, from, ready),
        ),
        start: {
          opened: log,
          viewPosition: view.position(),
          requests: view.requests(0),
          ownership: view.ownership(),
          configuration: view.configuration(),
          initialRules: this.world.rules,
          missingContent: this.missingContent(log),
        },
      });
    };
    const { life } = this;
    const settled = (failure: StorageFailure | null): void => {
      if (life !== this.life) return;
      if (failure === null) finish();
      else this.world.restartSoon(this);
    };
    if (resetTo !== null) disk.reset(resetTo, hardState, settled);
    else if (plan.mustWrite) disk.write({ entries: [], hardState }, settled);
    else finish();
  }

  private bringContent(view: SimView, from: string, done: () => void): void {
    for (const { content } of view.allVersions()) {
      if (content?.kind !== 'chunked' || this.content.has(content)) continue;
      this.content.ensure(content, [from], () => this.bringContent(view, from, done));
      return;
    }
    this.clock.deliverAfter(0, done);
  }

  private missingContent(log: OpenedLog): Set<number> {
    const missing = new Set<number>();
    for (const { seq, operation } of log.entries) {
      if (operation.kind !== 'put' || operation.content.kind !== 'chunked') continue;
      if (!this.content.has(operation.content)) missing.add(seq);
    }
    return missing;
  }

  private register(
    coordinator: Coordinator,
    revision: number,
    record: SiteRecord,
    done: () => void,
  ): void {
    coordinator.swap(`site/${this.id}`, revision, record, (result) => {
      if (result.outcome === 'swapped') return done();
      readUntilAnswered(this.clock, coordinator, `site/${this.id}`, (current) => {
        if (current.value?.starts === record.starts) return done();
        this.register(coordinator, current.revision, record, done);
      });
    });
  }

  private run(
    coordinator: Coordinator,
    record: SiteRecord,
    shards: ReadonlyMap<string, NodeShard>,
  ): void {
    const { world, id, life } = this;
    const node = new SiteNode(
      world.nodeConfig(id, record),
      {
        coordinator,
        content: this.content,
        timers: this.timers(),
        send: (to, message) => this.isUp && this.send(to, message),
        invalidate: (...told) => this.sessions?.invalidate(...told),
        event: (shard, event) => this.heard(shard, event),
        fatal: (error) => world.fail(id, error),
      },
      shards,
    );
    this.node = node;
    this.sessions = new ClientSessions(node, {
      contentOf: simContent,
      bring: (_lost, done) => done(false),
      refusal: (_name, _forWrite, done) => done(null),
      shows: () => true,
      position: () => positionsOf(node),
      writeCursor: (position) => JSON.stringify([...position]),
      readCursor: (token) => new Map(JSON.parse(token) as [string, number][]),
      requestMs: world.options.mix.patienceMs,
      leaseWaitMs: 200,
    });
    world.network.start(id, this.clock, {
      message: (from, message: SiteMessage) => {
        if (life !== this.life) return;
        if (message.kind === 'shard') this.remainder.arrives(message.shard, message.message);
        node.receive(from, message);
      },
      up: (peer) => life === this.life && node.peer(peer, true),
      down: (peer) => life === this.life && node.peer(peer, false),
    });
    node.start();
  }

  private send(to: string, message: SiteMessage): boolean {
    if (message.kind === 'shard') {
      const { shard, message: told } = message;
      const finding =
        judgeAcknowledgement(this.id, shard, told, this.store(shard).disk) ??
        this.remainder.leaves(shard, told);
      if (finding !== null) this.world.findings.push(finding);
      if (told.kind === 'appended') this.kept.acknowledged(shard, told.epoch, told.durableSeq);
    }
    return this.world.network.send(this.id, to, message);
  }

  private heard(shard: string, event: ShardEvent): void {
    this.world.heard(this.id, shard, event);
    if (event.kind !== 'storage-failed') return;
    // A failed disk ends the process; what it holds is looked at again at the next start.
    const { life } = this;
    this.world.queue.after(0, () => {
      if (life === this.life) this.world.restartSoon(this);
    });
  }

  private timers(): Timers {
    const { clock } = this;
    return {
      now: () => ({ monoMs: clock.monotonicMs(), wallMs: clock.wallMs() }),
      // Never so short that rounding makes it no time at all.
      wake: (atMs, callback) =>
        clock.after(Math.max(SHORTEST_WAKE_MS, atMs - clock.monotonicMs()), callback),
      endOfTurn: (callback) => void clock.deliverAfter(0, callback),
    };
  }

  private store(shard: string): ShardStore {
    const store = this.stores.get(shard);
    if (store === undefined) throw new Error(`no such shard: ${shard}`);
    return store;
  }
}

/** Small content of a simulated client: its bytes are its name. */
function simContent(bytes: Uint8Array): Content {
  const etag = String.fromCharCode(...bytes);
  return { kind: 'inline', size: bytes.length, etag, bytes };
}

function positionsOf(node: SiteNode): string {
  return JSON.stringify([...node.drives].map(([shard, { state }]) => [shard, state.releasedSeq]));
}

function readUntilAnswered<K extends `site/${string}` | `claim/${string}`>(
  clock: NodeClock,
  coordinator: Coordinator,
  key: K,
  done: (current: Revised<K extends `site/${string}` ? SiteRecord : ClaimRecord>) => void,
): void {
  coordinator.read(key, (current) => {
    if (current !== null) {
      done(current as Revised<K extends `site/${string}` ? SiteRecord : ClaimRecord>);
      return;
    }
    clock.after(100, () => readUntilAnswered(clock, coordinator, key, done));
  });
}
