import { type Core, REAL_CORE } from '../scenario/core.js';
import { type Bounds, FULL_BOUNDS } from './bounds.js';
import { counterExample } from './counter-example.js';
import { Exploration, type Found } from './exploration.js';
import { EVERY_REDUCTION, NO_REDUCTION } from './reductions.js';
import { rehearse } from './rehearsal.js';

export interface ExplorationResult {
  /** Every state within the bounds was reached and judged, or another that stands for it. */
  readonly finished: boolean;
  /** Distinct states of the whole cluster, its network and what its clients know. */
  readonly states: number;
  readonly transitions: number;
  /** Distinct states of one site. */
  readonly siteStates: number;
  /** Moves of the longest way that was taken to a state. */
  readonly depth: number;
  readonly exercised: Readonly<Record<string, number>>;
  readonly violation: Violation | null;
}

export interface Violation {
  readonly fault: string;
  readonly moves: number;
  /** No shorter one exists within the bounds: all of those were tried. */
  readonly isShortest: boolean;
  /** A scenario file that plays it. */
  readonly scenario: string;
}

/** How far an exploration is. */
export interface ExplorationProgress {
  readonly states: number;
  readonly waiting: number;
  readonly transitions: number;
}

/** States that are looked at without any reduction before anything else is tried. */
const FIRST_LOOK = 60_000;
/** States that the search for a shorter counter-example may take. */
const SHORTENING_LIMIT = 1_000_000;

/**
 * Tries every interleaving within the bounds: three sites, one shard, one file; messages that arrive
 * at any time, again or never; disks that sync at any later time, in order. What the reductions
 * leave out is argued in `reductions.ts`. What is near the beginning is looked at without them first,
 * breadth first, so that a fault found there has the shortest path that leads to one; one that is
 * found further on is looked for again among all shorter paths. `progress` is told now and then.
 */
export function explore(
  bounds: Bounds = FULL_BOUNDS,
  core: Core = REAL_CORE,
  progress: (progress: ExplorationProgress) => void = () => {},
): ExplorationResult {
  const tell = ({ table, waiting, transitions }: Exploration): void =>
    progress({ states: table.kept, waiting, transitions });
  const plain = new Exploration(core, lowered(bounds, FIRST_LOOK), NO_REDUCTION);
  const near = plain.run(tell);
  if (near !== null) return result(plain, told(plain, near.fault, rehearse(plain, near), true));
  if (!plain.gaveUp) return result(plain, null);
  const exploration = new Exploration(core, bounds, EVERY_REDUCTION);
  const found = exploration.run(tell);
  if (found === null) return result(exploration, null);
  return result(exploration, shortest(exploration, found, bounds, core));
}

function result(exploration: Exploration, violation: Violation | null): ExplorationResult {
  const { table, transitions, depth, steps, gaveUp } = exploration;
  return {
    finished: violation === null && !gaveUp,
    states: table.kept,
    transitions,
    siteStates: steps.parts.count,
    depth,
    exercised: { ...steps.exercised },
    violation,
  };
}

function lowered(bounds: Bounds, limit: number): Bounds {
  return { ...bounds, stateLimit: Math.min(bounds.stateLimit, limit) };
}

function shortest(exploration: Exploration, found: Found, bounds: Bounds, core: Core): Violation {
  const moves = rehearse(exploration, found);
  const plain = new Exploration(core, lowered(bounds, SHORTENING_LIMIT), NO_REDUCTION);
  const shorter = plain.run(() => {}, moves.length - 1);
  if (shorter === null) return told(exploration, found.fault, moves, !plain.gaveUp);
  return told(plain, shorter.fault, rehearse(plain, shorter), true);
}

function told(
  exploration: Exploration,
  fault: string,
  moves: ReturnType<typeof rehearse>,
  isShortest: boolean,
): Violation {
  const scenario = counterExample(exploration, fault, moves);
  return { fault, moves: moves.length, isShortest, scenario };
}
