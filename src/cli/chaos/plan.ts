import { Random } from '../../simulator/random.js';
import {
  type CutManner,
  type Direction,
  type Fault,
  FAULT_GROUPS,
  type FaultGroup,
  type FaultKind,
  faultText,
  siteOf,
} from './fault.js';

/** One fault and how long it lasts. */
export interface Episode {
  /** From 1, in the order of their beginnings. */
  readonly number: number;
  readonly atMs: number;
  readonly durationMs: number;
  readonly group: FaultGroup;
  readonly fault: Fault;
}

export interface PlanSettings {
  readonly seed: number;
  readonly durationMs: number;
  readonly groups: readonly FaultGroup[];
  readonly sites: readonly string[];
  readonly clientGroups: number;
  readonly coordinator: 'embedded' | 'etcd';
}

/** Mean pause between two beginnings, and how long one lasts. */
interface Rhythm {
  readonly everyMs: number;
  readonly leastMs: number;
  readonly mostMs: number;
}

const RHYTHMS: Readonly<Record<FaultGroup, Rhythm>> = {
  process: { everyMs: 9000, leastMs: 500, mostMs: 7000 },
  network: { everyMs: 8000, leastMs: 500, mostMs: 8000 },
  clients: { everyMs: 12_000, leastMs: 500, mostMs: 5000 },
  disk: { everyMs: 12_000, leastMs: 1000, mostMs: 5000 },
  coordinator: { everyMs: 15_000, leastMs: 1000, mostMs: 6000 },
};

/** Nothing goes wrong while the first clients begin, and nothing begins just before the end. */
const QUIET_START_MS = 2500;
const QUIET_END_MS = 4000;
/** A site is left alone for so long after it was taken away. */
const REST_MS = 2500;

/**
 * What goes wrong when, from a seed alone. Each group draws from a stream of its own, so leaving one
 * out does not move the others, and goes through all its kinds before any comes again. Disk faults
 * never overlap in the plan; the run makes sure besides that no other disk is bad before the last
 * one has everything again.
 */
export function planChaos(settings: PlanSettings): Episode[] {
  const random = new Random(`chaos/${settings.seed}`);
  const episodes = settings.groups.flatMap((group) =>
    planGroup(group, settings, random.fork(group)),
  );
  return episodes
    .sort((a, b) => a.atMs - b.atMs)
    .map((episode, index) => ({ ...episode, number: index + 1 }));
}

function planGroup(group: FaultGroup, settings: PlanSettings, random: Random): Episode[] {
  const { everyMs, leastMs, mostMs } = RHYTHMS[group];
  const episodes: Episode[] = [];
  const deck = new Deck<FaultKind>(kindsOf(group, settings), random);
  const busyUntilMs = new Map<string, number>();
  let groupBusyUntilMs = 0;
  let atMs = QUIET_START_MS;
  for (;;) {
    atMs += Math.min(3 * everyMs, Math.max(200, random.exponential(everyMs)));
    // A disk has to be whole again before the next one may go bad: no use in planning otherwise.
    if (group === 'disk' || group === 'coordinator') atMs = Math.max(atMs, groupBusyUntilMs);
    if (atMs > settings.durationMs - QUIET_END_MS) return episodes;
    const durationMs = Math.round(random.between(leastMs, mostMs));
    const free = settings.sites.filter((site) => (busyUntilMs.get(site) ?? 0) <= atMs);
    const fault = draw(deck.next(), free.length > 0 ? free : settings.sites, settings, random);
    const site = siteOf(fault);
    if (site !== null && !free.includes(site)) continue;
    if (site !== null) busyUntilMs.set(site, atMs + durationMs + REST_MS);
    groupBusyUntilMs = atMs + durationMs + REST_MS;
    episodes.push({ number: 0, atMs: Math.round(atMs), durationMs, group, fault });
  }
}

/**
 * The deck of a group. The embedded coordinator has no members to cut off; all sites at once go dark
 * half as often as one of them.
 */
function kindsOf(group: FaultGroup, { coordinator }: PlanSettings): readonly FaultKind[] {
  const kinds: readonly FaultKind[] = FAULT_GROUPS[group];
  const known = kinds.filter((kind) => coordinator === 'etcd' || kind !== 'member-cut');
  if (group !== 'process') return known;
  return [...known, ...known.filter((kind) => kind !== 'blackout')];
}

/** Every item as often as it is there, in random order, before any comes again. */
class Deck<T> {
  private left: T[] = [];

  constructor(
    private readonly items: readonly T[],
    private readonly random: Random,
  ) {}

  next(): T {
    if (this.left.length === 0) this.left = this.random.shuffled(this.items);
    return this.left.pop()!;
  }
}

const MANNERS: readonly CutManner[] = ['held', 'swallowed', 'reset'];
const DIRECTIONS: readonly Direction[] = ['both', 'both', 'there', 'back'];

function draw(
  kind: FaultKind,
  free: readonly string[],
  { sites, clientGroups }: PlanSettings,
  random: Random,
): Fault {
  const site = random.pick(free);
  const [first = '', second = ''] = random.shuffled(sites);
  const ends = [first, second] as const;
  const manner = random.pick(MANNERS);
  // A reset is noticed at both ends: it has no direction.
  const direction = manner === 'reset' ? 'both' : random.pick(DIRECTIONS);
  switch (kind) {
    case 'kill':
    case 'power-cut':
    case 'stop':
    case 'pause':
    case 'disk-full':
    case 'sync-fails':
    case 'wipe':
      return { kind, site };
    case 'cut':
      return { kind, ends, direction, manner };
    case 'isolate':
      return { kind, site: first, direction, manner };
    case 'slow':
      return { kind, ends, addedMs: Math.round(random.between(50, 500)) };
    case 'narrow':
      return { kind, ends, bytesPerSecond: Math.round(random.between(20_000, 400_000)) };
    case 'lossy':
      return { kind, ends, chance: random.between(0.005, 0.1) };
    case 'clients-cut':
      return { kind, site: first, manner };
    case 'clients-paused':
      return { kind, group: random.int(clientGroups) };
    case 'disk-slow':
      return { kind, site, syncMs: Math.round(random.between(50, 1200)) };
    case 'rotten-chunks':
      return { kind, site, draw: random.word() };
    case 'rotten-log':
      return { kind, site, draw: random.word(), isRunning: random.chance(0.5) };
    case 'blackout':
      return { kind };
    case 'coordinator-killed':
    case 'coordinator-paused':
      return { kind, draw: random.word() };
    case 'coordinator-cut':
    case 'member-cut':
      return { kind, site: first, manner };
  }
}

/** `  3.2 s  for 1.5 s  kill nyc` for each. */
export function planText(episodes: readonly Episode[]): string {
  return episodes.map((episode) => episodeText(episode)).join('\n');
}

export function episodeText({ atMs, durationMs, fault }: Episode): string {
  const seconds = (ms: number): string => (ms / 1000).toFixed(1);
  return `${seconds(atMs).padStart(7)} s  for ${seconds(durationMs)} s  ${faultText(fault)}`;
}
