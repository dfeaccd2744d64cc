import type {
  ClaimRecord,
  Coordinator,
  PrimaryTable,
  Revised,
  ShardLog,
  ShardView,
  ContentPort,
  SnapshotPort,
} from '../ports.js';
import { shardOf } from '../primary-table.js';
import type { ReadAnswer, WriteRejection, WriteRequest } from '../request.js';
import { ShardDrive } from '../shard-drive.js';
import type { Timers } from '../timers.js';
import type { ShardEvent } from '../shard/effects.js';
import { canReachQuorum } from '../shard/claim.js';
import { endSeq, epochAt } from '../shard/log-tail.js';
import type { ShardStart } from '../shard/state.js';
import { type CallResult, type Reigning, SiteCalls } from './calls.js';
import type { NodeConfig } from './config.js';
import { isLight } from './light-content.js';
import { Listings } from './listings.js';
import { SiteChanges } from './site-changes.js';
import type { SiteMessage } from './messages.js';
import type { CatchUpOutcome, ReadOutcome, SubmitOutcome } from './outcomes.js';

/** What one shard at this site stands on. */
export interface NodeShard {
  readonly start: ShardStart;
  readonly log: ShardLog;
  readonly view: ShardView;
  readonly snapshots: SnapshotPort;
}

export interface NodePorts {
  readonly coordinator: Coordinator;
  readonly content: ContentPort;
  readonly timers: Timers;
  /** False if there is no session with the site. */
  send(to: string, message: SiteMessage): boolean;
  /** Tells these clients of this site to drop the file; null: all files of the shard. */
  invalidate(shard: string, sessions: readonly string[], name: string | null, serial: number): void;
  event(shard: string, event: ShardEvent): void;
  /** An invariant does not hold, or the disk gave up: this site must not go on. */
  fatal(error: unknown): void;
}

/** About a round trip and what is done between its halves. */
const ATTEMPT_MS = 100;

/**
 * One site: its shards, and the paths that requests take between them and the other sites'. Knows
 * nothing of sockets, files or real time.
 */
export class SiteNode {
  readonly drives = new Map<string, ShardDrive>();
  /** Strong reads served so far, by what they rested on. */
  readonly reads = { primary: 0, lease: 0, validated: 0, fetched: 0 };
  private readonly connected = new Set<string>();
  private readonly calls: SiteCalls;
  private readonly watches: { cancel(): void }[] = [];
  private readonly waiting = new Set<() => void>();
  private readonly followers = new Map<string, Set<() => void>>();
  private readonly listings: Listings;
  private tableState: Revised<PrimaryTable> = { value: null, revision: 0 };
  /** Sites that come and go. */
  readonly siteChanges: SiteChanges;

  constructor(
    readonly config: NodeConfig,
    readonly ports: NodePorts,
    shards: ReadonlyMap<string, NodeShard>,
  ) {
    for (const [shard, parts] of shards) this.drives.set(shard, this.makeDrive(shard, parts));
    this.calls = new SiteCalls(config.site, config.run, this.drives, ports);
    this.listings = new Listings(this, this.calls);
    this.siteChanges = new SiteChanges(this);
  }

  private makeDrive(shard: string, parts: NodeShard): ShardDrive {
    const { config, ports } = this;
    const succession = config.shards.get(shard);
    if (succession === undefined) throw new Error(`no such shard: ${shard}`);
    return new ShardDrive({ ...config, shard, succession }, parts.start, {
      log: parts.log,
      view: parts.view,
      snapshots: parts.snapshots,
      content: ports.content,
      coordinator: ports.coordinator,
      timers: ports.timers,
      send: (to, message) => void ports.send(to, { kind: 'shard', shard, message }),
      invalidate: (sessions, name, serial) => ports.invalidate(shard, sessions, name, serial),
      event: (event) => ports.event(shard, event),
      changed: () => {
        this.wakeWaiting();
        for (const look of [...(this.followers.get(shard) ?? [])]) look();
      },
      fatal: (error) => ports.fatal(error),
    });
  }

  /** Begins to take part: until then nothing is claimed or answered. */
  start(): void {
    for (const [shard, drive] of this.drives) {
      this.watches.push(
        this.ports.coordinator.watch(`claim/${shard}`, (key, current) => {
          // A watch tells of all keys that begin so: of `lon` and of `london`.
          if (key !== `claim/${shard}`) return;
          drive.input({ kind: 'claim-seen', claim: current as Revised<ClaimRecord> });
          this.wakeWaiting();
        }),
      );
      this.readClaim(shard, drive);
      drive.input({ kind: 'tick' });
    }
    this.watches.push(
      this.ports.coordinator.watch('table', (_key, current) => {
        if (current.revision <= this.tableState.revision) return;
        this.tableState = current as Revised<PrimaryTable>;
        this.wakeWaiting();
      }),
    );
    this.siteChanges.start();
  }

  /** A watch says nothing of a record that was never written. */
  private readClaim(shard: string, drive: ShardDrive): void {
    this.ports.coordinator.read(`claim/${shard}`, (claim) => {
      if (claim !== null) return drive.input({ kind: 'claim-seen', claim });
      this.ports.timers.wake(this.nowMs() + this.config.retryMs, () =>
        this.readClaim(shard, drive),
      );
    });
  }

  /**
   * Hands over what this site is primary of; calls back when another site has taken over, or when
   * none is there to. Until then this one answers the successor: it may be the nearest to it.
   */
  handOver(limitMs: number, done: () => void): void {
    for (const drive of this.drives.values()) drive.input({ kind: 'stop' });
    const untilMs = this.nowMs() + limitMs;
    this.until(untilMs, () => [...this.drives.values()].every(hasHandedOver), done);
  }

  halt(): void {
    for (const watch of this.watches) watch.cancel();
    this.siteChanges.stop();
    for (const drive of this.drives.values()) drive.halt();
  }

  receive(from: string, message: SiteMessage): void {
    if (message.kind === 'shard') {
      this.drives.get(message.shard)?.input({ kind: 'message', from, message: message.message });
      this.wakeWaiting();
    } else {
      this.calls.receive(from, message);
    }
  }

  peer(site: string, connected: boolean): void {
    if (connected) this.connected.add(site);
    else this.connected.delete(site);
    for (const drive of this.drives.values()) drive.input({ kind: 'peer', site, connected });
    if (!connected) this.calls.lost(site);
    this.wakeWaiting();
  }

  get table(): Revised<PrimaryTable> {
    return this.tableState;
  }

  shardFor(name: string): string {
    return shardOf(this.tableState.value?.rules ?? this.config.initialRules, name);
  }

  /** The site that is believed to act for the shard; '' if none is. */
  primaryOf(shard: string): string {
    return this.reigning(shard)?.site ?? '';
  }

  private reigning(shard: string): Reigning | undefined {
    const drive = this.drives.get(shard);
    if (drive === undefined) return undefined;
    const { role, leader, claim } = drive.state;
    if (role.kind === 'primary') return { site: this.config.site, epoch: role.epoch };
    const { value } = claim.seen;
    if (leader !== null && leader.reign.epoch >= (value?.epoch ?? 0)) {
      // Heard from lately, or else the claim says who it was before it fell silent.
      if (value === null || value.epoch < leader.reign.epoch || !value.released) {
        return { site: leader.site, epoch: leader.reign.epoch };
      }
    }
    if (value === null || value.released || value.site === this.config.site) return undefined;
    return { site: value.site, epoch: value.epoch };
  }

  isConnected(site: string): boolean {
    return site === this.config.site || this.connected.has(site);
  }

  /** Whether enough sites are reachable from here for anything to be written. */
  canReachQuorum(shard: string): boolean {
    const drive = this.drives.get(shard);
    return drive !== undefined && canReachQuorum(drive.state);
  }

  /**
   * Brings a write to the primary of its shard, wherever that is, and again to the next one if it
   * must. Ends at `untilMs` at the latest.
   */
  submit(
    shardFor: () => string,
    request: WriteRequest,
    untilMs: number,
    done: (outcome: SubmitOutcome) => void,
  ): void {
    // Once an attempt may have been heard, only `committed` is certain: a later rejection says
    // nothing about the earlier attempt.
    let ambiguous = false;
    let lastReason: WriteRejection = 'no_primary';
    const giveUp = (primary: string): void => {
      done({
        answer: ambiguous
          ? { outcome: 'unknown', reason: 'timeout' }
          : { outcome: 'rejected', reason: lastReason, current: null },
        primary,
      });
    };
    const attempt = (): void => {
      if (this.nowMs() >= untilMs) return giveUp('');
      const shard = shardFor();
      const reigning = this.reigning(shard);
      const primary = reigning?.site ?? '';
      if (!this.canReachQuorum(shard)) {
        lastReason = 'quorum_unavailable';
        return ambiguous ? this.retryLater(untilMs, shard, attempt) : giveUp(primary);
      }
      if (reigning === undefined || !this.isConnected(primary)) {
        return this.retryLater(untilMs, shard, attempt);
      }
      this.calls.submit(reigning, shard, request, untilMs, (result) => {
        if (!result.ok) {
          if (result.reason === 'lost') ambiguous = true;
          if (ambiguous && request.requestId === '') return giveUp(primary);
          return this.retryLater(untilMs, shard, attempt);
        }
        const { value: answer } = result;
        if (answer.outcome === 'committed') return done({ answer, primary });
        if (answer.outcome === 'unknown') {
          ambiguous = true;
          if (answer.reason === 'forgotten' || request.requestId === '') {
            return done({ answer, primary });
          }
          return this.retryLater(untilMs, shard, attempt);
        }
        lastReason = answer.reason;
        // An attempt without time for its answer would make a certain outcome an uncertain one.
        const hasTime = untilMs - this.nowMs() > ATTEMPT_MS;
        if (isPassing(answer.reason) && hasTime) return this.retryLater(untilMs, shard, attempt);
        return ambiguous ? giveUp(primary) : done({ answer, primary });
      });
    };
    attempt();
  }

  /**
   * A strong read of the newest version: from here if this site holds the file under lease, else the
   * primary says which version it is, and this site's own bytes are used. `keep`: the file is to be
   * held under lease from here on; without, the primary is asked each time. `trace` goes along.
   */
  read(
    name: string,
    untilMs: number,
    told: (outcome: ReadOutcome) => void,
    keep: boolean = this.config.leases,
    trace?: string,
  ): void {
    const done = (outcome: ReadOutcome): void => {
      if (outcome.ok) this.reads[outcome.freshness] += 1;
      told(outcome);
    };
    let bringContent = false;
    let lastReason: 'no_primary' | 'quorum_unavailable' | 'moving' = 'no_primary';
    const attempt = (): void => {
      if (this.nowMs() >= untilMs) return done({ ok: false, reason: lastReason });
      const shard = this.shardFor(name);
      const primary = this.primaryOf(shard);
      const held = keep ? this.readLeased(shard, name, primary) : undefined;
      if (held !== undefined) return done(held);
      if (!this.canReachQuorum(shard)) return done({ ok: false, reason: 'quorum_unavailable' });
      if (primary === '' || !this.isConnected(primary))
        return this.retryLater(untilMs, shard, attempt);
      const options = { bringContent, keep, trace };
      this.calls.ask(primary, shard, name, options, untilMs, (result) => {
        this.keepGranted(shard, name, result);
        const read = this.settleRead(shard, primary, result);
        if (read === 'again') {
          if (result.ok && result.value.outcome === 'retry') lastReason = result.value.reason;
          return this.retryLater(untilMs, shard, attempt);
        }
        if (read === 'content') {
          // Asked for, and not there: the primary has to bring it back first.
          if (bringContent) return this.retryLater(untilMs, shard, attempt);
          bringContent = true;
          return attempt();
        }
        return done(read);
      });
    };
    attempt();
  }

  /** Under a lease no other site is asked; one that is about to be needed is kept up. */
  private readLeased(shard: string, name: string, primary: string): ReadOutcome | undefined {
    const drive = this.drives.get(shard);
    if (drive === undefined || primary === this.config.site) return undefined;
    drive.wantLease();
    const head = drive.leased(name);
    if (head === undefined) return undefined;
    const { epoch } = drive.state.leasehold.lease?.reign ?? { epoch: 0 };
    return { ok: true, head, freshness: 'lease', primary, epoch };
  }

  private keepGranted(shard: string, name: string, result: CallResult<ReadAnswer>): void {
    if (!result.ok || result.value.outcome !== 'head' || result.value.terms === null) return;
    const { head, terms } = result.value;
    this.drives.get(shard)?.granted(name, head, terms);
  }

  private settleRead(
    shard: string,
    primary: string,
    result: CallResult<ReadAnswer>,
  ): ReadOutcome | 'again' | 'content' {
    if (!result.ok || result.value.outcome !== 'head') return 'again';
    const answer = result.value;
    const { epoch, head } = answer;
    if (primary === this.config.site) {
      return { ok: true, head, freshness: 'primary', primary, epoch };
    }
    const drive = this.drives.get(shard);
    const own = head === null || drive === undefined ? undefined : drive.versionAt(head);
    if (own !== undefined && drive?.isReadable === true) {
      return { ok: true, head: own, freshness: 'validated', primary, epoch };
    }
    if (isLight(head)) return 'content';
    const freshness = head === null || head.deleted ? 'validated' : 'fetched';
    return { ok: true, head, freshness, primary, epoch };
  }

  /**
   * Calls back once this site's view of each shard shows everything that had committed when the
   * call was made, so that a listing from it is current; or with the reason why it cannot. `bucket`:
   * what is listed, and may be leased; null: nothing is.
   */
  catchUp(
    shards: readonly string[],
    bucket: string | null,
    untilMs: number,
    done: (outcome: CatchUpOutcome) => void,
  ): void {
    this.listings.catchUp(shards, bucket, untilMs, done);
  }

  /** Tries again after a while, or as soon as another site or epoch is heard to reign. */
  retryLater(untilMs: number, shard: string, attempt: () => void): void {
    const before = this.reigning(shard);
    const hasChanged = (): boolean => {
      const now = this.reigning(shard);
      return now?.site !== before?.site || now?.epoch !== before?.epoch;
    };
    this.until(Math.min(untilMs, this.nowMs() + this.config.retryMs), hasChanged, attempt);
  }

  /** Calls back as soon as the condition holds, or at `untilMs`. */
  until(untilMs: number, holds: () => boolean, done: () => void): void {
    if (holds()) return done();
    const { timers } = this.ports;
    const finish = (): void => {
      this.waiting.delete(check);
      timer.cancel();
      done();
    };
    const check = (): void => {
      if (holds()) finish();
    };
    const timer = timers.wake(untilMs, finish);
    this.waiting.add(check);
  }

  /** Calls back whenever the shard's view here shows more than before. */
  follow(shard: string, look: () => void): { cancel(): void } {
    const followers = this.followers.get(shard) ?? new Set();
    this.followers.set(shard, followers.add(look));
    return { cancel: () => void followers.delete(look) };
  }

  private wakeWaiting(): void {
    for (const check of [...this.waiting]) check();
  }

  nowMs(): number {
    return this.ports.timers.now().monoMs;
  }
}

/** Rejections that a later attempt, or another site, may well not repeat. */
function isPassing(reason: WriteRejection): boolean {
  return reason === 'no_primary' || reason === 'moving';
}

function hasHandedOver(drive: ShardDrive): boolean {
  const { role, claim, leader, leasehold, log, peers } = drive.state;
  if (leasehold.recalledBy !== null) return false; // its clients have leases still
  if (role.kind !== 'replica' || claim.releaseDue !== null || claim.attempt !== null) return false;
  if (claim.abandonedEpoch === 0) return true; // never was the primary
  const isFollowed = leader !== null && leader.reign.epoch > claim.abandonedEpoch;
  // The successor serves once an entry of its own epoch has committed, whatever follows that.
  const committedSeq = Math.min(leader?.commitSeq ?? 0, endSeq(log));
  if (isFollowed && (epochAt(log, committedSeq) ?? 0) >= leader.reign.epoch) return true;
  return ![...peers.values()].some((peer) => peer.connected && peer.eligible);
}
