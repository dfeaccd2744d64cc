import type { ChunkedContent } from '../../protocol/file-version.js';
import type { ClaimRecord, Revised, SiteRecord, TableRule } from '../../protocol/ports.js';
import type { Answer, WriteRequest } from '../../protocol/request.js';
import {
  DEFAULT_LIMITS,
  DEFAULT_TIMING,
  type ShardLimits,
  type ShardTiming,
} from '../../protocol/shard/config.js';
import type { ShardEffect } from '../../protocol/shard/effects.js';
import type { Now, ShardInput } from '../../protocol/shard/inputs.js';
import type { GrantedVersion, GrantTerms } from '../../protocol/shard/messages.js';
import type { Roster } from '../../protocol/shard/membership.js';
import type { ShardState, Step } from '../../protocol/shard/state.js';
import type { Core } from './core.js';
import { effectText, inputText, messageText } from './description.js';
import { StageClients } from './stage-clients.js';
import {
  crash,
  EMPTY_IMAGE,
  feed,
  newStation,
  start,
  type Station,
  sync,
  viewConfiguration,
  viewHead,
  viewOwnership,
  viewPosition,
  viewRequests,
} from './station.js';

/** Something under way: a message, or a question to the coordinator and its answer. */
export interface Flight {
  readonly from: string;
  readonly to: string;
  /** Its kind first, then all that tells it from another. */
  readonly text: string;
  arrive(): void;
  /** Given up by the one who waits for it. */
  lost?(): void;
}

export const COORDINATOR = 'coord';
export const SHARD = 'shard';
export const RULES: readonly TableRule[] = [{ pattern: { kind: 'default' }, shards: [SHARD] }];

/** Sites of one shard on which nothing happens that the script did not ask for. */
export class Stage {
  readonly stations = new Map<string, Station>();
  readonly trace: string[] = [];
  readonly answers = new Map<string, Answer>();
  readonly clients = new StageClients(this);
  /** The last invalidation that each client was sent, by client and file. */
  readonly invalidations = new Map<string, number>();
  flights: Flight[] = [];
  nowMs = 0;
  timing: ShardTiming = DEFAULT_TIMING;
  limits: ShardLimits = DEFAULT_LIMITS;
  private readonly tickets: string[] = [];
  /** By the name of the answer: which file was asked for. */
  private readonly asked = new Map<string, string>();
  private readonly connections = new Set<string>();
  private readonly asleepMs = new Map<string, number>();
  private readonly setMs = new Map<string, number>();
  private readonly records = new Map<string, SiteRecord>();
  /** Incarnations up to these were given up for another machine. */
  readonly retired = new Map<string, number>();
  private claim: Revised<ClaimRecord> = { value: null, revision: 0 };

  constructor(
    readonly core: Core,
    readonly sites: readonly string[],
    readonly writeQuorum: number,
    /** The sites that the cluster is made with; the others have yet to come. */
    readonly founding: readonly string[] = sites,
  ) {
    for (const site of sites) this.stations.set(site, newStation(site));
  }

  begin(): void {
    for (const site of this.sites) this.start(site);
  }

  station(site: string): Station {
    const station = this.stations.get(site);
    if (station === undefined) throw new Error(`no such site: ${site}`);
    return station;
  }

  state(site: string): ShardState {
    const { state } = this.station(site);
    if (state === null) throw new Error(`${site} is down`);
    return state;
  }

  now(site: string): Now {
    const wallMs = this.nowMs + (this.setMs.get(site) ?? 0);
    return { monoMs: this.nowMs - (this.asleepMs.get(site) ?? 0), wallMs };
  }

  /** The wall clock is set forward. */
  jump(site: string, ms: number): void {
    this.setMs.set(site, (this.setMs.get(site) ?? 0) + ms);
  }

  /** The machine sleeps: its monotonic clock stands still. */
  sleep(site: string, ms: number): void {
    this.nowMs += ms;
    this.asleepMs.set(site, (this.asleepMs.get(site) ?? 0) + ms);
  }

  deadline(site: string): number {
    const { state } = this.station(site);
    const lagMs = this.asleepMs.get(site) ?? 0;
    return state === null ? Infinity : this.core.nextDeadline(state) + lagMs;
  }

  input(site: string, input: ShardInput): void {
    const station = this.station(site);
    if (station.state === null) return;
    this.say(`${site} < ${inputText(input, this.ticketName)}`);
    this.carryOut(site, feed(this.core, station, input, this.now(site)));
  }

  /** Looks at a site's state, or changes it, at this moment: outside of `step`, as a site does. */
  look<T>(site: string, what: (step: Step) => T): T {
    const step: Step = { s: this.state(site), now: this.now(site), out: [] };
    this.core.advanceClock(step);
    const value = what(step);
    this.carryOut(site, step.out);
    return value;
  }

  /** There is a reader at the site: the short lease is asked for. */
  want(site: string): void {
    this.look(site, (step) => this.core.wantLease(step));
  }

  /**
   * The holder keeps what it was told by this answer; it may have come long ago. `ifAny`: it may be that
   * nothing was granted.
   */
  grant(holder: string, answerName: string, ifAny: boolean): void {
    const { name, version, terms } = this.told(answerName);
    if (terms === null && ifAny) return;
    if (terms === null) throw new Error('nothing was granted');
    const viewed = viewHead(this.station(holder).view, name) ?? null;
    this.input(holder, { kind: 'granted', name, version, terms, viewed });
  }

  /** The version that an answer to `ask` speaks of, or the position that one to `ask-end` does. */
  told(answerName: string): { name: string; version: GrantedVersion; terms: GrantTerms | null } {
    const answer = this.answers.get(answerName);
    const name = this.asked.get(answerName);
    if (answer?.outcome === 'end' && name !== undefined) {
      return { name, version: { version: 0, ...answer.end }, terms: answer.terms ?? null };
    }
    if (answer?.outcome !== 'head' || name === undefined) throw new Error('it is no such answer');
    const { head, terms } = answer;
    const version =
      head === null ? null : { version: head.version, epoch: head.epoch, seq: head.seq };
    return { name, version, terms };
  }

  private readonly ticketName = (ticket: number): string => this.tickets[ticket - 1] ?? '?';

  private say(line: string): void {
    this.trace.push(`  ${line}`);
  }

  private carryOut(site: string, effects: readonly ShardEffect[]): void {
    for (const effect of effects) {
      this.say(`${site} > ${effectText(effect, this.ticketName)}`);
      this.carry(site, effect);
    }
  }

  private carry(site: string, effect: ShardEffect): void {
    switch (effect.kind) {
      case 'send': {
        const { to, message } = effect;
        if (!this.isConnected(site, to)) return;
        this.launch(site, to, messageText(message), () =>
          this.input(to, { kind: 'message', from: site, message }),
        );
        return;
      }
      case 'answer':
        this.answers.set(this.ticketName(effect.ticket), effect.answer);
        return;
      case 'invalidate':
        for (const session of effect.sessions) {
          this.invalidations.set(`${session} ${effect.name ?? ''}`, effect.serial);
        }
        return;
      case 'swap-claim':
        return this.swapClaim(site, effect);
      case 'ensure-content':
        return this.fetchContent(site, effect);
      case 'install-snapshot':
        this.launch(effect.from, site, 'snapshot', () => this.installSnapshot(effect.from, site));
        return;
      default:
        return;
    }
  }

  private launch(from: string, to: string, text: string, arrive: () => void): Flight {
    const flight = { from, to, text, arrive };
    this.flights.push(flight);
    return flight;
  }

  private swapClaim(site: string, effect: Extract<ShardEffect, { kind: 'swap-claim' }>): void {
    const { token, revision, value } = effect;
    const run = this.station(site).state?.config.run;
    const reply = (input: ShardInput): void => {
      if (this.station(site).state?.config.run === run) this.input(site, input);
    };
    const lost = (): void =>
      reply({ kind: 'claim-swapped', token, result: { outcome: 'unknown' } });
    const asked = this.launch(site, COORDINATOR, `swap e${value.epoch}`, () => {
      const isSwapped = revision === this.claim.revision;
      if (isSwapped) this.setClaim(value);
      const result = isSwapped
        ? ({ outcome: 'swapped', revision: this.claim.revision } as const)
        : ({ outcome: 'conflict', current: this.claim } as const);
      const text = `swapped e${value.epoch} ${result.outcome}`;
      const answered = this.launch(COORDINATOR, site, text, () =>
        reply({ kind: 'claim-swapped', token, result }),
      );
      Object.assign(answered, { lost });
    });
    Object.assign(asked, { lost });
  }

  private setClaim(value: ClaimRecord): void {
    this.claim = { value, revision: this.claim.revision + 1 };
    const { claim } = this;
    for (const site of this.sites) {
      if (this.station(site).state === null) continue;
      this.launch(
        COORDINATOR,
        site,
        `claim e${value.epoch}${value.released ? ' released' : ''}`,
        () => this.input(site, { kind: 'claim-seen', claim }),
      );
    }
  }

  /** The site's run wins the next epoch, whoever holds the claim, and knows it at once. */
  win(site: string, epoch = (this.claim.value?.epoch ?? 0) + 1): void {
    const { run } = this.state(site).config;
    const { claimMs } = this.timing;
    const renewal = 1_000_000;
    const value = {
      shard: SHARD,
      epoch,
      site,
      run,
      claimMs,
      renewal,
      released: false,
      successor: '',
    };
    this.setClaim(value);
    const seen = this.flights.findIndex(
      (flight) =>
        flight.from === COORDINATOR && flight.to === site && flight.text === `claim e${epoch}`,
    );
    const [flight] = this.flights.splice(seen, 1);
    flight?.arrive();
  }

  private fetchContent(
    site: string,
    effect: Extract<ShardEffect, { kind: 'ensure-content' }>,
  ): void {
    const { epoch, seq, content, source } = effect;
    const bring = (): void => {
      this.addChunks(site, content);
      this.input(site, { kind: 'content-ready', epoch, seq });
    };
    this.launch(source || 'anywhere', site, `content ${epoch}/${seq}`, bring);
  }

  addChunks(site: string, content: ChunkedContent): void {
    const station = this.station(site);
    station.chunks = [...station.chunks, ...content.chunks.map(({ hash }) => hash)];
  }

  private installSnapshot(from: string, to: string): void {
    const source = this.station(from);
    if (source.state === null) return this.input(to, { kind: 'snapshot-failed' });
    const target = this.station(to);
    target.view = source.view;
    target.keptView = source.view.length;
    target.chunks = [...new Set([...target.chunks, ...source.chunks])];
    this.input(to, {
      kind: 'snapshot-installed',
      position: viewPosition(source.view),
      requests: viewRequests(source.view),
      ownership: viewOwnership(source.view, SHARD, RULES),
      configuration: viewConfiguration(source.view),
    });
  }

  propose(site: string, name: string, request: WriteRequest, epoch: number | null): void {
    const { intent } = request;
    if (intent.kind === 'put' && intent.content.kind === 'chunked') {
      this.addChunks(site, intent.content);
    }
    const head = 'name' in intent ? viewHead(this.station(site).view, intent.name) : undefined;
    const ticket = this.tickets.push(name);
    this.answers.delete(name);
    const found = { head, inTheWay: false };
    this.input(site, { kind: 'propose', ticket, epoch, request, found });
  }

  /** `holder`: the site that wants to keep the answer, '' for none. */
  ask(site: string, name: string, file: string, holder = ''): void {
    const ticket = this.tickets.push(name);
    this.answers.delete(name);
    this.asked.set(name, file);
    const found = { head: viewHead(this.station(site).view, file), inTheWay: false };
    const asker = holder === '' ? null : { site: holder, run: this.state(holder).config.run };
    this.input(site, { kind: 'ask', ticket, name: file, found, asker });
  }

  /** `holder`: the site that wants to list the bucket without asking, '' for none. */
  askEnd(site: string, name: string, bucket = '', holder = ''): void {
    const ticket = this.tickets.push(name);
    this.answers.delete(name);
    const run = holder === '' ? '' : this.state(holder).config.run;
    const keep = holder === '' ? null : { site: holder, run, catalogue: `${bucket}/` };
    if (keep !== null) this.asked.set(name, keep.catalogue);
    this.input(site, { kind: 'ask-end', ticket, keep });
  }

  /** Every site hears who learns and who leaves. */
  roster(roster: Roster): void {
    for (const site of this.sites) this.input(site, { kind: 'roster', roster });
  }

  sync(site: string, fails: boolean): boolean {
    const station = this.station(site);
    const [first] = station.unsynced;
    if (first === undefined) return false;
    const failure = fails ? ({ kind: 'io_error', message: 'the sync failed' } as const) : null;
    this.say(`${site} < ${fails ? 'failed' : 'synced'} ${first.id}`);
    this.carryOut(site, sync(this.core, station, failure, this.now(site)));
    return true;
  }

  /** `silently`: the others do not notice, and what is on its way stays on its way. */
  crash(site: string, keptWrites: number, silently: boolean): void {
    crash(this.station(site), keptWrites);
    if (silently) return;
    for (const other of this.sites) if (other !== site) this.disconnect(site, other);
    this.flights = this.flights.filter((flight) => flight.to !== site);
  }

  start(site: string, silently = false): void {
    const { timing, limits, writeQuorum, founding, claim } = this;
    const station = this.station(site);
    const retired = this.retired.get(site) ?? 0;
    const config = { shard: SHARD, succession: founding, writeQuorum, timing, limits, retired };
    const atCoordinator = this.records.get(site) ?? null;
    const around = { config, rules: RULES, atCoordinator, claim: claim.value };
    start(this.core, station, around, this.now(site));
    if (station.record !== null) this.records.set(site, station.record);
    this.input(site, { kind: 'claim-seen', claim });
    for (const other of this.sites) {
      if (other === site) continue;
      if (silently) this.input(site, { kind: 'peer', site: other, connected: true });
      else if (this.station(other).state !== null) this.connect(site, other);
    }
  }

  /** The disk is replaced by an empty one; only while the process is down. */
  wipe(site: string): void {
    const station = this.station(site);
    if (station.state !== null) throw new Error(`${site} is up`);
    Object.assign(station, { image: EMPTY_IMAGE, view: [], keptView: 0, record: null, chunks: [] });
  }

  /** The view as it is now would survive a crash. */
  keepView(site: string): void {
    const station = this.station(site);
    station.keptView = station.view.length;
  }

  rot(site: string, seq: number): void {
    const station = this.station(site);
    station.image = { ...station.image, damagedFrom: seq };
  }

  isConnected(a: string, b: string): boolean {
    return this.connections.has(`${a} ${b}`);
  }

  connect(a: string, b: string): void {
    for (const [site, other] of [
      [a, b],
      [b, a],
    ] as const) {
      this.connections.add(`${site} ${other}`);
    }
    this.input(a, { kind: 'peer', site: b, connected: true });
    this.input(b, { kind: 'peer', site: a, connected: true });
  }

  disconnect(a: string, b: string): void {
    if (!this.connections.delete(`${a} ${b}`)) return;
    this.connections.delete(`${b} ${a}`);
    this.input(a, { kind: 'peer', site: b, connected: false });
    this.input(b, { kind: 'peer', site: a, connected: false });
  }

  /** Takes the oldest flight that `picks` accepts out of the air. */
  take(picks: (flight: Flight) => boolean): Flight | undefined {
    const index = this.flights.findIndex(picks);
    return index < 0 ? undefined : this.flights.splice(index, 1)[0];
  }
}
