import { Random } from './random.js';

/** Kinds of faults that `--only` can name. */
export const FAULT_KINDS = [
  'network',
  'disk',
  'clock',
  'process',
  'coordinator',
  'membership',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/**
 * Everything that a run decides by chance before it starts, in full: printed with every failure.
 * Times are milliseconds of true time, `…Chance` per occasion, `…EveryMs` the mean gap between
 * faults of a kind (0: never). Nothing here is hidden in code elsewhere.
 */
export interface RunOptions {
  readonly seed: number;
  readonly sites: number;
  readonly clients: number;
  readonly hotFiles: number;
  readonly coldFiles: number;
  readonly safetyMs: number;
  readonly livenessMs: number;
  readonly mix: {
    readonly thinkMs: number;
    readonly hotChance: number;
    readonly readWeight: number;
    readonly writeWeight: number;
    readonly deleteWeight: number;
    readonly listWeight: number;
    readonly conditionChance: number;
    readonly localChance: number;
    readonly retryChance: number;
    readonly changeSiteChance: number;
    readonly chunkedChance: number;
    /** Mean gap between changes of the primary table, for names that have no files yet. */
    readonly moveEveryMs: number;
    /** How long a client waits for an answer. */
    readonly patienceMs: number;
  };
  readonly leases: {
    /** Whether sites keep what they read under lease. */
    readonly sites: boolean;
    readonly leaseMs: number;
    /** A read that asks the primary and keeps nothing. */
    readonly validateChance: number;
    /** The part of the clients that have a cache and a session of their own. */
    readonly cachingChance: number;
    readonly cacheEntries: number;
    /** Connections of clients are cut; each side notices in its own time. */
    readonly cutEveryMs: number;
    /** Clients that stand still, asleep or not, for up to this many lease lengths. */
    readonly pauseEveryMs: number;
    readonly vanishEveryMs: number;
  };
  readonly network: {
    readonly delayScale: number;
    readonly jitterMs: number;
    readonly lossChance: number;
    readonly duplicateChance: number;
    /** A message, or one copy of it, takes this much longer on average. */
    readonly stragglerChance: number;
    readonly stragglerMs: number;
    /** After so long a side notices that a link is cut. */
    readonly sessionTimeoutMs: number;
    readonly delivery: 'ordered' | 'unordered';
    readonly minimumFaultMs: number;
    readonly partitionEveryMs: number;
    readonly asymmetricChance: number;
    readonly isolateEveryMs: number;
    readonly clogEveryMs: number;
    readonly breakSessionEveryMs: number;
    /** One link is cut; its two ends still reach the others. */
    readonly linkEveryMs: number;
  };
  readonly disk: {
    readonly syncLeastMs: number;
    readonly syncMostMs: number;
    readonly syncErrorChance: number;
    readonly tornWrites: boolean;
    readonly rotEveryMs: number;
    readonly fullEveryMs: number;
    readonly wipeChance: number;
    readonly viewLossChance: number;
  };
  readonly clock: {
    /** Each node's rate lies within 1 ± this. */
    readonly drift: number;
    /** What the protocol is told to allow for between two clocks; more than twice the drift. */
    readonly driftBound: number;
    readonly wallOffsetMs: number;
    readonly jumpEveryMs: number;
    readonly pauseEveryMs: number;
    /** Pauses last 0.1 to this many lease lengths. */
    readonly pauseLeases: number;
    readonly suspendChance: number;
  };
  readonly process: {
    readonly crashEveryMs: number;
    readonly downMs: number;
    readonly stopEveryMs: number;
    /** Faults that wait for a moment of the protocol. */
    readonly ambushEveryMs: number;
    /** The one moment they all wait for, and what they all do then; `any`: each draws its own. */
    readonly ambushEvent: string;
    readonly ambushAct: string;
    /** Every site crashes at once. */
    readonly blackoutEveryMs: number;
  };
  readonly coordinator: {
    readonly delayMs: number;
    readonly lostRequestChance: number;
    readonly lostAnswerChance: number;
    readonly lateRequestChance: number;
    readonly watchDelayMs: number;
    readonly unreachableEveryMs: number;
    /** The claims come back from a backup that is one change old. */
    readonly restoreEveryMs: number;
    /** A site loses the coordinator first, and then the others. */
    readonly estrangeEveryMs: number;
    /** How long a site waits for an answer before it takes the outcome for unknown. */
    readonly deadlineMs: number;
  };
  readonly membership: {
    /** A site is added, removed or replaced. */
    readonly changeEveryMs: number;
    /** A change that is still under way at the next one's time is given up, if it can be. */
    readonly cancelChance: number;
  };
}

export type OptionValue = number | string | boolean;

/** What narrows the options that a seed expands into. */
export interface OptionSettings {
  readonly sites?: number;
  readonly only?: readonly FaultKind[];
  /** Options by their printed names, pinned to a value whatever the seed says. */
  readonly set?: Readonly<Record<string, OptionValue>>;
}

/**
 * One seed becomes one set of options (swarm testing, Groce et al. 2012): each fault is absent from
 * about half the runs, so that no fault always hides behind another, and its strength differs from
 * run to run by orders of magnitude. `only` zeroes the fault kinds that it does not name.
 */
export function drawOptions(seed: number, settings: OptionSettings = {}): RunOptions {
  const random = new Random(seed).fork('options');
  const options: RunOptions = {
    seed,
    sites: settings.sites ?? 3,
    clients: 2 + random.int(8),
    hotFiles: 1 + random.int(4),
    coldFiles: random.int(50),
    safetyMs: Math.round(random.between(10_000, 60_000)),
    livenessMs: 60_000,
    mix: drawMix(random.fork('mix')),
    leases: drawLeases(random.fork('leases')),
    network: drawNetwork(random.fork('network')),
    disk: drawDisk(random.fork('disk')),
    clock: drawClock(random.fork('clock')),
    process: drawProcess(random.fork('process')),
    coordinator: drawCoordinator(random.fork('coordinator')),
    membership: drawMembership(random.fork('membership')),
  };
  const mixed = settings.only === undefined ? options : keepOnly(options, settings.only);
  return Object.entries(settings.set ?? {}).reduce(pin, mixed);
}

/** One option by its printed name, as `network.lossChance`; throws where there is none. */
function pin(options: RunOptions, [name, value]: readonly [string, OptionValue]): RunOptions {
  const [group = '', part] = name.split('.');
  const known: unknown = options[group as keyof RunOptions];
  if (part === undefined && typeof known === typeof value) return { ...options, [group]: value };
  if (part !== undefined && typeof known === 'object' && known !== null) {
    const parts = known as Readonly<Record<string, OptionValue>>;
    if (typeof parts[part] === typeof value) {
      return { ...options, [group]: { ...parts, [part]: value } };
    }
  }
  throw new Error(`there is no option ${name} that can be ${String(value)}`);
}

/** Absent in half the runs, else between the bounds on a logarithmic scale. */
function maybe(random: Random, least: number, most: number): number {
  const isPresent = random.chance(0.5);
  const value = Math.exp(random.between(Math.log(least), Math.log(most)));
  return isPresent ? Number(value.toPrecision(3)) : 0;
}

function drawMix(random: Random): RunOptions['mix'] {
  return {
    thinkMs: Math.round(random.between(5, 300)),
    hotChance: random.between(0.2, 1),
    readWeight: random.between(1, 10),
    writeWeight: random.between(1, 10),
    deleteWeight: maybe(random, 0.1, 3),
    listWeight: maybe(random, 0.1, 2),
    conditionChance: maybe(random, 0.05, 0.8),
    localChance: maybe(random, 0.01, 0.3),
    retryChance: maybe(random, 0.1, 1),
    changeSiteChance: maybe(random, 0.01, 0.3),
    chunkedChance: maybe(random, 0.01, 0.3),
    moveEveryMs: maybe(random, 200, 5_000),
    patienceMs: Math.round(Math.exp(random.between(Math.log(200), Math.log(8_000)))),
  };
}

function drawLeases(random: Random): RunOptions['leases'] {
  return {
    sites: random.chance(0.85),
    leaseMs: Math.round(Math.exp(random.between(Math.log(100), Math.log(1_500)))),
    validateChance: maybe(random, 0.05, 0.5),
    cachingChance: random.chance(0.75) ? random.between(0.2, 1) : 0,
    cacheEntries: random.pick([2, 8, 1000]),
    cutEveryMs: maybe(random, 500, 20_000),
    pauseEveryMs: maybe(random, 1_000, 20_000),
    vanishEveryMs: maybe(random, 10_000, 60_000),
  };
}

function drawNetwork(random: Random): RunOptions['network'] {
  return {
    delayScale: random.between(0.2, 3),
    jitterMs: maybe(random, 0.1, 50),
    lossChance: maybe(random, 0.0005, 0.1),
    duplicateChance: maybe(random, 0.0005, 0.1),
    delivery: random.chance(0.5) ? 'ordered' : 'unordered',
    minimumFaultMs: Math.round(random.between(50, 3_000)),
    partitionEveryMs: maybe(random, 2_000, 30_000),
    asymmetricChance: maybe(random, 0.1, 1),
    isolateEveryMs: maybe(random, 2_000, 30_000),
    clogEveryMs: maybe(random, 1_000, 20_000),
    breakSessionEveryMs: maybe(random, 1_000, 20_000),
    linkEveryMs: maybe(random, 2_000, 20_000),
    stragglerChance: maybe(random, 0.0005, 0.05),
    stragglerMs: Math.round(random.between(50, 3_000)),
    sessionTimeoutMs: Math.round(Math.exp(random.between(Math.log(300), Math.log(6_000)))),
  };
}

function drawDisk(random: Random): RunOptions['disk'] {
  const syncLeastMs = random.between(0.05, 3);
  return {
    syncLeastMs,
    syncMostMs: syncLeastMs * random.between(1, 30),
    syncErrorChance: maybe(random, 0.00001, 0.003),
    tornWrites: random.chance(0.5),
    rotEveryMs: maybe(random, 5_000, 60_000),
    fullEveryMs: maybe(random, 20_000, 200_000),
    wipeChance: maybe(random, 0.01, 0.3),
    viewLossChance: maybe(random.fork('view'), 0.05, 0.5),
  };
}

function drawClock(random: Random): RunOptions['clock'] {
  const isCoarse = random.chance(0.3);
  const drift = isCoarse ? random.between(0.01, 0.08) : maybe(random, 0.00001, 0.001);
  return {
    drift,
    driftBound: isCoarse ? 0.2 : 0.004,
    wallOffsetMs: maybe(random, 1, 86_400_000),
    jumpEveryMs: maybe(random, 2_000, 30_000),
    pauseEveryMs: maybe(random, 2_000, 30_000),
    pauseLeases: random.between(0.1, 3),
    suspendChance: maybe(random, 0.1, 1),
  };
}

function drawProcess(random: Random): RunOptions['process'] {
  return {
    crashEveryMs: maybe(random, 2_000, 30_000),
    downMs: Math.round(random.between(50, 10_000)),
    stopEveryMs: maybe(random, 5_000, 60_000),
    ambushEveryMs: maybe(random, 500, 10_000),
    ambushEvent: 'any',
    ambushAct: 'any',
    blackoutEveryMs: maybe(random, 5_000, 60_000),
  };
}

function drawCoordinator(random: Random): RunOptions['coordinator'] {
  return {
    delayMs: random.between(0.5, 60),
    lostRequestChance: maybe(random, 0.001, 0.2),
    lostAnswerChance: maybe(random, 0.001, 0.2),
    lateRequestChance: maybe(random, 0.001, 0.1),
    watchDelayMs: random.between(1, 500),
    unreachableEveryMs: maybe(random, 3_000, 60_000),
    restoreEveryMs: random.chance(0.4) ? maybe(random, 5_000, 60_000) : 0,
    estrangeEveryMs: maybe(random, 2_000, 20_000),
    deadlineMs: Math.round(Math.exp(random.between(Math.log(300), Math.log(5_000)))),
  };
}

function drawMembership(random: Random): RunOptions['membership'] {
  return {
    changeEveryMs: maybe(random, 1_500, 20_000),
    cancelChance: maybe(random, 0.1, 1),
  };
}

/** Zeroes every chance and rate of the kinds not named; delays and durations stay as they are. */
function keepOnly(options: RunOptions, only: readonly FaultKind[]): RunOptions {
  const calm = { ...options };
  for (const kind of FAULT_KINDS) {
    if (only.includes(kind)) continue;
    const group = Object.entries(options[kind]).map(([name, value]): [string, unknown] => {
      const isFault =
        /(Chance|EveryMs)$/.test(name) || ['drift', 'wallOffsetMs', 'jitterMs'].includes(name);
      if (name === 'delivery') return [name, 'ordered'];
      if (name === 'tornWrites') return [name, false];
      return [name, isFault ? 0 : value];
    });
    Object.assign(calm, { [kind]: Object.fromEntries(group) });
  }
  return calm;
}

/** One line per option: what a failure report prints. */
export function printOptions(options: RunOptions): string {
  const lines: string[] = [];
  for (const [name, value] of Object.entries(options)) {
    if (typeof value !== 'object') lines.push(`${name} = ${value}`);
    else for (const [part, of] of Object.entries(value)) lines.push(`${name}.${part} = ${of}`);
  }
  return lines.join('\n');
}
