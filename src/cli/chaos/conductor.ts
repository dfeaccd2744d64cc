import type { ChaosCluster } from './chaos-cluster.js';
import { memberEnds } from './coordinators.js';
import type { ClientGroup } from './clients/client-group.js';
import { type Fault, type FaultKind, faultText, siteOf } from './fault.js';
import { around, between, CLIENTS, COORDINATOR } from './links.js';
import type { Episode } from './plan.js';
import { rotChunks, rotLog, stillRotten } from './rot.js';
import type { SiteKeeper } from './site-keeper.js';

/** What became of an episode. */
export interface Played {
  readonly episode: Episode;
  /** Since the run began; null: it was left out, for the reason. */
  readonly beganMs: number | null;
  readonly endedMs: number;
  readonly reason: string;
}

const RESEND_CHANCE_LIMIT = 0.2;
const DISK_WAIT_MS = 60_000;
const SITE_WAIT_MS = 4000;
const SITES_WAIT_MS = 15_000;

/** Plays a plan on a cluster: begins each episode when its time has come and ends it when it is over. */
export class Conductor {
  readonly played: Played[] = [];
  /** What the faults themselves found wrong: sentences. */
  readonly wrong: string[] = [];
  private readonly under = new Set<Promise<void>>();
  private readonly startMs = performance.now();
  private diskTurn: Promise<void> = Promise.resolve();

  constructor(
    private readonly cluster: ChaosCluster,
    private readonly keeper: SiteKeeper,
    private readonly clients: readonly ClientGroup[],
    private readonly tell: (line: string) => void,
    private readonly stopped: AbortSignal,
    private readonly durationMs: number,
  ) {}

  /** Resolves when all that began has ended; early when the signal says so. */
  async play(episodes: readonly Episode[]): Promise<void> {
    for (const episode of episodes) {
      await this.until(episode.atMs);
      if (this.stopped.aborted) break;
      const playing = this.playOne(episode).finally(() => this.under.delete(playing));
      this.under.add(playing);
    }
    await Promise.all(this.under);
  }

  private nowMs(): number {
    return performance.now() - this.startMs;
  }

  private async until(atMs: number): Promise<void> {
    await this.wait(atMs - this.nowMs());
  }

  private wait(ms: number): Promise<void> {
    if (ms <= 0 || this.stopped.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.stopped.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      this.stopped.addEventListener('abort', end);
    });
  }

  private async playOne(episode: Episode): Promise<void> {
    const { fault, durationMs } = episode;
    const site = siteOf(fault);
    if (episode.group === 'disk') return this.inTurn(() => this.onDisk(episode, site ?? ''));
    const leave = fault.kind === 'blackout' ? await this.takeAll() : await this.takeFor(site);
    if (leave === null) return this.leaveOut(episode, 'the site was away already');
    const beganMs = this.begin(episode);
    try {
      await this.inflict(fault, durationMs);
    } catch (error) {
      this.wrong.push(`${faultText(fault)}: ${String(error)}`);
    } finally {
      leave();
    }
    this.played.push({ episode, beganMs, endedMs: this.nowMs(), reason: '' });
  }

  /** Null where the site is in somebody's hands, and stays there. */
  private async takeFor(site: string | null): Promise<(() => void) | null> {
    if (site === null) return () => undefined;
    return this.takeWhenFree(site, Math.min(this.durationMs, this.nowMs() + SITE_WAIT_MS));
  }

  /** All sites, as each gets free; null when one does not in time. */
  private async takeAll(): Promise<(() => void) | null> {
    const taken: (() => void)[] = [];
    // Else whoever asks for one site would always be first.
    const endReserve = this.keeper.reserve();
    const leave = (): void => taken.forEach((each) => each());
    for (const site of this.cluster.sites) {
      const own = await this.takeWhenFree(site, this.nowMs() + SITES_WAIT_MS, true);
      if (own === null) {
        endReserve();
        leave();
        return null;
      }
      taken.push(own);
    }
    endReserve();
    return leave;
  }

  private async takeWhenFree(
    site: string,
    untilMs: number,
    isForAll = false,
  ): Promise<(() => void) | null> {
    let leave = this.keeper.take(site, isForAll);
    while (leave === null && this.nowMs() < untilMs && !this.stopped.aborted) {
      await this.wait(100);
      leave = this.keeper.take(site, isForAll);
    }
    return leave;
  }

  private begin({ fault, durationMs }: Episode): number {
    const atMs = this.nowMs();
    const seconds = (ms: number): string => (ms / 1000).toFixed(1);
    this.tell(`${seconds(atMs)} s: ${faultText(fault)}, for ${seconds(durationMs)} s`);
    return atMs;
  }

  private leaveOut(episode: Episode, reason: string): void {
    const endedMs = this.nowMs();
    this.played.push({ episode, beganMs: null, endedMs, reason });
  }

  /** One disk after the other. */
  private inTurn(play: () => Promise<void>): Promise<void> {
    this.diskTurn = this.diskTurn.then(play, play);
    return this.diskTurn;
  }

  private async onDisk(episode: Episode, site: string): Promise<void> {
    const { fault, durationMs } = episode;
    // The last one's site has everything again by now, or nobody could tell: see the end of this.
    const untilMs = Math.min(this.durationMs, this.nowMs() + DISK_WAIT_MS);
    const leave = await this.takeWhenFree(site, untilMs);
    const isLate = this.nowMs() > this.durationMs;
    if (leave === null || isLate || this.stopped.aborted || !this.keeper.mayHurtDisk(site)) {
      leave?.();
      return this.leaveOut(episode, 'no disk could be spared');
    }
    const beganMs = this.begin(episode);
    this.keeper.diskIsHurt(site);
    let rotten: readonly string[] = [];
    try {
      rotten = await this.hurtDisk(fault, durationMs);
    } catch (error) {
      this.wrong.push(`${faultText(fault)}: ${String(error)}`);
    } finally {
      leave();
    }
    const isWhole = await this.keeper.whole(site, this.stopped);
    const bad = isWhole ? await stillRotten(rotten) : [];
    for (const path of bad) this.wrong.push(`a scrub of ${site} left ${path} as rotten as it was`);
    this.played.push({ episode, beganMs, endedMs: this.nowMs(), reason: '' });
  }

  private async inflict(fault: Fault, durationMs: number): Promise<void> {
    const { keeper, cluster } = this;
    switch (fault.kind) {
      case 'kill':
      case 'stop': {
        await keeper.down(fault.site, fault.kind === 'stop' ? 'clean' : 'kill');
        await this.wait(durationMs);
        return keeper.up(fault.site);
      }
      case 'power-cut':
        return this.dark([fault.site], durationMs);
      case 'blackout':
        return this.dark(cluster.sites, durationMs);
      case 'pause':
        return this.standStill(cluster.child(fault.site).pid, durationMs);
      case 'coordinator-killed': {
        const startAgain = await cluster.coordinator.kill(fault.draw);
        await this.wait(durationMs);
        return startAgain();
      }
      case 'coordinator-paused': {
        const goOn = cluster.coordinator.pause(fault.draw);
        await this.wait(durationMs);
        return goOn();
      }
      case 'clients-paused':
        return this.standStill(this.clients[fault.group]?.pid ?? null, durationMs);
      default:
        return this.troubleFor(fault, durationMs);
    }
  }

  /** Cuts the power of sites at once, and brings them back together. */
  private async dark(sites: readonly string[], durationMs: number): Promise<void> {
    const { keeper } = this;
    await Promise.all(sites.map((site) => keeper.cutPower(site)));
    await this.wait(durationMs);
    await Promise.all(sites.map((site) => keeper.up(site)));
  }

  private async standStill(pid: number | null, durationMs: number): Promise<void> {
    if (pid === null) return;
    process.kill(pid, 'SIGSTOP');
    await this.wait(durationMs);
    process.kill(pid, 'SIGCONT');
  }

  private async troubleFor(fault: Fault, durationMs: number): Promise<void> {
    const trouble = troubleOf(fault, this.cluster.sites);
    if (trouble === null) throw new Error(`${fault.kind} is no trouble of a link`);
    const mend = this.cluster.links.trouble(trouble);
    await this.wait(durationMs);
    mend();
  }

  /** Gives the files that it spoiled and that a scrub has to mend. */
  private async hurtDisk(fault: Fault, durationMs: number): Promise<readonly string[]> {
    const { keeper, cluster } = this;
    const disk = { kind: 'disk', syncs: 'work', syncMs: 0, isFull: false };
    switch (fault.kind) {
      case 'disk-full':
      case 'sync-fails':
      case 'disk-slow': {
        const syncs = fault.kind === 'sync-fails' ? 'fail' : 'work';
        const syncMs = fault.kind === 'disk-slow' ? fault.syncMs : 0;
        keeper.order(fault.site, { ...disk, syncs, syncMs, isFull: fault.kind === 'disk-full' });
        await this.wait(durationMs);
        await keeper.mendDisk(fault.site);
        return [];
      }
      case 'rotten-chunks':
        return rotChunks(cluster.dataFolder(fault.site), fault.draw);
      case 'rotten-log': {
        const rot = async (): Promise<void> => {
          await rotLog(cluster.dataFolder(fault.site), fault.draw);
          await this.wait(durationMs);
        };
        if (fault.isRunning) await rot();
        await keeper.down(fault.site, 'kill');
        if (!fault.isRunning) await rot();
        await keeper.up(fault.site);
        return [];
      }
      case 'wipe': {
        await keeper.down(fault.site, 'kill');
        await cluster.wipe(fault.site);
        await this.wait(durationMs);
        await keeper.up(fault.site);
        return [];
      }
      default:
        throw new Error(`${fault.kind} is no fault of a disk`);
    }
  }
}

function troubleOf(
  fault: Fault,
  sites: readonly string[],
): Parameters<ChaosCluster['links']['trouble']>[0] | null {
  switch (fault.kind) {
    case 'cut':
      return { touches: between(fault.ends, fault.direction), cut: fault.manner };
    case 'isolate':
      return { touches: around(fault.site, sites, fault.direction), cut: fault.manner };
    case 'slow':
      return { touches: between(fault.ends, 'both'), addedMs: fault.addedMs };
    case 'narrow':
      return { touches: between(fault.ends, 'both'), bytesPerSecond: fault.bytesPerSecond };
    case 'lossy': {
      const stallChance = Math.min(RESEND_CHANCE_LIMIT, fault.chance);
      return { touches: between(fault.ends, 'both'), stallChance };
    }
    case 'clients-cut':
      return { touches: between([CLIENTS, fault.site], 'both'), cut: fault.manner };
    case 'member-cut': {
      const { from, to } = memberEnds(fault.site);
      return { touches: between([from, to], 'both'), cut: fault.manner };
    }
    case 'coordinator-cut':
      return { touches: between([fault.site, COORDINATOR], 'both'), cut: fault.manner };
    default:
      return null;
  }
}

/** How often each kind was played. */
export function countKinds(played: readonly Played[]): Partial<Record<FaultKind, number>> {
  const counts: Partial<Record<FaultKind, number>> = {};
  for (const { episode, beganMs } of played) {
    const { kind } = episode.fault;
    if (beganMs !== null) counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}
