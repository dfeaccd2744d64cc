/** A run as a list of things that happen in it. Faults go first, then operations, then options. */
export interface ShrinkableRun<Fault, Operation, Options> {
  readonly faults: readonly Fault[];
  readonly operations: readonly Operation[];
  readonly options: Options;
}

export interface ShrinkBudget<Options> {
  /** Runs at most; each asks `fails` once. */
  readonly runs: number;
  /** Simpler variants of the options to try, simplest first (fewer sites, a chance set to zero). */
  readonly simplerOptions?: (options: Options) => readonly Options[];
}

export interface Shrunk<Fault, Operation, Options> {
  readonly run: ShrinkableRun<Fault, Operation, Options>;
  readonly runs: number;
  /** False when the budget ended first: it may shrink further. */
  readonly isMinimal: boolean;
}

/**
 * Makes a failing run smaller while it still fails (Zeller's delta debugging): fewer faults, then
 * fewer operations, then simpler options, again until nothing more can go. `fails` must be
 * deterministic. The given run is taken to fail; it comes back if nothing smaller does.
 */
export function shrink<Fault, Operation, Options>(
  input: ShrinkableRun<Fault, Operation, Options>,
  fails: (run: ShrinkableRun<Fault, Operation, Options>) => boolean,
  budget: ShrinkBudget<Options>,
): Shrunk<Fault, Operation, Options> {
  let runs = 0;
  let run = input;
  const isOver = (): boolean => runs >= budget.runs;
  const attempt = (smaller: typeof run): boolean => {
    if (isOver()) return false;
    runs += 1;
    if (!fails(smaller)) return false;
    run = smaller;
    return true;
  };
  for (let isSmaller = true; isSmaller && !isOver(); ) {
    isSmaller = false;
    const before = run;
    shrinkList(run.faults, (faults) => attempt({ ...run, faults }));
    shrinkList(run.operations, (operations) => attempt({ ...run, operations }));
    for (const options of budget.simplerOptions?.(run.options) ?? []) {
      if (attempt({ ...run, options })) break;
    }
    isSmaller = run !== before;
  }
  return { run, runs, isMinimal: !isOver() };
}

/** Removes ever smaller pieces; `attempt` says whether the rest still fails. */
export function shrinkList<T>(
  items: readonly T[],
  attempt: (rest: readonly T[]) => boolean,
): readonly T[] {
  let rest = items;
  if (rest.length > 0 && attempt([])) return [];
  for (let size = Math.ceil(rest.length / 2); size >= 1; size = size === 1 ? 0 : size >> 1) {
    for (let start = rest.length - size; start > -size; start -= size) {
      const from = Math.max(0, start);
      const smaller = [...rest.slice(0, from), ...rest.slice(start + size)];
      if (smaller.length < rest.length && attempt(smaller)) rest = smaller;
    }
  }
  return rest;
}
