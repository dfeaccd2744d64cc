import { EarlyRequests } from './early-requests.js';
import type { FileVersion } from './file-version.js';
import { fileVersionOf, type NamePattern, type Position } from './log-entry.js';
import type {
  ContentPort,
  Coordinator,
  ShardLog,
  ShardView,
  SnapshotPort,
  StorageFailure,
} from './ports.js';
import { patternMatches } from './primary-table.js';
import type { Answer, EndAnswer, ReadAnswer, WriteAnswer, WriteRequest } from './request.js';
import {
  type ClientGrant,
  type ClientLease,
  lendToClient,
  renewClient,
  rightLeftMs,
} from './shard/client-sessions.js';
import type { ShardConfig } from './shard/config.js';
import type { ShardEffect, ShardEvent } from './shard/effects.js';
import type { Found, ShardInput } from './shard/inputs.js';
import { heldGrant, wantLease } from './shard/leasehold.js';
import type { Asker, CatalogueAsker } from './shard/lease-state.js';
import { endSeq, entryAt, newestWrite } from './shard/log-tail.js';
import type { GrantedVersion, GrantTerms, ShardMessage } from './shard/messages.js';
import { wouldLose } from './shard/ownership.js';
import { createShardState, type ShardStart, type ShardState, type Step } from './shard/state.js';
import { advanceClock, nextDeadline, step } from './shard/step.js';
import type { Timers } from './timers.js';
import { TransientMap } from './transient-map.js';

export interface ShardPorts {
  readonly log: ShardLog;
  readonly view: ShardView;
  readonly content: ContentPort;
  readonly coordinator: Coordinator;
  readonly snapshots: SnapshotPort;
  readonly timers: Timers;
  send(to: string, message: ShardMessage): void;
  /** Tells these clients of this site to drop the file; null: all files of the shard. */
  invalidate(sessions: readonly string[], name: string | null, serial: number): void;
  event(event: ShardEvent): void;
  /** The view shows more than before, or the role or the primary changed. */
  changed(): void;
  /** An invariant does not hold: this site must not go on. */
  fatal(error: unknown): void;
}

/**
 * Runs one shard's state machine against the world: carries out effects, brings back what comes of
 * them, and keeps its timer. The same code drives real disks and simulated ones.
 */
export class ShardDrive {
  readonly state: ShardState;
  private readonly tickets = new TransientMap<number, (answer: Answer) => void>();
  private readonly contents = new Map<number, { cancel(): void }>();
  private readonly early: EarlyRequests;
  private nextTicket = 1;
  private timer: { readonly atMs: number; readonly wake: { cancel(): void } } | null = null;
  private flushScheduled = false;
  private halted = false;

  constructor(
    config: ShardConfig,
    start: ShardStart,
    private readonly ports: ShardPorts,
  ) {
    this.state = createShardState(config, start, ports.timers.now());
    this.early = new EarlyRequests(ports.timers);
  }

  get shard(): string {
    return this.state.config.shard;
  }

  input(input: ShardInput): void {
    if (this.halted) return;
    try {
      const effects = step(this.state, input, this.ports.timers.now());
      for (const effect of effects) this.carryOut(effect);
      this.schedule();
    } catch (error) {
      this.halt();
      this.ports.fatal(error);
    }
    if (!this.early.isEmpty && !this.willServe(null)) this.early.release();
  }

  /** Looks at the state, or changes it, at this moment. */
  private now<T>(halted: T, look: (step: Step) => T): T {
    if (this.halted) return halted;
    try {
      const step: Step = { s: this.state, now: this.ports.timers.now(), out: [] };
      advanceClock(step);
      const value = look(step);
      for (const effect of step.out) this.carryOut(effect);
      if (step.out.length > 0) this.schedule();
      return value;
    } catch (error) {
      this.halt();
      this.ports.fatal(error);
      return halted;
    }
  }

  /** Nothing is done or answered any more. */
  halt(): void {
    this.halted = true;
    this.timer?.wake.cancel();
    for (const content of this.contents.values()) content.cancel();
    this.contents.clear();
    this.tickets.clear();
    this.early.clear();
  }

  propose(request: WriteRequest, epoch: number | null, done: (answer: WriteAnswer) => void): void {
    this.onceServing(epoch, () => {
      const ticket = this.ticket(done as (answer: Answer) => void);
      this.input({ kind: 'propose', ticket, epoch, request, found: this.find(request) });
    });
  }

  /** `asker`: a site that wants to keep what it is told. */
  ask(name: string, asker: Asker | null, done: (answer: ReadAnswer) => void): void {
    this.onceServing(null, () => {
      const ticket = this.ticket(done as (answer: Answer) => void);
      const found = { head: this.ports.view.head(name), inTheWay: false };
      this.input({ kind: 'ask', ticket, name, found, asker });
    });
  }

  /** There is a reader here: the short lease on the shard is kept up for a while. */
  wantLease(): void {
    this.now(undefined, (step) => wantLease(step));
  }

  /** This site may keep what a primary told it, under these terms. */
  granted(name: string, head: FileVersion | null, terms: GrantTerms): void {
    const version = head === null ? null : grantedVersion(head);
    const viewed = this.ports.view.head(name) ?? null;
    this.input({ kind: 'granted', name, version, terms, viewed });
  }

  /**
   * The file as this site may serve it this very moment without asking anybody: undefined if it may
   * not, or does not have the version; null if it certainly does not exist.
   */
  leased(name: string): FileVersion | null | undefined {
    return this.now(undefined, (step) => {
      const grant = heldGrant(step, name);
      if (grant === undefined) return undefined;
      const { version } = grant;
      const head = version === null ? null : this.versionAt({ name, ...version });
      if (head !== undefined) grant.used = true;
      return head;
    });
  }

  /** Renews the lease of a client's session on this shard; with duration 0 if that cannot be. */
  renewClient(session: string): ClientLease {
    const none = { generation: 0, durationMs: 0 };
    return this.now(none, (step) => renewClient(step, session));
  }

  /** How much longer this site may answer for the shard without asking. */
  rightLeftMs(): number {
    return this.now(0, (step) => rightLeftMs(step));
  }

  /** Registers a file for a client, before the answer that fills its cache; null if it may not. */
  lendToClient(session: string, name: string, head: FileVersion | null): ClientGrant | null {
    const version = head === null ? null : grantedVersion(head);
    const viewed = (): Position | null => this.ports.view.head(name) ?? null;
    return this.now(null, (step) => lendToClient(step, session, { name, version, viewed }));
  }

  /** `keep`: the site that wants to list a bucket without asking from then on. */
  askEnd(keep: CatalogueAsker | null, done: (answer: EndAnswer) => void): void {
    this.onceServing(null, () => {
      const ticket = this.ticket(done as (answer: Answer) => void);
      this.input({ kind: 'ask-end', ticket, keep });
    });
  }

  /** This site may list the bucket under these terms, from a view that shows everything up to `end`. */
  grantedCatalogue(catalogue: string, end: Position, terms: GrantTerms): void {
    const version = { version: 0, epoch: end.epoch, seq: end.seq };
    this.input({ kind: 'granted', name: catalogue, version, terms, viewed: null });
  }

  /** Whether the view shows, this very moment, every file of the bucket, and nobody need be asked. */
  showsLeased(catalogue: string): boolean {
    return this.now(false, (step) => {
      const grant = heldGrant(step, catalogue);
      if (grant === undefined || !this.isReadable) return false;
      grant.used = true;
      return step.s.viewSeq >= (grant.version?.seq ?? 0);
    });
  }

  /** The newest version this site knows to be released; may be old. */
  releasedHead(name: string): FileVersion | undefined {
    const newest = newestWrite(this.state.log, name, this.state.releasedSeq);
    return newest === undefined ? this.ports.view.head(name) : fileVersionOf(newest);
  }

  /** The position of the newest version of the name in this site's log, released or not. */
  heldPosition(name: string): Position | undefined {
    const { log } = this.state;
    return newestWrite(log, name, endSeq(log)) ?? this.ports.view.head(name);
  }

  /** Exactly this version, from the log where the view is behind. */
  versionAt(
    stamp: Pick<FileVersion, 'name' | 'version' | 'epoch' | 'seq'>,
  ): FileVersion | undefined {
    const entry = entryAt(this.state.log, stamp.seq);
    if (entry !== undefined && entry.epoch === stamp.epoch) return fileVersionOf(entry);
    const version = this.ports.view.version(stamp.name, stamp.version);
    return version?.epoch === stamp.epoch && version.seq === stamp.seq ? version : undefined;
  }

  /** Entries of the log on disk, whatever became of those in memory. */
  readLog(...request: Parameters<ShardLog['read']>): void {
    this.ports.log.read(...request);
  }

  get view(): ShardView {
    return this.ports.view;
  }

  /** False while a snapshot is being installed: the view is a mixture of two states. */
  get isReadable(): boolean {
    return !this.state.hard.installing;
  }

  /** Now, or, where this site is about to serve, as soon as that is decided. */
  private onceServing(epoch: number | null, go: () => void): void {
    if (!this.willServe(epoch) || !this.early.hold(go)) go();
  }

  /** Whether this site is on its way to be primary, in this epoch if one is named. */
  private willServe(epoch: number | null): boolean {
    const { role } = this.state;
    if (this.halted || role.kind === 'replica') return false;
    if (role.kind === 'primary' && role.phase !== 'confirming') return false;
    return epoch === null || epoch === role.epoch;
  }

  private ticket(done: (answer: Answer) => void): number {
    const ticket = this.nextTicket++;
    this.tickets.set(ticket, done);
    return ticket;
  }

  private find(request: WriteRequest): Found {
    const { intent } = request;
    switch (intent.kind) {
      case 'put':
      case 'delete':
        return { head: this.ports.view.head(intent.name), inTheWay: false };
      case 'move-out':
        return { head: undefined, inTheWay: this.someNameLeaves(intent.pattern, intent.to) };
      case 'move-in':
      case 'move-back':
      case 'retain':
      case 'configure':
      case 'configured':
        return { head: undefined, inTheWay: false };
    }
  }

  private someNameLeaves(pattern: NamePattern, to: string): boolean {
    const leaves = wouldLose(this.state.ownership, pattern, to);
    const text = pattern.kind === 'exact' ? pattern.name : pattern.prefix;
    const prefix = text.startsWith('*/') ? '' : text;
    const limit = 1000;
    for (let after = ''; ; ) {
      const names = this.ports.view.names({ prefix, after, limit });
      for (const name of names) {
        if (patternMatches(pattern, name) && leaves(name)) return true;
      }
      const last = names.at(-1);
      if (last === undefined || names.length < limit) return false;
      after = last;
    }
  }

  private schedule(): void {
    const { state } = this;
    const { timers } = this.ports;
    if (state.role.kind === 'primary' && !this.flushScheduled) {
      if (endSeq(state.log) > state.role.flushedSeq || state.role.commitNoticeDue) {
        this.flushScheduled = true;
        timers.endOfTurn(() => {
          this.flushScheduled = false;
          this.input({ kind: 'flush' });
        });
      }
    }
    const atMs = nextDeadline(state);
    if (this.timer !== null && this.timer.atMs <= atMs) return;
    this.timer?.wake.cancel();
    this.timer = null;
    if (atMs === Number.POSITIVE_INFINITY) return;
    const wake = timers.wake(atMs, () => {
      this.timer = null;
      this.input({ kind: 'tick' });
    });
    this.timer = { atMs, wake };
  }

  private carryOut(effect: ShardEffect): void {
    const { ports } = this;
    switch (effect.kind) {
      case 'send':
        return ports.send(effect.to, effect.message);
      case 'write':
        return ports.log.write(effect.write, (failure) => this.written(effect.id, failure));
      case 'reset-log':
        return ports.log.reset(effect.base, effect.hardState, (failure) =>
          this.written(effect.id, failure),
        );
      case 'read-log': {
        const { id, from, entries, bytes } = effect;
        return ports.log.read(from, { entries, bytes }, (result) =>
          this.input({ kind: 'log-read', id, result }),
        );
      }
      case 'apply':
        return this.apply(effect);
      case 'ensure-content':
        return this.ensureContent(effect);
      case 'drop-content':
        for (const [seq, content] of this.contents) {
          if (seq < effect.fromSeq) continue;
          content.cancel();
          this.contents.delete(seq);
        }
        return;
      case 'trim':
        // A restart replays from what the view certainly kept: the log reaches back to there.
        return ports.log.trim(Math.min(effect.upToSeq, ports.view.durablePosition().seq));
      case 'answer':
        return this.tickets.take(effect.ticket)?.(effect.answer);
      case 'invalidate':
        return ports.invalidate(effect.sessions, effect.name, effect.serial);
      case 'swap-claim':
        return ports.coordinator.swap(
          `claim/${this.shard}`,
          effect.revision,
          effect.value,
          (result) => this.input({ kind: 'claim-swapped', token: effect.token, result }),
        );
      case 'install-snapshot':
        return ports.snapshots.install(effect.from, (installed) =>
          this.input(
            installed === null
              ? { kind: 'snapshot-failed' }
              : { kind: 'snapshot-installed', ...installed },
          ),
        );
      case 'event':
        ports.event(effect.event);
        return ports.changed();
    }
  }

  private written(id: number, failure: StorageFailure | null): void {
    this.input({ kind: 'written', id, failure });
  }

  private apply(effect: Extract<ShardEffect, { kind: 'apply' }>): void {
    const seq = effect.entries.at(-1)?.seq ?? 0;
    this.ports.view.apply(effect.entries, (failure) => {
      if (failure !== null) return this.ports.fatal(new Error(failure.message));
      this.input({ kind: 'applied', seq });
      this.ports.changed();
    });
  }

  private ensureContent(effect: Extract<ShardEffect, { kind: 'ensure-content' }>): void {
    const { epoch, seq, content, source } = effect;
    const sources = source === '' ? [] : [source];
    const handle = this.ports.content.ensure(content, sources, () => {
      if (this.contents.get(seq) === handle) this.contents.delete(seq);
      this.input({ kind: 'content-ready', epoch, seq });
    });
    this.contents.get(seq)?.cancel();
    this.contents.set(seq, handle);
  }
}

function grantedVersion({ version, epoch, seq }: FileVersion): NonNullable<GrantedVersion> {
  return { version, epoch, seq };
}
