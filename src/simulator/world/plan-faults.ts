import type { RunOptions } from '../options.js';
import type { Random } from '../random.js';
import { AMBUSH_ACTS, AMBUSH_EVENTS, type Fault } from './fault.js';
import { SITE_NAMES } from './site-names.js';

/** Plans faults of one kind; each kind draws from a stream of its own, named by the label. */
type Each = (
  label: string,
  everyMs: number,
  make: (atMs: number, site: string, own: Random) => Fault,
) => void;

/** Everything that will go wrong in a run, in the order of time. */
export function planFaults(options: RunOptions, random: Random): Fault[] {
  // Where sites come and go, the next one to come has its share of what goes wrong.
  const { changeEveryMs } = options.membership;
  const sites = SITE_NAMES.slice(0, options.sites + (changeEveryMs > 0 ? 1 : 0));
  const faults: Fault[] = [];
  const each: Each = (label, everyMs, make) => {
    const own = random.fork(label);
    for (const atMs of momentsOf(own, everyMs, options.safetyMs)) {
      faults.push(make(atMs, own.pick(sites), own));
    }
  };
  planProcessFaults(each, options, sites);
  planMachineFaults(each, options);
  planNetworkFaults(each, options, sites);
  planCoordinatorFaults(each, options);
  planClientFaults(each, options);
  planSiteChanges(each, options);
  return faults.sort((a, b) => a.atMs - b.atMs);
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

function planProcessFaults(each: Each, options: RunOptions, sites: readonly string[]): void {
  const { process, disk, coordinator } = options;
  each('crash', process.crashEveryMs, (atMs, site, own) => ({
    kind: 'crash',
    atMs,
    site,
    downMs: own.exponential(process.downMs),
    wipe: own.chance(disk.wipeChance),
    loseView: own.fork(`view ${atMs}`).chance(disk.viewLossChance),
  }));
  each('stop', process.stopEveryMs, (atMs, site, own) => ({
    kind: 'stop',
    atMs,
    site,
    downMs: own.exponential(process.downMs),
  }));
  each('blackout', process.blackoutEveryMs, (atMs, _site, own) => ({
    kind: 'blackout',
    atMs,
    downMs: sites.map(() => own.exponential(own.pick([10, 500, 5000]))),
  }));
  const acts = coordinator.restoreEveryMs > 0 ? AMBUSH_ACTS : AMBUSH_ACTS.slice(0, -1);
  each('ambush', process.ambushEveryMs, (atMs, _site, own) => ({
    kind: 'ambush',
    atMs,
    event: pinned(AMBUSH_EVENTS, process.ambushEvent) ?? own.pick(AMBUSH_EVENTS),
    act: pinned(AMBUSH_ACTS, process.ambushAct) ?? own.pick(acts),
    offset: own.int(sites.length),
    afterMs: own.exponential(own.pick([3, 30, 300])),
    forMs: own.exponential(own.pick([100, 2000])),
  }));
}

/** Undefined where any will do. */
function pinned<T extends string>(known: readonly T[], wanted: string): T | undefined {
  if (wanted === 'any') return undefined;
  const found = known.find((each) => each === wanted);
  if (found === undefined) throw new Error(`there is no ${wanted}, only ${known.join(', ')}`);
  return found;
}

function planMachineFaults(each: Each, options: RunOptions): void {
  const { clock, disk } = options;
  each('pause', clock.pauseEveryMs, (atMs, site, own) => ({
    kind: 'pause',
    atMs,
    site,
    forMs: own.between(0.1, clock.pauseLeases) * 1500,
    asleep: own.chance(clock.suspendChance),
    deafMs: own.exponential(500),
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
    shardIndex: own.int(3),
  }));
  each('full', disk.fullEveryMs, (atMs, site, own) => ({
    kind: 'full',
    atMs,
    site,
    shardIndex: own.int(3),
  }));
}

function planNetworkFaults(each: Each, options: RunOptions, sites: readonly string[]): void {
  const { network } = options;
  const faultMs = (own: Random): number => network.minimumFaultMs + own.exponential(2000);
  const another = (own: Random, site: string): string =>
    own.pick(sites.filter((other) => other !== site));
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
    to: another(own, site),
    forMs: faultMs(own),
  }));
  each('break', network.breakSessionEveryMs, (atMs, site, own) => ({
    kind: 'break',
    atMs,
    from: site,
    to: another(own, site),
  }));
  each('link', network.linkEveryMs, (atMs, site, own) => ({
    kind: 'link',
    atMs,
    from: site,
    to: another(own, site),
    forMs: faultMs(own),
  }));
}

function planClientFaults(each: Each, { leases, clients, clock }: RunOptions): void {
  if (leases.cachingChance === 0) return;
  const noticeMs = (own: Random): number => own.exponential(own.pick([5, 500, 5000]));
  each('cut', leases.cutEveryMs, (atMs, _site, own) => ({
    kind: 'cut',
    atMs,
    client: own.int(clients),
    siteMs: noticeMs(own),
    clientMs: noticeMs(own),
  }));
  each('client-pause', leases.pauseEveryMs, (atMs, _site, own) => ({
    kind: 'client-pause',
    atMs,
    client: own.int(clients),
    forMs: own.between(0.1, 3) * leases.leaseMs,
    asleep: own.chance(clock.suspendChance),
  }));
  each('vanish', leases.vanishEveryMs, (atMs, _site, own) => ({
    kind: 'vanish',
    atMs,
    client: own.int(clients),
  }));
}

function planSiteChanges(each: Each, { membership, process }: RunOptions): void {
  each('sites', membership.changeEveryMs, (atMs, _site, own) => ({
    kind: 'sites',
    atMs,
    change: own.pick(['add', 'add', 'remove', 'remove', 'replace'] as const),
    pick: own.int(60),
    cancels: own.chance(membership.cancelChance),
    isOff: own.chance(0.5),
    downMs: own.exponential(process.downMs),
  }));
}

function planCoordinatorFaults(each: Each, options: RunOptions): void {
  const { coordinator } = options;
  each('coordinator', coordinator.unreachableEveryMs, (atMs, site, own) => ({
    kind: 'coordinator',
    atMs,
    site,
    forMs: own.exponential(3000),
  }));
  each('estrange', coordinator.estrangeEveryMs, (atMs, site, own) => ({
    kind: 'estrange',
    atMs,
    site,
    afterMs: own.between(0, 2500),
    forMs: 500 + own.exponential(2000),
  }));
  each('restore', coordinator.restoreEveryMs, (atMs) => ({ kind: 'restore', atMs }));
}
