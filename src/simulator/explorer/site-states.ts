import { InvariantViolation } from '../../protocol/invariant.js';
import type { ClaimRecord } from '../../protocol/ports.js';
import type { Answer } from '../../protocol/request.js';
import { DEFAULT_LIMITS } from '../../protocol/shard/config.js';
import type { ShardEffect } from '../../protocol/shard/effects.js';
import type { Now, ShardInput } from '../../protocol/shard/inputs.js';
import type { ShardMessage } from '../../protocol/shard/messages.js';
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
import { copyStation, stationName } from './canonical.js';
import { writeRequest } from './client-write.js';
import { isHeardStill, type Letter } from './letters.js';
import { MOMENTS_MS, SITES, TIMING, WRITE_QUORUM } from './setting.js';
import { sayFault } from './site-faults.js';
import { type Summary, summarise } from './summary.js';

/** What can happen to one site. */
export type SiteMove =
  | { readonly kind: 'deliver'; readonly message: number }
  | { readonly kind: 'sync' }
  | { readonly kind: 'tick' }
  | { readonly kind: 'write'; readonly write: number }
  | { readonly kind: 'claim'; readonly epoch: number; readonly holder: number }
  /** The session with a site that started again is there. */
  | { readonly kind: 'meet'; readonly peer: number }
  | { readonly kind: 'crash'; readonly kept: number; readonly keepsView: boolean }
  | { readonly kind: 'start'; readonly epoch: number; readonly holder: number };

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
  private readonly outcomes = new Map<number, Outcome>();
  private readonly moveNumbers = new Map<string, number>();
  private readonly moves: SiteMove[] = [];
  private readonly deliveries: number[] = [];
  private readonly heard = new Map<number, boolean>();

  constructor(readonly core: Core) {}

  get count(): number {
    return this.stations.length;
  }

  deliveryNumber(message: number): number {
    return (this.deliveries[message] ??= this.moveNumber({ kind: 'deliver', message }));
  }

  isHeardStill(letter: number, to: number, from: number): boolean {
    const key = (to * 131_072 + from) * 4096 + letter;
    const known = this.heard.get(key);
    if (known !== undefined) return known;
    const isHeard = isHeardStill(this.letter(letter), this.station(to), this.station(from));
    this.heard.set(key, isHeard);
    return isHeard;
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

  begin(site: string): number {
    return this.intern(newStation(site));
  }

  after(from: number, moveNumber: number, moment: number): Outcome {
    const key = (from * 8192 + moveNumber) * 2 + moment;
    const known = this.outcomes.get(key);
    if (known !== undefined) return known;
    const outcome = this.work(from, this.move(moveNumber), moment);
    if (moveNumber >= 8192 || this.letters.length >= 4096 || this.count >= 131_072) {
      throw new Error('more states of a site than the keys have room for');
    }
    this.outcomes.set(key, outcome);
    return outcome;
  }

  private work(from: number, move: SiteMove, moment: number): Outcome {
    const before = this.station(from);
    const station = copyStation(before);
    const ms = MOMENTS_MS[moment] ?? 0;
    const now = { monoMs: ms, wallMs: ms };
    try {
      const effects = this.carryOut(station, move, now);
      const fault = sayFault(station, effects);
      return { ...this.tell(station, effects), fault };
    } catch (error) {
      if (!(error instanceof InvariantViolation) && !isViolation(error)) throw error;
      return { next: from, sent: [], answers: [], fault: (error as Error).message };
    }
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
      case 'claim':
        return give({ kind: 'claim-seen', claim: claimOf(move.epoch, move.holder) });
      case 'meet':
        return give({ kind: 'peer', site: SITES[move.peer] ?? '', connected: true });
      case 'crash':
        station.keptView = move.keepsView ? station.view.length : 0;
        crash(station, move.kept);
        station.keptView = 0;
        return [];
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
    for (const effect of effects) {
      if (effect.kind === 'send') sent.push(this.post(station.site, effect.to, effect.message));
      if (effect.kind === 'answer') answers.push({ write: effect.ticket, answer: effect.answer });
    }
    return { next: this.intern(station), sent, answers };
  }

  private post(from: string, to: string, message: ShardMessage): number {
    const text = `${from} ${to} ${JSON.stringify(message)}`;
    const known = this.letterNumbers.get(text);
    if (known !== undefined) return known;
    const [fromIndex, toIndex] = [from, to].map((each) => SITES.findIndex((site) => site === each));
    this.letterNumbers.set(text, this.letters.length);
    return (
      this.letters.push({ from, to, fromIndex: fromIndex ?? 0, toIndex: toIndex ?? 0, message }) - 1
    );
  }

  private intern(station: Station): number {
    const name = stationName(station);
    const known = this.numbers.get(name);
    if (known !== undefined) return known;
    this.numbers.set(name, this.stations.length);
    return this.stations.push(station) - 1;
  }
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
