import type { Core } from '../scenario/core.js';
import type { Bounds } from './bounds.js';
import { Histories } from './histories.js';
import { attemptOf, judge, noteAttempt } from './history.js';
import { movesOf, noteMove } from './moves.js';
import { RecentAnswers } from './recent-answers.js';
import type { Reductions } from './reductions.js';
import { SITES } from './setting.js';
import { type Outcome, SiteStates } from './site-states.js';
import type { Row } from './world-table.js';

export type SiteIndex = 0 | 1 | 2;
export const SITE_INDICES: readonly SiteIndex[] = [0, 1, 2];
export type Sites = Row['sites'];

/** Everything but what is under way, by the numbers of its parts. */
export interface Scene {
  readonly sites: Sites;
  readonly history: number;
}

export interface Exercised {
  commits: number;
  secondEpochCommits: number;
  answers: number;
  rejections: number;
}

const FAULT = -1;
/** Moves that three sites make at most until nothing new comes of any: far more than there are. */
const FARTHEST = 1000;

/** How one state of everything follows from another, and what is wrong with it. */
export class WorldSteps {
  readonly parts: SiteStates;
  readonly histories: Histories;
  readonly exercised: Exercised = {
    commits: 0,
    secondEpochCommits: 0,
    answers: 0,
    rejections: 0,
  };
  private readonly judgements = new RecentAnswers(20);
  /** By what of a history decides about moves, then by site and its state: moves by number. */
  private readonly moves: Map<number, readonly number[]>[] = [];
  private lastFault = '';

  constructor(
    core: Core,
    readonly bounds: Bounds,
    readonly reductions: Reductions,
  ) {
    this.parts = new SiteStates(core, reductions.ages);
    this.histories = new Histories(bounds.writes);
  }

  /** Where every path begins. What may be wrong on the way there is wrong later, too. */
  first(): Scene {
    return { sites: this.parts.beginning(), history: this.histories.first };
  }

  momentOf(scene: Scene): number {
    return this.histories.at(scene.history).moment;
  }

  /** The same after time has passed. */
  later({ sites, history }: Scene): Scene {
    const { parts, histories } = this;
    const aged = eachSite((site) => parts.later(sites[site]));
    return { sites: aged, history: histories.later(history) };
  }

  outcome({ sites, history }: Scene, site: SiteIndex, move: number): Outcome {
    return this.parts.after(sites[site], move, this.histories.at(history).moment);
  }

  /** What a move leads to, not judged yet. */
  after(scene: Scene, site: SiteIndex, move: number, outcome: Outcome): Scene {
    const sites = eachSite((each) => (each === site ? outcome.next : scene.sites[each]));
    return { sites: this.settled(sites), history: this.historyAfter(scene, site, move, outcome) };
  }

  /** How far it is from the beginning: what leads here is nearer, but for some of the detours. */
  distanceOf({ sites, history }: Scene): number {
    const { moment, crashes } = this.histories.at(history);
    const moves = sites.reduce((sum, site) => sum + this.parts.depth(site), 0);
    return (2 * moment + crashes) * FARTHEST + Math.min(moves, FARTHEST - 1);
  }

  /** With what the sites hold now noted in the history; or the fault that shows. */
  judged(scene: Scene): Scene | string {
    const { sites, history } = scene;
    const [a, b, c] = sites;
    const judged = this.judgements.ask(a, b, c, history, () => this.judge(scene));
    if (judged === FAULT) return this.lastFault;
    if (judged === history) return scene;
    return { sites, history: judged };
  }

  private judge({ sites, history }: Scene): number {
    const summaries = sites.map((site) => this.parts.summary(site));
    const before = this.histories.at(history);
    const judged = judge(before, summaries);
    if ('fault' in judged) {
      this.lastFault = judged.fault;
      return FAULT;
    }
    const { committed } = judged.history;
    if (committed.length > before.committed.length) {
      this.exercised.commits += 1;
      if (committed.at(-1)?.startsWith('2/') === true) this.exercised.secondEpochCommits += 1;
    }
    return this.histories.numberOf(judged.history);
  }

  /** What may happen at a site besides the arrival of a letter, by number. */
  movesAt({ sites, history }: Scene, site: SiteIndex): readonly number[] {
    const moves = (this.moves[this.histories.contextOf(history)] ??= new Map());
    const state = sites[site];
    const key = state * SITES.length + site;
    const known = moves.get(key);
    if (known !== undefined) return known;
    const { bounds, reductions, parts } = this;
    const summary = parts.summary(state);
    const listed = movesOf(site, summary, this.histories.at(history), bounds, reductions);
    const numbers = listed.map((move) => parts.moveNumber(move));
    moves.set(key, numbers);
    return numbers;
  }

  private historyAfter({ history }: Scene, site: number, move: number, outcome: Outcome): number {
    const before = this.histories.at(history);
    let after = noteMove(before, this.parts.move(move), site);
    for (const { write, answer } of outcome.answers) {
      this.exercised.answers += 1;
      if (answer.outcome === 'rejected') this.exercised.rejections += 1;
      after = noteAttempt(after, write, site, attemptOf(answer));
    }
    return after === before ? history : this.histories.numberOf(after);
  }

  private settled(sites: Sites): Sites {
    if (!this.reductions.forgetsActing) return sites;
    const last = this.bounds.changes + 1;
    const isCrowned = sites.some((site) => {
      const { role, epoch } = this.parts.summary(site);
      return role === 'primary' && epoch === last;
    });
    return isCrowned ? eachSite((site) => this.parts.withoutActing(sites[site])) : sites;
  }
}

function eachSite(give: (site: SiteIndex) => number): Sites {
  return [give(0), give(1), give(2)];
}
