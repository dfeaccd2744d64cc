import type { Core } from '../scenario/core.js';
import { attemptOf, type History, judge, noteAttempt } from './history.js';
import type { Bounds } from './bounds.js';
import { MOMENTS_MS, SITES } from './setting.js';
import type { Letter } from './letters.js';
import { type SiteMove, SiteStates } from './site-states.js';
import { WorldTable } from './world-table.js';

/** One step of a path: a move of one site, or time that passes. */
export type PathMove =
  | { readonly site: string; readonly move: SiteMove; readonly letter: Letter | null }
  | { readonly site: null; readonly moment: number };

export interface Found {
  readonly fault: string;
  readonly path: readonly PathMove[];
}

/** A state of everything, by the numbers of its parts. */
interface World {
  readonly sites: readonly number[];
  readonly letters: number;
  readonly history: number;
}

const PARENT = 5;
const MOVE = 6;
const MOVE_SITES = 4;

export class Exploration {
  private readonly parts: SiteStates;
  private readonly table = new WorldTable(7, 5);
  /** Sets of letters under way, each in ascending order, by number. */
  private readonly letterSets: number[][] = [];
  private readonly letterSetNumbers = new Map<string, number>();
  private readonly histories: History[] = [];
  private readonly historyNumbers = new Map<string, number>();
  private readonly historyObjects = new WeakMap<History, number>();
  private readonly pairs = new Map<number, number>();
  private readonly judgements = new Map<number, number | string>();
  private lastOfDepth = 0;
  transitions = 0;
  depth = 0;
  gaveUp = false;
  readonly exercised = { commits: 0, secondEpochCommits: 0, answers: 0, rejections: 0 };

  constructor(
    core: Core,
    private readonly bounds: Bounds,
  ) {
    this.parts = new SiteStates(core);
  }

  get states(): number {
    return this.table.count;
  }

  get siteStates(): number {
    return this.parts.count;
  }

  run(progress: (states: number, waiting: number) => void): Found | null {
    let fault = this.reach(this.beginning(), -1, -1);
    for (let row = 0; row < this.table.count && fault === null; row += 1) {
      if (row > this.lastOfDepth) {
        this.depth += 1;
        this.lastOfDepth = this.table.count - 1;
      }
      if (row % 50_000 === 0) progress(this.table.count, this.table.count - row);
      if (this.table.count > this.bounds.stateLimit) {
        this.gaveUp = true;
        return null;
      }
      fault = this.expand(row);
    }
    return fault;
  }

  private worldAt(row: number): World {
    const { table } = this;
    return {
      sites: [table.at(row, 0), table.at(row, 1), table.at(row, 2)],
      letters: table.at(row, 3),
      history: table.at(row, 4),
    };
  }

  private historyAt(number: number): History {
    const history = this.histories[number];
    if (history === undefined) throw new Error(`no such history: ${number}`);
    return history;
  }

  /**
   * The first site reigns in epoch 1, all have heard its heartbeat, and nothing is under way. What
   * may be wrong on the way there is wrong later, too.
   */
  private beginning(): World {
    const { parts } = this;
    const sites = SITES.map((site) => parts.begin(site));
    const queue: number[] = [];
    const give = (site: number, move: SiteMove): void => {
      const outcome = parts.after(sites[site] ?? 0, parts.moveNumber(move), 0);
      sites[site] = outcome.next;
      queue.push(...outcome.sent);
    };
    for (const site of SITES.keys()) give(site, { kind: 'start', epoch: 0, holder: 0 });
    give(0, { kind: 'claim', epoch: 1, holder: 0 });
    for (let steps = 0; steps < 1000; steps += 1) {
      const message = queue.shift();
      const syncing = sites.findIndex((site) => parts.summary(site).unsynced > 0);
      const due = sites.findIndex((site) => parts.summary(site).dueMs <= 0);
      if (message !== undefined) {
        give(parts.letter(message).toIndex, { kind: 'deliver', message });
      } else if (syncing >= 0) give(syncing, { kind: 'sync' });
      else if (due >= 0) give(due, { kind: 'tick' });
      else break;
    }
    const attempts = Array.from({ length: this.bounds.writes }, () =>
      SITES.map(() => 'none' as const),
    );
    const rest = {
      moment: 0,
      crashes: 0,
      restarted: SITES.map(() => false),
      epoch: 1,
      holder: 0,
      committed: [],
      seen: 0,
    };
    return { sites, letters: this.letterSet([]), history: this.history({ ...rest, attempts }) };
  }

  private letterSet(letters: number[]): number {
    const text = letters.join();
    const known = this.letterSetNumbers.get(text);
    if (known !== undefined) return known;
    this.letterSetNumbers.set(text, this.letterSets.length);
    return this.letterSets.push(letters) - 1;
  }

  private history(history: History): number {
    const held = this.historyObjects.get(history);
    if (held !== undefined) return held;
    const text = JSON.stringify(history);
    const known = this.historyNumbers.get(text);
    if (known !== undefined) return known;
    this.historyNumbers.set(text, this.histories.length);
    this.historyObjects.set(history, this.histories.length);
    return this.histories.push(history) - 1;
  }

  private expand(row: number): Found | null {
    const world = this.worldAt(row);
    const history = this.historyAt(world.history);
    for (const message of this.letterSets[world.letters] ?? []) {
      const site = this.parts.letter(message).toIndex;
      const found = this.act(row, world, site, this.parts.deliveryNumber(message));
      if (found !== null) return found;
    }
    for (const site of SITES.keys()) {
      for (const move of this.movesOf(world, history, site)) {
        const found = this.act(row, world, site, this.parts.moveNumber(move));
        if (found !== null) return found;
      }
    }
    if (!this.bounds.timePasses || history.moment > 0) return null;
    const later = this.history({ ...history, moment: 1 });
    return this.reach({ ...world, history: later }, row, -1);
  }

  private movesOf(world: World, history: History, site: number): SiteMove[] {
    const { bounds } = this;
    const summary = this.parts.summary(world.sites[site] ?? 0);
    const { epoch, holder, crashes } = history;
    if (!summary.isUp) return [{ kind: 'start', epoch, holder }];
    const moves: SiteMove[] = [];
    if (summary.unsynced > 0) moves.push({ kind: 'sync' });
    if (summary.dueMs <= (MOMENTS_MS[history.moment] ?? 0)) moves.push({ kind: 'tick' });
    if (summary.serves) {
      history.attempts.forEach((tried, write) => {
        if (tried[site] === 'none') moves.push({ kind: 'write', write });
      });
    }
    if (epoch - 1 < bounds.changes && site === epoch % 2) {
      moves.push({ kind: 'claim', epoch: epoch + 1, holder: site });
    }
    if (site !== holder && summary.role !== 'replica') moves.push({ kind: 'claim', epoch, holder });
    SITES.forEach((_, peer) => {
      if (history.restarted[peer] === true && peer !== site && summary.role !== 'replica') {
        moves.push({ kind: 'meet', peer });
      }
    });
    if (crashes < bounds.crashes) {
      for (let kept = 0; kept <= (bounds.partialLoss ? summary.unsynced : 0); kept += 1) {
        moves.push({ kind: 'crash', kept, keepsView: false });
        if (bounds.partialLoss) moves.push({ kind: 'crash', kept, keepsView: true });
      }
    }
    return moves;
  }

  private act(row: number, world: World, site: number, number: number): Found | null {
    const before = this.historyAt(world.history);
    const from = world.sites[site] ?? 0;
    const outcome = this.parts.after(from, number, before.moment);
    const code = number * MOVE_SITES + site;
    if (outcome.fault !== null) return this.found(outcome.fault, row, code);
    if (outcome.next === from && outcome.sent.length === 0 && outcome.answers.length === 0) {
      return null; // a message that says nothing new, or an input that is not heard
    }
    this.transitions += 1;
    let history = noteMove(before, this.parts.move(number), site);
    for (const { write, answer } of outcome.answers) {
      this.exercised.answers += 1;
      if (answer.outcome === 'rejected') this.exercised.rejections += 1;
      history = noteAttempt(history, write, site, attemptOf(answer));
    }
    const sites = world.sites.map((each, index) => (index === site ? outcome.next : each));
    const letters = this.mailed(world.letters, outcome.sent, sites);
    return this.reach({ sites, letters, history: this.history(history) }, row, code);
  }

  /** What is under way from here on; what nobody can hear any more is left out. */
  private mailed(set: number, sent: readonly number[], sites: readonly number[]): number {
    const { parts } = this;
    const kept: number[] = [];
    const consider = (number: number): void => {
      const { toIndex, fromIndex } = parts.letter(number);
      if (kept.includes(number)) return;
      if (parts.isHeardStill(number, sites[toIndex] ?? 0, sites[fromIndex] ?? 0)) kept.push(number);
    };
    for (const number of this.letterSets[set] ?? []) consider(number);
    for (const number of sent) consider(number);
    return this.letterSet(kept.sort((a, b) => a - b));
  }

  private reach(world: World, parent: number, move: number): Found | null {
    const judged = this.judge(world);
    if (typeof judged === 'string') return this.found(judged, parent, move);
    const [a = 0, b = 0, c = 0] = world.sites;
    if (!this.table.add([a, b, c, world.letters, judged, parent, move])) return null;
    const [before, after] = [this.historyAt(world.history), this.historyAt(judged)];
    if (before.committed.length < after.committed.length) {
      this.exercised.commits += 1;
      if (after.committed.at(-1)?.startsWith('2/') === true) this.exercised.secondEpochCommits += 1;
    }
    return null;
  }

  /** The number of the history as it is with what the sites hold now, or the fault. */
  private judge({ sites, history }: World): number | string {
    const [a = 0, b = 0, c = 0] = sites;
    const key = this.pair(this.pair(this.pair(a, b), c), history);
    const known = this.judgements.get(key);
    if (known !== undefined) return known;
    const summaries = sites.map((site) => this.parts.summary(site));
    const judged = judge(this.historyAt(history), summaries);
    const result = 'fault' in judged ? judged.fault : this.history(judged.history);
    this.judgements.set(key, result);
    return result;
  }

  /** A number for two, so that a table of many columns needs no texts. */
  private pair(a: number, b: number): number {
    const key = a * 2 ** 26 + b;
    const known = this.pairs.get(key);
    if (known !== undefined) return known;
    this.pairs.set(key, this.pairs.size);
    return this.pairs.size - 1;
  }

  private found(fault: string, parent: number, move: number): Found {
    const path: PathMove[] = [this.pathMove(move)];
    for (let row = parent; row > 0; row = this.table.at(row, PARENT)) {
      path.push(this.pathMove(this.table.at(row, MOVE)));
    }
    return { fault, path: path.reverse() };
  }

  private pathMove(code: number): PathMove {
    if (code < 0) return { site: null, moment: 1 };
    const move = this.parts.move(Math.floor(code / MOVE_SITES));
    const letter = move.kind === 'deliver' ? this.parts.letter(move.message) : null;
    return { site: SITES[code % MOVE_SITES] ?? '', move, letter };
  }
}

function noteMove(history: History, move: SiteMove, site: number): History {
  switch (move.kind) {
    case 'crash':
      return { ...history, crashes: history.crashes + 1 };
    case 'claim':
      if (move.epoch === history.epoch) return history;
      return { ...history, epoch: move.epoch, holder: move.holder };
    case 'write':
      return noteAttempt(history, move.write, site, 'open');
    case 'start':
      return {
        ...history,
        restarted: history.restarted.map((was, index) => was || index === site),
      };
    case 'deliver':
    case 'sync':
    case 'tick':
    case 'meet':
      return history;
  }
}
