import type { RunOptions } from '../options.js';
import type { Random } from '../random.js';
import { SITE_NAMES } from './world.js';

/*
 * Everything a run will do to itself, decided before it starts: what the clients ask for and what
 * goes wrong, as plain lists. A failing run is shrunk by leaving out parts of these lists.
 */

export type Fault = { readonly atMs: number } & (
  | {
      readonly kind: 'crash';
      readonly site: string;
      readonly downMs: number;
      readonly wipe: boolean;
    }
  | { readonly kind: 'stop'; readonly site: string; readonly downMs: number }
  | {
      readonly kind: 'pause';
      readonly site: string;
      readonly forMs: number;
      readonly asleep: boolean;
    }
  | { readonly kind: 'jump'; readonly site: string; readonly byMs: number }
  | { readonly kind: 'rot'; readonly site: string; readonly shardIndex: number }
  | { readonly kind: 'full'; readonly site: string; readonly shardIndex: number }
  | {
      readonly kind: 'partition';
      readonly sites: readonly string[];
      readonly forMs: number;
      readonly oneWay: boolean;
    }
  | { readonly kind: 'clog'; readonly from: string; readonly to: string; readonly forMs: number }
  | { readonly kind: 'break'; readonly from: string; readonly to: string }
  | { readonly kind: 'coordinator'; readonly site: string; readonly forMs: number }
);

export interface PlannedOperation {
  readonly client: number;
  readonly thinkMs: number;
  readonly kind: 'write' | 'delete' | 'read' | 'list';
  readonly file: number;
  readonly local: boolean;
  readonly chunked: boolean;
  readonly condition: 'none' | 'ifVersion' | 'ifAbsent' | 'ifMatch' | 'ifNoneMatch';
  /** Ask again under the same request id after an uncertain answer, and sometimes a certain one. */
  readonly retry: boolean;
  /** Go to another site before this one. */
  readonly move: boolean;
}

/** Gaps between faults of one kind are exponential: they know nothing of each other. */
function momentsOf(random: Random, everyMs: number, untilMs: number): number[] {
  const moments: number[] = [];
  if (everyMs === 0) return moments;
  for (let atMs = random.exponential(everyMs); atMs < untilMs; ) {
    moments.push(atMs);
    atMs += Math.max(1, random.exponential(everyMs));
  }
  return moments;
}

export function planFaults(options: RunOptions, random: Random): Fault[] {
  const sites = SITE_NAMES.slice(0, options.sites);
  const { network, disk, clock, process, coordinator, safetyMs } = options;
  const faults: Fault[] = [];
  const each = (
    label: string,
    everyMs: number,
    make: (atMs: number, site: string, own: Random) => Fault,
  ): void => {
    const own = random.fork(label);
    for (const atMs of momentsOf(own, everyMs, safetyMs))
      faults.push(make(atMs, own.pick(sites), own));
  };
  const faultMs = (own: Random): number => network.minimumFaultMs + own.exponential(2000);
  const shardIndex = (own: Random): number => own.int(3);
  each('crash', process.crashEveryMs, (atMs, site, own) => ({
    kind: 'crash',
    atMs,
    site,
    downMs: own.exponential(process.downMs),
    wipe: own.chance(disk.wipeChance),
  }));
  each('stop', process.stopEveryMs, (atMs, site, own) => ({
    kind: 'stop',
    atMs,
    site,
    downMs: own.exponential(process.downMs),
  }));
  each('pause', clock.pauseEveryMs, (atMs, site, own) => ({
    kind: 'pause',
    atMs,
    site,
    forMs: own.between(0.1, clock.pauseLeases) * 1500,
    asleep: own.chance(clock.suspendChance),
  }));
  each('jump', clock.jumpEveryMs, (atMs, site, own) => ({
    kind: 'jump',
    atMs,
    site,
    byMs: own.between(-5000, 5000),
  }));
  each('rot', disk.rotEveryMs, (atMs, site, own) => ({
    kind: 'rot',
    atMs,
    site,
    shardIndex: shardIndex(own),
  }));
  each('full', disk.fullEveryMs, (atMs, site, own) => ({
    kind: 'full',
    atMs,
    site,
    shardIndex: shardIndex(own),
  }));
  each('partition', network.partitionEveryMs, (atMs, _site, own) => ({
    kind: 'partition',
    atMs,
    sites: own.shuffled(sites).slice(0, 1 + own.int(sites.length - 1)),
    forMs: faultMs(own),
    oneWay: own.chance(network.asymmetricChance),
  }));
  each('isolate', network.isolateEveryMs, (atMs, site, own) => ({
    kind: 'partition',
    atMs,
    sites: [site],
    forMs: faultMs(own),
    oneWay: false,
  }));
  each('clog', network.clogEveryMs, (atMs, site, own) => ({
    kind: 'clog',
    atMs,
    from: site,
    to: own.pick(sites.filter((other) => other !== site)),
    forMs: faultMs(own),
  }));
  each('break', network.breakSessionEveryMs, (atMs, site, own) => ({
    kind: 'break',
    atMs,
    from: site,
    to: own.pick(sites.filter((other) => other !== site)),
  }));
  each('coordinator', coordinator.unreachableEveryMs, (atMs, site, own) => ({
    kind: 'coordinator',
    atMs,
    site,
    forMs: own.exponential(3000),
  }));
  return faults.sort((a, b) => a.atMs - b.atMs);
}

const CONDITIONS = ['ifVersion', 'ifAbsent', 'ifMatch', 'ifNoneMatch'] as const;

export function planOperations(options: RunOptions, random: Random): PlannedOperation[] {
  const { mix, clients, hotFiles, coldFiles, safetyMs } = options;
  const operations: PlannedOperation[] = [];
  for (let client = 0; client < clients; client += 1) {
    const own = random.fork(`client/${client}`);
    // Answers take time too: this many is what a client gets through at the very most.
    const most = Math.min(2000, Math.ceil(safetyMs / Math.max(mix.thinkMs, 10)));
    for (let index = 0; index < most; index += 1) {
      const kind = drawKind(own, mix);
      const hot = own.chance(mix.hotChance) || coldFiles === 0;
      operations.push({
        client,
        thinkMs: own.exponential(mix.thinkMs),
        kind,
        file: hot ? own.int(hotFiles) : hotFiles + own.int(coldFiles),
        local: own.chance(mix.localChance),
        chunked: own.chance(mix.chunkedChance),
        condition: own.chance(mix.conditionChance) ? own.pick(CONDITIONS) : 'none',
        retry: own.chance(mix.retryChance),
        move: own.chance(mix.changeSiteChance),
      });
    }
  }
  return operations;
}

function drawKind(random: Random, mix: RunOptions['mix']): PlannedOperation['kind'] {
  const weights = [
    ['read', mix.readWeight],
    ['write', mix.writeWeight],
    ['delete', mix.deleteWeight],
    ['list', mix.listWeight],
  ] as const;
  let left = random.fraction() * weights.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [kind, weight] of weights) {
    left -= weight;
    if (left <= 0) return kind;
  }
  return 'read';
}
