import { InvariantViolation } from '../../protocol/invariant.js';
import type { ClaimRecord } from '../../protocol/ports.js';
import type { Answer } from '../../protocol/request.js';
import { DEFAULT_LIMITS } from '../../protocol/shard/config.js';
import type { ShardEffect } from '../../protocol/shard/effects.js';
import type { Now, ShardInput } from '../../protocol/shard/inputs.js';
import type { ShardState } from '../../protocol/shard/state.js';
import type { Grant, ShardMessage } from '../../protocol/shard/messages.js';
import type { Core } from '../scenario/core.js';
import { RULES, SHARD } from '../scenario/stage.js';
import {
  crash,
  feed,
  newStation,
  start,
  type Station,
  sync,
  viewHead,
} from '../scenario/station.js';
import { age, forgetActing } from './ageing.js';
import { copyStation, letterName, stationName } from './canonical.js';
import { writeRequest } from './client-write.js';
import { isHeardStill, type Letter } from './letters.js';
import { RecentAnswers } from './recent-answers.js';
import { LESSEE, MOMENTS_MS, SITES, TIMING, WRITE_QUORUM } from './setting.js';
import { sayFault } from './site-faults.js';
import { type Summary, summarise } from './summary.js';

const NOTHING: readonly number[] = [];
/** Far more moves than it takes until the first primary serves. */
const BEGINNING_LIMIT = 1000;
/** Letters have 16 bits each where sets of them are kept. */
const LETTER_LIMIT = 65_535;

/** No write has this number. */
const ASK_TICKET = 1000;

type SiteNumbers = [number, number, number];

/** What can happen to one site. */
export type SiteMove =
  | { readonly kind: 'deliver'; readonly message: number }
  | { readonly kind: 'sync' }
  | { readonly kind: 'tick' }
  | { readonly kind: 'write'; readonly write: number }
  /** A reader at the site: it asks for its short lease. */
  | { readonly kind: 'want' }
  /** The question of the lessee, which wants to keep the file, is there. */
  | { readonly kind: 'ask' }
  /** It is to hand over. */
  | { readonly kind: 'stop' }
  | { readonly kind: 'claim'; readonly epoch: number; readonly holder: number }
  /** The session with a site that started again is there. */
  | { readonly kind: 'meet'; readonly peer: number }
  | { readonly kind: 'crash'; readonly kept: number; readonly keepsView: boolean }
  | { readonly kind: 'start'; readonly epoch: number; readonly holder: number }
  /** A crash, and a start at once. */
  | {
      readonly kind: 'restart';
      readonly kept: number;
      readonly keepsView: boolean;
      readonly epoch: number;
      readonly holder: number;
    };

export interface Outcome {
  readonly next: number;
  /** Letters sent. */
  readonly sent: readonly number[];
  readonly answers: readonly { readonly write: number; readonly answer: Answer }[];
  /** What this site alone did wrong. */
  readonly fault: string | null;
}

/**
 * Every state that one site was ever in, by number, and what comes of each move in it. A state met
 * again through another history is not worked out again: that is what makes millions affordable.
 */
export class SiteStates {
  readonly letters: Letter[] = [];
  private readonly letterNumbers = new Map<string, number>();
  private readonly stations: Station[] = [];
  private readonly numbers = new Map<string, number>();
  private readonly summaries: Summary[] = [];
  /** By state, then by move and moment. */
  private readonly outcomes: Map<number, Outcome>[] = [];
  private readonly depths: number[] = [];
  private readonly laters: number[] = [];
  private readonly forgetful: number[] = [];
  private readonly moveNumbers = new Map<string, number>();
  private readonly moves: SiteMove[] = [];
  private readonly deliveries: number[] = [];
  private tick: number | undefined;
  private readonly heard = new RecentAnswers(21);

  constructor(
    readonly core: Core,
    private readonly ages: boolean,
  ) {}

  get count(): number {
    return this.stations.length;
  }

  deliveryNumber(message: number): number {
    return (this.deliveries[message] ??= this.moveNumber({ kind: 'deliver', message }));
  }

  isHeardStill(letter: number, to: number, from: number): boolean {
    const workOut = (): number =>
      isHeardStill(this.letter(letter), this.station(to), this.station(from)) ? 1 : 0;
    return this.heard.ask(letter, to, from, 0, workOut) === 1;
  }

  moveNumber(move: SiteMove): number {
    const text = JSON.stringify(move);
    const known = this.moveNumbers.get(text);
    if (known !== undefined) return known;
    this.moveNumbers.set(text, this.moves.length);
    return this.moves.push(move) - 1;
  }

  move(number: number): SiteMove {
    const move = this.moves[number];
    if (move === undefined) throw new Error(`no such move: ${number}`);
    return move;
  }

  letter(number: number): Letter {
    const letter = this.letters[number];
    if (letter === undefined) throw new Error(`no such letter: ${number}`);
    return letter;
  }

  station(number: number): Station {
    const station = this.stations[number];
    if (station === undefined) throw new Error(`no such state: ${number}`);
    return station;
  }

  summary(number: number): Summary {
    return (this.summaries[number] ??= summarise(this.core, this.station(number)));
  }

  /** The most moves that are known to lead to a state, as far as they were tried. */
  depth(number: number): number {
    return this.depths[number] ?? 0;
  }

  get tickNumber(): number {
    return (this.tick ??= this.moveNumber({ kind: 'tick' }));
  }

  /** What a move sends that changes nothing else at all. */
  silentlySent(from: number, move: number, moment: number): readonly number[] {
    const { next, sent, answers, fault } = this.after(from, move, moment);
    return next === from && answers.length === 0 && fault === null ? sent : NOTHING;
  }

  /**
   * The first site reigns in epoch 1 and all have heard of it. `tell` hears of each move on the way
   * there: the starts, the claim, and what follows from them until nothing new comes of it.
   */
  beginning(tell: (site: number, move: SiteMove, from: number) => void = () => {}): SiteNumbers {
    const sites = SITES.map((site) => this.intern(newStation(site)));
    const queue: number[] = [];
    const posted = new Set<number>();
    const give = (site: number, move: SiteMove): boolean => {
      const before = sites[site] ?? 0;
      const { next, sent } = this.after(before, this.moveNumber(move), 0);
      const fresh = sent.filter((letter) => !posted.has(letter));
      sites[site] = next;
      for (const letter of fresh) posted.add(letter);
      queue.push(...fresh);
      const isNew = next !== before || fresh.length > 0;
      if (isNew) tell(site, move, before);
      return isNew;
    };
    for (const site of SITES.keys()) give(site, { kind: 'start', epoch: 0, holder: 0 });
    give(0, { kind: 'claim', epoch: 1, holder: 0 });
    for (let steps = 0; steps < BEGINNING_LIMIT; steps += 1) {
      const message = queue.shift();
      const syncing = sites.findIndex((site) => this.summary(site).unsynced > 0);
      if (message !== undefined) {
        give(this.letter(message).toIndex, { kind: 'deliver', message });
      } else if (syncing >= 0) give(syncing, { kind: 'sync' });
      else if (!give(0, { kind: 'tick' })) break;
    }
    const [first = 0, second = 0, third = 0] = sites;
    return [first, second, third];
  }

  after(from: number, moveNumber: number, moment: number): Outcome {
    const outcomes = (this.outcomes[from] ??= new Map());
    const key = moveNumber * MOMENTS_MS.length + moment;
    const known = outcomes.get(key);
    if (known !== undefined) return known;
    const outcome = this.work(from, this.move(moveNumber), moment);
    if (this.letters.length > LETTER_LIMIT) throw new Error('more letters than have a number');
    outcomes.set(key, outcome);
    if (outcome.next !== from)
      this.depths[outcome.next] = Math.max(this.depth(outcome.next), this.depth(from) + 1);
    return outcome;
  }

  /** The state as it is once time has passed. */
  later(number: number): number {
    if (!this.ages) return number;
    return (this.laters[number] ??= this.changed(number, age));
  }

  /** The state without what only a candidate would be told. */
  withoutActing(number: number): number {
    return (this.forgetful[number] ??= this.changed(number, forgetActing));
  }

  private changed(number: number, change: (state: ShardState) => void): number {
    const copy = copyStation(this.station(number));
    if (copy.state === null) return number;
    change(copy.state);
    const made = this.intern(copy);
    this.depths[made] = Math.max(this.depth(made), this.depth(number));
    return made;
  }

  private work(from: number, move: SiteMove, moment: number): Outcome {
    const before = this.station(from);
    const station = copyStation(before);
    const ms = MOMENTS_MS[moment] ?? 0;
    const now = { monoMs: ms, wallMs: ms };
    try {
      const effects = this.carryOut(station, move, now);
      const fault = sayFault(station, effects);
      if (moment > 0 && this.ages && station.state !== null) age(station.state);
      return { ...this.tell(station, effects), fault };
    } catch (error) {
      if (!(error instanceof InvariantViolation) && !isViolation(error)) throw error;
      return { next: from, sent: [], answers: [], fault: (error as Error).message };
    }
  }

  /** Makes a move at a site that is not one of the states here: everything that comes of it. */
  letThrough(station: Station, move: SiteMove, moment: number): ShardEffect[] {
    const ms = MOMENTS_MS[moment] ?? 0;
    return this.carryOut(station, move, { monoMs: ms, wallMs: ms });
  }

  private carryOut(station: Station, move: SiteMove, now: Now): ShardEffect[] {
    const give = (input: ShardInput): ShardEffect[] => feed(this.core, station, input, now);
    switch (move.kind) {
      case 'deliver': {
        const { from, message } = this.letter(move.message);
        return give({ kind: 'message', from, message });
      }
      case 'sync':
        return sync(this.core, station, null, now);
      case 'tick':
        return give({ kind: 'tick' });
      case 'write': {
        const request = writeRequest(move.write);
        const found = { head: viewHead(station.view, 'f'), inTheWay: false };
        return give({ kind: 'propose', ticket: move.write, epoch: null, request, found });
      }
      case 'want': {
        if (station.state === null) return [];
        const step = { s: station.state, now, out: [] as ShardEffect[] };
        this.core.advanceClock(step);
        this.core.wantLease(step);
        return step.out;
      }
      case 'ask': {
        const found = { head: viewHead(station.view, 'f'), inTheWay: false };
        const lessee = SITES[LESSEE];
        const asker = { site: lessee, run: `${lessee}-1` };
        return give({ kind: 'ask', ticket: ASK_TICKET, name: 'f', found, asker });
      }
      case 'stop':
        return give({ kind: 'stop' });
      case 'claim':
        return give({ kind: 'claim-seen', claim: claimOf(move.epoch, move.holder) });
      case 'meet':
        return give({ kind: 'peer', site: SITES[move.peer] ?? '', connected: true });
      case 'crash':
        crashKeeping(station, move);
        return [];
      case 'restart':
        crashKeeping(station, move);
        return this.start(station, move.epoch, move.holder, now);
      case 'start':
        return this.start(station, move.epoch, move.holder, now);
    }
  }

  private start(station: Station, epoch: number, holder: number, now: Now): ShardEffect[] {
    const claim = claimOf(epoch, holder);
    const config = {
      shard: SHARD,
      succession: SITES,
      writeQuorum: WRITE_QUORUM,
      timing: TIMING,
      limits: DEFAULT_LIMITS,
    };
    const around = { config, rules: RULES, atCoordinator: station.record, claim: claim.value };
    start(this.core, station, around, now);
    const inputs: ShardInput[] = [{ kind: 'claim-seen', claim }];
    for (const site of SITES) {
      if (site !== station.site) inputs.push({ kind: 'peer', site, connected: true });
    }
    return inputs.flatMap((input) => feed(this.core, station, input, now));
  }

  private tell(station: Station, effects: readonly ShardEffect[]): Omit<Outcome, 'fault'> {
    const sent: number[] = [];
    const answers: { write: number; answer: Answer }[] = [];
    const told: Answer[] = [];
    for (const effect of effects) {
      if (effect.kind === 'send') sent.push(this.post(station.site, effect.to, effect.message));
      if (effect.kind !== 'answer') continue;
      if (effect.ticket === ASK_TICKET) told.push(effect.answer);
      else answers.push({ write: effect.ticket, answer: effect.answer });
    }
    // After all that was sent: the answer to the lessee is under way like any message.
    for (const answer of told) {
      const grant = grantOf(answer);
      if (grant !== null) sent.push(this.post(station.site, SITES[LESSEE], grant));
    }
    return { next: this.intern(station), sent, answers };
  }

  private post(from: string, to: string, message: ShardMessage): number {
    const text = letterName(from, to, message);
    const known = this.letterNumbers.get(text);
    if (known !== undefined) return known;
    this.letterNumbers.set(text, this.letters.length);
    const [fromIndex, toIndex] = [indexOf(from), indexOf(to)];
    return this.letters.push({ from, to, fromIndex, toIndex, message }) - 1;
  }

  private intern(station: Station): number {
    const name = stationName(station);
    const known = this.numbers.get(name);
    if (known !== undefined) return known;
    this.numbers.set(name, this.stations.length);
    return this.stations.push(station) - 1;
  }
}

/** What the lessee keeps of an answer: the same as what a grant brings it. */
function grantOf(answer: Answer): Grant | null {
  if (answer.outcome !== 'head' || answer.terms === null) return null;
  const { head, terms } = answer;
  const version =
    head === null ? null : { version: head.version, epoch: head.epoch, seq: head.seq };
  return { kind: 'grant', ...terms, name: 'f', version };
}

function indexOf(site: string): 0 | 1 | 2 {
  return site === SITES[0] ? 0 : site === SITES[1] ? 1 : 2;
}

function crashKeeping(
  station: Station,
  { kept, keepsView }: { readonly kept: number; readonly keepsView: boolean },
): void {
  station.keptView = keepsView ? station.view.length : 0;
  crash(station, kept);
  station.keptView = 0;
}

/** A changed copy of the protocol throws its own class. */
function isViolation(error: unknown): boolean {
  return error instanceof Error && error.name === 'InvariantViolation';
}

function claimOf(epoch: number, holder: number): { value: ClaimRecord | null; revision: number } {
  if (epoch === 0) return { value: null, revision: 0 };
  const site = SITES[holder] ?? '';
  const { claimMs } = TIMING;
  const value = { shard: SHARD, epoch, site, run: `${site}-1`, claimMs, renewal: 1 };
  return { value: { ...value, released: false, successor: '' }, revision: epoch };
}
