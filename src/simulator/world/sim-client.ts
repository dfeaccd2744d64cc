import type { Content, FileVersion } from '../../protocol/file-version.js';
import type { WriteAnswer } from '../../protocol/request.js';
import type { CatchUpOutcome } from '../../protocol/node/outcomes.js';
import type { SiteNode } from '../../protocol/node/site-node.js';
import type { TableChangeResult } from '../../protocol/node/table-change.js';
import type { ClientAnswer } from '../../protocol/client/answers.js';
import type { SessionWrite } from '../../protocol/client/messages.js';
import { NodeClock } from '../clock.js';
import type { Operation } from '../history.js';
import type { Random } from '../random.js';
import {
  type Draft,
  type WriteCall,
  chunkedContent,
  conditionOf,
  conditionsOf,
  filesShown,
  inlineContent,
  intentOf,
  stamp,
} from './call-fields.js';
import { moveName } from './name-move.js';
import { MOVING_FILES, type PlannedOperation } from './plan.js';
import { bytesOf, SimCache } from './sim-cache.js';
import type { World } from './world.js';

/** A site tries on behalf of a client for this part of the client's patience. */
const SITE_PATIENCE = 0.85;
const TRIES = 4;
const LISTINGS = 3;
const LIST_LIMIT = 1000;

/** The site that a client talks to, as it was when the call was made. */
interface Host {
  readonly name: string;
  readonly node: SiteNode;
  readonly clock: NodeClock;
}

/**
 * A client beside one of the sites: does its planned operations one after the other, goes to
 * another site when its own is gone, and writes down what it did and saw.
 */
export class SimClient {
  private siteIndex: number;
  private readonly planned: PlannedOperation[];
  private next = 0;
  /** What it last saw of each file: what its conditions speak of. */
  private readonly seen = new Map<string, { version: number; value: string | null }>();
  /** A session and a cache of its own; without, each request goes to a site by itself. */
  private readonly cache: SimCache | null = null;
  private finished = false;
  /** A call of its cache is under way; it is written down in any case. */
  private isWaiting = false;

  constructor(
    readonly id: string,
    private readonly world: World,
    planned: readonly PlannedOperation[],
    private readonly record: (operation: Operation) => void,
    private readonly nextOperationId: () => number,
    private readonly random: Random,
  ) {
    this.planned = [...planned];
    this.siteIndex = random.int(world.sites.size);
    const own = random.fork('cache');
    const { cachingChance } = world.options.leases;
    if (!own.chance(cachingChance)) return;
    const clock = new NodeClock(world.queue, world.clockSettings(id));
    this.cache = new SimCache(id, world, clock, own, this.siteIndex);
    world.caches.push(this.cache);
  }

  /** Nothing more is to be expected of it. */
  get isDone(): boolean {
    return this.finished || (this.cache?.vanished === true && !this.isWaiting);
  }

  start(): void {
    this.cache?.start();
    this.proceed();
  }

  /** No more operations after the one that is under way. */
  finish(): void {
    this.planned.length = Math.min(this.planned.length, this.next);
  }

  private proceed(): void {
    const operation = this.planned[this.next];
    if (operation === undefined || this.cache?.vanished === true) {
      this.finished = true;
      return;
    }
    this.next += 1;
    if (operation.move) this.moveTo(this.random.int(this.world.sites.size));
    this.world.queue.after(operation.thinkMs, () => {
      const { cache } = this;
      if (cache === null) return this.perform(operation);
      if (cache.vanished) return this.proceed();
      cache.clock.deliver(() => this.perform(operation));
    });
  }

  private moveTo(siteIndex: number): void {
    this.siteIndex = siteIndex;
    this.cache?.moveTo(siteIndex);
  }

  private perform(planned: PlannedOperation): void {
    switch (planned.kind) {
      case 'read':
        if (this.cache !== null) return this.readCached(this.cache, planned);
        return planned.local ? this.readLocal(planned) : this.read(planned);
      case 'list':
        return this.list(planned);
      case 'write':
      case 'delete':
        return this.write(planned);
      case 'move':
        return this.changeTable(planned);
    }
  }

  /** The site this client talks to now: its own, or the next one that is up. */
  private site(): Host | undefined {
    const names = [...this.world.sites.keys()];
    for (let step = 0; step < names.length; step += 1) {
      const name = names[(this.siteIndex + step) % names.length];
      const site = name === undefined ? undefined : this.world.sites.get(name);
      if (name !== undefined && site?.node) return { name, node: site.node, clock: site.clock };
    }
    return undefined;
  }

  private fileName(planned: PlannedOperation): string {
    return `b/f${planned.file}`;
  }

  private draft(planned: PlannedOperation, site: string): Draft {
    return {
      client: this.id,
      site,
      id: this.nextOperationId(),
      kind: planned.kind === 'move' ? 'write' : planned.kind,
      name: this.fileName(planned),
      startMs: this.world.queue.nowMs,
      endMs: null,
      outcome: 'failed',
    };
  }

  /**
   * Hands the call's first answer on; gives it up after a while. A paused or sleeping site takes it
   * when it goes on.
   */
  private once<T>(
    at: Host,
    call: (done: (value: T) => void) => void,
    done: (value: T | null) => void,
  ): void {
    const finish = this.patiently<T>((end) => end(null), done);
    at.clock.deliver(() => call(finish));
  }

  /** Takes the first answer; once the client's patience is at its end, `giveUp` is told to end it. */
  private patiently<T>(
    giveUp: (end: (value: T | null) => void) => void,
    done: (value: T | null) => void,
  ): (value: T | null) => void {
    let open = true;
    const end = (value: T | null): void => {
      if (!open) return;
      open = false;
      patience.cancel();
      done(value);
    };
    const { queue, options } = this.world;
    const patience = queue.after(options.mix.patienceMs, () => giveUp(end));
    return end;
  }

  private until(node: SiteNode): number {
    return node.nowMs() + this.world.options.mix.patienceMs * SITE_PATIENCE;
  }

  private read(planned: PlannedOperation): void {
    const at = this.site();
    if (at === undefined) return this.proceed();
    const draft = this.draft(planned, at.name);
    const { leases } = this.world.options;
    const keeps = leases.sites && !this.random.chance(leases.validateChance);
    this.once<Parameters<Parameters<SiteNode['read']>[2]>[0]>(
      at,
      (done) => at.node.read(draft.name, this.until(at.node), done, keeps),
      (outcome) => {
        draft.endMs = this.world.queue.nowMs;
        if (outcome?.ok === true) {
          Object.assign(draft, { outcome: 'ok' }, stamp(outcome.head));
          this.remember(draft.name, outcome.head);
          const own = at.node.drives.get(at.node.shardFor(draft.name))?.view.head(draft.name);
          const isStale = (own?.version ?? 0) < (outcome.head?.version ?? 0);
          this.world.exercise.read(outcome.freshness, isStale);
        }
        this.record(draft);
        this.proceed();
      },
    );
  }

  /** By the client's own cache: from memory if that is valid, else over its session. */
  private readCached(cache: SimCache, planned: PlannedOperation): void {
    const { leases } = this.world.options;
    const isValidate = this.random.fork('mode').chance(leases.validateChance);
    const mode = planned.local ? 'local' : isValidate ? 'validate' : 'strong';
    const draft = this.draft(planned, cache.site);
    if (mode === 'local') Object.assign(draft, { mode });
    this.onceCached(
      cache,
      (done) => cache.read(draft.name, mode, done),
      (answer) => {
        draft.endMs = this.world.queue.nowMs;
        if (answer?.kind === 'read' && answer.ok) {
          Object.assign(draft, { outcome: 'ok', site: cache.site }, stamp(answer.head));
          if (mode !== 'local') this.remember(draft.name, answer.head);
          this.world.exercise.read(answer.freshness, false);
        }
        this.record(draft);
        this.proceed();
      },
    );
  }

  /** Gives up after a while, as its user would. */
  private onceCached(
    cache: SimCache,
    call: (done: (answer: ClientAnswer) => void) => number,
    done: (answer: ClientAnswer | null) => void,
  ): void {
    let ticket = 0;
    this.isWaiting = true;
    const giveUp = (end: (answer: null) => void): void => {
      if (cache.vanished) return end(null);
      cache.clock.deliver(() => cache.giveUp(ticket));
    };
    const finish = this.patiently<ClientAnswer>(giveUp, (answer) => {
      this.isWaiting = false;
      done(answer);
    });
    cache.onVanish = () => finish(null);
    ticket = call(finish);
  }

  private readLocal(planned: PlannedOperation): void {
    const at = this.site();
    const name = this.fileName(planned);
    const drive = at?.node.drives.get(at.node.shardFor(name));
    if (at?.clock.mode === 'running' && drive?.isReadable === true) {
      const draft = this.draft(planned, at.name);
      const head = drive.releasedHead(name) ?? null;
      const endMs = draft.startMs;
      this.record({ ...draft, mode: 'local', endMs, outcome: 'ok', ...stamp(head) });
    }
    this.proceed();
  }

  /** Some times in a row: who lists again may do so under a lease. */
  private list(planned: PlannedOperation, times = LISTINGS): void {
    const at = this.site();
    if (at === undefined) return this.proceed();
    const draft = { ...this.draft(planned, at.name), name: 'b/', limit: LIST_LIMIT };
    const shards = [...at.node.drives.keys()];
    this.once<CatchUpOutcome | null>(
      at,
      (done) => at.node.catchUp(shards, 'b', this.until(at.node), done),
      (shown) => {
        draft.endMs = this.world.queue.nowMs;
        if (shown?.ok === true) {
          if (shown.freshness === 'lease') this.world.exercise.counts.listingsUnderLease += 1;
          draft.files = filesShown(at.node.drives.values(), draft.name, LIST_LIMIT);
          draft.outcome = 'ok';
        }
        this.record(draft);
        if (times > 1 && shown?.ok === true) this.list(planned, times - 1);
        else this.proceed();
      },
    );
  }

  private write(planned: PlannedOperation): void {
    const name = this.fileName(planned);
    const value = planned.kind === 'delete' ? null : `v${this.nextOperationId()}`;
    const at = this.site();
    const drive = at?.node.drives.get(at.node.shardFor(name));
    if (at === undefined || drive === undefined) return this.proceed();
    const requestId = `${this.id}-${this.next}`;
    const since = drive.state.releasedSeq;
    this.attempt(
      planned,
      { requestId, value, since, condition: conditionOf(planned, this.seen.get(name)) },
      1,
    );
  }

  /** Moves the rule of one name to another shard: refused where the name has versions already. */
  private changeTable(planned: PlannedOperation): void {
    const at = this.site();
    if (at === undefined) return this.proceed();
    const { counts, trace } = this.world;
    this.once<TableChangeResult>(
      at,
      (done) => {
        const to = this.random.pick([...at.node.config.shards.keys()]);
        moveName(at.node, { name: this.fileName(planned), to }, () => this.until(at.node), done);
      },
      (result) => {
        if (result?.ok === true) counts.tableChanges += 1;
        else counts.tableChangesRefused += 1;
        trace.text(result?.ok === false ? result.reason : String(result?.ok));
        this.proceed();
      },
    );
  }

  private attempt(planned: PlannedOperation, call: WriteCall, tries: number): void {
    const at = this.site();
    if (at === undefined) {
      this.world.queue.after(500, () => this.attemptAgain(planned, call, tries));
      return;
    }
    const { requestId, value, since, condition } = call;
    const draft = this.draft(planned, at.name);
    Object.assign(draft, { requestId, value, outcome: 'unknown' });
    if (condition !== null) draft.condition = condition;
    const { name } = draft;
    const conditions = conditionsOf(condition);
    if (this.cache !== null && !planned.chunked) {
      return this.writeCached(this.cache, planned, call, tries, draft);
    }
    const request = {
      requestId,
      since,
      conditions,
      intent: intentOf(name, value === null ? null : this.contentAt(at.name, planned, value)),
    };
    this.once<Parameters<Parameters<SiteNode['submit']>[3]>[0]>(
      at,
      (done) => at.node.submit(() => at.node.shardFor(name), request, this.until(at.node), done),
      (outcome) => {
        const answer = outcome?.answer;
        if (answer?.outcome === 'committed') {
          this.checkDurable(planned, at.node.shardFor(name), answer.seq, value);
        }
        this.noteWrite(draft, call, answer);
        this.settle(planned, call, tries, draft.outcome === 'unknown');
      },
    );
  }

  /** A name that may move meanwhile could be of another shard by now. */
  private checkDurable(
    planned: PlannedOperation,
    shard: string,
    seq: number,
    value: string | null,
  ): void {
    if (planned.file >= MOVING_FILES) return;
    const content = planned.chunked && value !== null ? chunkedContent(value) : null;
    this.world.answered(this.fileName(planned), shard, seq, content);
  }

  private writeCached(
    cache: SimCache,
    planned: PlannedOperation,
    call: WriteCall,
    tries: number,
    draft: Draft,
  ): void {
    const { requestId, value, condition } = call;
    const { name } = draft;
    const write: SessionWrite =
      value === null
        ? { kind: 'delete', name }
        : { kind: 'put', name, bytes: bytesOf(value), metadata: {} };
    draft.site = cache.site;
    this.onceCached(
      cache,
      (done) => cache.write(requestId, write, conditionsOf(condition), done),
      (told) => {
        const answer = told?.kind === 'write' ? told.answer : undefined;
        if (answer?.outcome === 'refused') {
          this.noteWrite(draft, call, { outcome: 'rejected', reason: 'no_primary', current: null });
        } else this.noteWrite(draft, call, answer);
        this.settle(planned, call, tries, draft.outcome === 'unknown');
      },
    );
  }

  /** Writes down what became of an attempt; undefined: nothing was heard. */
  private noteWrite(draft: Draft, call: WriteCall, answer: WriteAnswer | undefined): void {
    const { name } = draft;
    const { value } = call;
    draft.endMs = answer === undefined ? null : this.world.queue.nowMs;
    draft.outcome = answer?.outcome ?? 'unknown';
    if (answer?.outcome === 'committed') {
      const { version, epoch, seq } = answer;
      Object.assign(draft, { version, epoch, seq });
      this.seen.set(name, { version, value });
    } else if (answer !== undefined) {
      draft.reason = answer.reason;
      if (answer.outcome === 'rejected' && answer.reason === 'precondition_failed') {
        Object.assign(draft, stamp(answer.current));
        this.remember(name, answer.current);
      } else if (answer.outcome === 'rejected' && answer.reason === 'no_such_file') {
        Object.assign(draft, stamp(answer.current));
      }
    }
    this.record(draft);
  }

  /** Retries an uncertain outcome; now and then a certain one too, as a lost answer would. */
  private settle(
    planned: PlannedOperation,
    call: WriteCall,
    tries: number,
    isUncertain: boolean,
  ): void {
    const again = planned.retry && tries < TRIES && (isUncertain || this.random.chance(0.1));
    if (!again) return this.proceed();
    this.moveTo(this.random.int(this.world.sites.size));
    this.world.queue.after(this.random.exponential(200), () =>
      this.attemptAgain(planned, call, tries),
    );
  }

  private attemptAgain(planned: PlannedOperation, call: WriteCall, tries: number): void {
    if (tries >= TRIES) return this.proceed();
    this.attempt(planned, call, tries + 1);
  }

  private contentAt(site: string, planned: PlannedOperation, value: string): Content {
    if (!planned.chunked) return inlineContent(value);
    this.world.sites.get(site)?.content.add([value]);
    return chunkedContent(value);
  }

  private remember(name: string, head: FileVersion | null): void {
    this.seen.set(name, { version: head?.version ?? 0, value: head?.content?.etag ?? null });
  }
}
