import type { OptionValue } from '../src/simulator/options.js';

/*
 * Options that several mutants need: what it takes for their mistakes to show is absent from most
 * runs otherwise. A run that is short costs less, and a mistake shows early or not at all.
 */

type Pins = Readonly<Record<string, OptionValue>>;

export const SHORT_MS = 15_000;

/** Many clients on two files: somebody always looks, and something is always under way. */
export const BUSY: Pins = {
  safetyMs: SHORT_MS,
  'mix.thinkMs': 20,
  'mix.hotChance': 1,
  hotFiles: 2,
  clients: 9,
};

export const WRITING: Pins = { ...BUSY, 'mix.writeWeight': 10, 'mix.readWeight': 1 };

/** Nearly all content goes in chunks, which come later than the entries that name them. */
export const LARGE: Pins = { ...WRITING, 'mix.chunkedChance': 0.9 };

/** A primary loses the coordinator, then everybody else, and believes in its sessions for long. */
export const ESTRANGED: Pins = {
  'coordinator.estrangeEveryMs': 4000,
  'coordinator.deadlineMs': 4000,
  'network.sessionTimeoutMs': 5000,
};

/** Machines that sleep for longer than a primary may act. */
export const SLEEPY: Pins = {
  'clock.pauseEveryMs': 5000,
  'clock.suspendChance': 1,
  'network.sessionTimeoutMs': 5000,
};

/** One site loses its disk again and again, while others are cut off. */
export const WIPED: Pins = {
  'disk.wipeChance': 1,
  'process.crashEveryMs': 2500,
  'process.downMs': 300,
  'network.isolateEveryMs': 3000,
};

/** Every site keeps what it reads, and loses the others often enough. */
export const LEASED: Pins = {
  ...BUSY,
  'leases.sites': true,
  'leases.leaseMs': 600,
  'leases.cachingChance': 0,
  'mix.localChance': 0,
  'network.isolateEveryMs': 2000,
  'network.linkEveryMs': 2000,
  'network.sessionTimeoutMs': 2000,
};

/** Every client keeps what it reads. */
/** One bucket, listed again and again, and written now and then. */
export const LISTING: Pins = {
  ...LEASED,
  safetyMs: SHORT_MS,
  'mix.thinkMs': 60,
  'mix.listWeight': 10,
  'mix.writeWeight': 3,
};

export const CACHING: Pins = { ...LEASED, 'leases.cachingChance': 1, 'leases.cacheEntries': 1000 };
