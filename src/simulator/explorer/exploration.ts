import type { Core } from '../scenario/core.js';
import type { Bounds } from './bounds.js';
import { Frontier } from './frontier.js';
import { PostOffice } from './post-office.js';
import { EVERY_REDUCTION, type Reductions } from './reductions.js';
import { type Scene, SITE_INDICES, type SiteIndex, WorldSteps } from './world-steps.js';
import { WorldTable } from './world-table.js';

/** A move of one site, by number, made at a moment; without a site it is time that passes. */
export interface Step {
  readonly site: SiteIndex | null;
  readonly move: number;
  readonly moment: number;
}

export interface Found {
  readonly fault: string;
  /** Without the moves that only send something, where those are made at once. */
  readonly path: readonly Step[];
}

/** A state of everything, and what is under way in it, by number. */
interface World extends Scene {
  readonly letters: number;
}

/** More than the protocol has within any bounds here: a changed one may have no end of them. */
const SITE_STATE_LIMIT = 200_000;
const NOBODY = -1;
const TIME = -1;
const MOVE_SITES = 4;

/** Looks at every state within the bounds that the reductions do not leave out. */
export class Exploration {
  readonly steps: WorldSteps;
  readonly post: PostOffice;
  readonly table: WorldTable;
  private readonly frontier: Frontier;
  transitions = 0;
  /** Moves of the longest way that was taken to a state. */
  depth = 0;
  gaveUp = false;

  constructor(
    core: Core,
    private readonly bounds: Bounds,
    private readonly reductions: Reductions = EVERY_REDUCTION,
  ) {
    this.steps = new WorldSteps(core, bounds, reductions);
    this.post = new PostOffice(this.steps.parts, reductions.sendsAtOnce);
    const { sets } = this.post;
    this.table = new WorldTable(
      reductions.subsumes
        ? (held, other) => sets.contains(held, other)
        : (held, other) => held === other,
    );
    this.frontier = new Frontier(reductions.subsumes);
  }

  /** States that have still to be looked at, at most. */
  get waiting(): number {
    return this.frontier.size;
  }

  /** `depthLimit`: moves from the beginning beyond which nothing is tried. */
  run(progress: (exploration: Exploration) => void, depthLimit = Infinity): Found | null {
    const { table, frontier, bounds } = this;
    const first = this.steps.first();
    const letters = this.post.mailed(0, [], null, first.sites, 0);
    let found = this.reach({ ...first, letters }, NOBODY, TIME);
    let looked = 0;
    for (let row = frontier.next(); row !== undefined; row = frontier.next()) {
      if (found !== null) break;
      if (table.isCovered(row) || table.row(row).depth >= depthLimit) continue;
      if (table.kept > bounds.stateLimit || this.steps.parts.count > SITE_STATE_LIMIT) {
        this.gaveUp = true;
        break;
      }
      if (looked % 10_000 === 0) progress(this);
      looked += 1;
      found = this.expand(row);
    }
    return found;
  }

  private expand(row: number): Found | null {
    const { steps, post, table } = this;
    const world: World = table.row(row);
    if (steps.momentOf(world) === 0 && this.bounds.timePasses) {
      const later = steps.later(world);
      const letters = post.mailed(world.letters, [], null, later.sites, steps.momentOf(later));
      const found = this.reach({ ...later, letters }, row, TIME);
      if (found !== null) return found;
    }
    for (const letter of post.sets.at(world.letters)) {
      const site = steps.parts.letter(letter).toIndex;
      const found = this.act(row, world, site, steps.parts.deliveryNumber(letter));
      if (found !== null) return found;
    }
    for (const site of SITE_INDICES) {
      for (const move of steps.movesAt(world, site)) {
        const found = this.act(row, world, site, move);
        if (found !== null) return found;
      }
    }
    return null;
  }

  private act(row: number, world: World, site: SiteIndex, move: number): Found | null {
    const { steps } = this;
    const outcome = steps.outcome(world, site, move);
    const moment = steps.momentOf(world);
    if (outcome.fault !== null) return this.found(outcome.fault, row, { site, move, moment });
    if (outcome.next === world.sites[site] && outcome.answers.length === 0) {
      // A message that says nothing new, an input that is not heard, or what was sent at once.
      if (outcome.sent.length === 0 || this.isMadeAtOnce(move)) return null;
    }
    this.transitions += 1;
    const next = steps.after(world, site, move, outcome);
    const { letters: before, sites } = world;
    const letters = this.post.mailed(before, outcome.sent, sites, next.sites, moment);
    return this.reach({ ...next, letters }, row, move * MOVE_SITES + site);
  }

  /** Timers and deliveries that only send: the post office has made them already. */
  private isMadeAtOnce(move: number): boolean {
    const { kind } = this.steps.parts.move(move);
    return this.reductions.sendsAtOnce && (kind === 'tick' || kind === 'deliver');
  }

  private reach(world: World, parent: number, move: number): Found | null {
    const judged = this.steps.judged(world);
    if (typeof judged === 'string') return this.found(judged, parent, this.step(world, move));
    const { sites, history } = judged;
    const { letters } = world;
    const depth = parent === NOBODY ? 0 : this.table.row(parent).depth + 1;
    const row = this.table.count;
    if (!this.table.add({ sites, history, letters, parent, move, depth })) return null;
    this.depth = Math.max(this.depth, depth);
    const distance = this.steps.distanceOf(judged);
    this.frontier.add(row, distance, this.post.sets.at(letters).length);
    return null;
  }

  private step(scene: Scene, code: number): Step {
    const moment = this.steps.momentOf(scene);
    if (code === TIME) return { site: null, move: 0, moment };
    return {
      site: SITE_INDICES[code % MOVE_SITES] ?? null,
      move: Math.floor(code / MOVE_SITES),
      moment,
    };
  }

  private found(fault: string, parent: number, last: Step): Found {
    const path = [last];
    for (let number = parent; number > 0; ) {
      const row = this.table.row(number);
      path.push(this.step(row, row.move));
      number = row.parent;
    }
    return { fault, path: path.reverse() };
  }
}
