import { type Core, REAL_CORE } from '../scenario/core.js';
import { type Bounds, FULL_BOUNDS } from './bounds.js';
import { counterExample } from './counter-example.js';
import { Exploration, type Found } from './exploration.js';

export interface ExplorationResult {
  /** Every state within the bounds was reached and judged. */
  readonly finished: boolean;
  /** Distinct states of the whole cluster, its network and what its clients know. */
  readonly states: number;
  readonly transitions: number;
  /** Distinct states of one site. */
  readonly siteStates: number;
  /** Moves from the beginning to the state that is furthest from it. */
  readonly depth: number;
  readonly exercised: Readonly<Record<string, number>>;
  readonly violation: {
    readonly fault: string;
    readonly moves: number;
    /** A scenario file that plays it. No shorter one exists within the bounds. */
    readonly scenario: string;
  } | null;
}

/**
 * Tries every interleaving within the bounds: three sites, one shard, one file; messages that arrive
 * at any time, again or never; disks that sync at any later time, in order. Breadth first, so what
 * it finds first is shortest. `progress` is told now and then how many states there are.
 */
export function explore(
  bounds: Bounds = FULL_BOUNDS,
  core: Core = REAL_CORE,
  progress: (states: number, waiting: number) => void = () => {},
): ExplorationResult {
  const exploration = new Exploration(core, bounds);
  const found: Found | null = exploration.run(progress);
  const { states, transitions, siteStates, depth, exercised } = exploration;
  return {
    finished: found === null && !exploration.gaveUp,
    states,
    transitions,
    siteStates,
    depth,
    exercised,
    violation:
      found === null
        ? null
        : {
            fault: found.fault,
            moves: found.path.length,
            scenario: counterExample(found.fault, found.path),
          },
  };
}
