/** What an exploration covers; within it every interleaving is tried. */
export interface Bounds {
  /** Writes to one file, each under its own request id, tried once at each primary. */
  readonly writes: number;
  /** Crashes of any site at any moment; it may start again at any later one. */
  readonly crashes: number;
  /** Epochs won by the second site, and then by the first again, in turn. */
  readonly changes: number;
  /** Whether a crash may also leave the first few of the unsynced writes, and the view. */
  readonly partialLoss: boolean;
  /**
   * Whether the third site may have the file and a short lease of the first primary, which is asked
   * once to grant it, and for leases at any time until another epoch is won. Not with crashes.
   */
  readonly leases: boolean;
  /** Whether the first site is told, at any moment, to hand over what it is primary of. */
  readonly handsOver: boolean;
  /** Whether time passes once, beyond everything that a primary was granted before. */
  readonly timePasses: boolean;
  /** Gives up here: the answer is then that nothing was found, not that nothing is there. */
  readonly stateLimit: number;
}

/** Two writes, one crash, one change of primary, and time, all in one; without leases. */
export const FULL_BOUNDS: Bounds = {
  writes: 2,
  crashes: 1,
  changes: 1,
  partialLoss: true,
  leases: false,
  handsOver: false,
  timePasses: true,
  stateLimit: 40_000_000,
};

const NONE: Bounds = { ...FULL_BOUNDS, writes: 0, crashes: 0, changes: 0, timePasses: false };

/**
 * What can be asked for by name. Each is a list, explored one after the other. `small` has the parts
 * in twos and threes and takes a minute, `full` two writes, a crash and a change together, `timed`
 * everything at once, which nobody has seen the end of.
 */
export const NAMED_BOUNDS = {
  small: [
    { ...NONE, writes: 2 },
    { ...NONE, writes: 1, crashes: 1 },
    { ...NONE, writes: 1, crashes: 1, timePasses: true },
    { ...NONE, writes: 1, changes: 1 },
    { ...NONE, writes: 1, changes: 1, timePasses: true },
    { ...NONE, writes: 1, leases: true },
    { ...NONE, writes: 1, leases: true, timePasses: true },
    { ...NONE, writes: 1, changes: 1, leases: true, handsOver: true },
    { ...NONE, changes: 1, leases: true, handsOver: true, timePasses: true },
  ],
  full: [{ ...FULL_BOUNDS, timePasses: false }],
  timed: [FULL_BOUNDS],
} as const satisfies Readonly<Record<string, readonly Bounds[]>>;

export function isBoundsName(name: string): name is keyof typeof NAMED_BOUNDS {
  return Object.hasOwn(NAMED_BOUNDS, name);
}
