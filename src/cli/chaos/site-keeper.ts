import type { ClusterAnswer } from '../../client/answers.js';
import type { ChaosCluster } from './chaos-cluster.js';
import { GOOD_DISK } from './disk-order.js';
import { pause } from '../pause.js';

const ASK_EVERY_MS = 200;
/** A start waits for the coordinator, which may be away just then; it is tried again and again. */
const START_TRIES = 20;
/** A process that does nothing takes no order: it is killed as it stands. */
const POWER_LIMIT_MS = 1000;

/**
 * Takes sites away and brings them back, one thing at a time for each, and knows whether a site has
 * everything again that it may have lost.
 */
export class SiteKeeper {
  private readonly busy = new Set<string>();
  private isReserved = false;
  /** The site whose disk was bad and which has not been seen whole since. */
  private unwhole: string | null = null;

  constructor(
    private readonly cluster: ChaosCluster,
    private readonly report: (message: string) => void,
  ) {}

  /** From now until what is returned is called, sites are given only to whoever takes all of them. */
  reserve(): () => void {
    this.isReserved = true;
    return () => {
      this.isReserved = false;
    };
  }

  /** Null when the site is in somebody's hands already; else call what is returned when done. */
  take(site: string, isForAll = false): (() => void) | null {
    if (this.busy.has(site) || (this.isReserved && !isForAll)) return null;
    this.busy.add(site);
    return () => this.busy.delete(site);
  }

  /** False while another site's disk is not known to be good. */
  mayHurtDisk(site: string): boolean {
    return this.unwhole === null || this.unwhole === site;
  }

  diskIsHurt(site: string): void {
    this.unwhole = site;
  }

  async down(site: string, how: 'clean' | 'kill'): Promise<void> {
    const { links } = this.cluster;
    if (how === 'clean') {
      await this.cluster.child(site).stop('clean');
      await links.serve(site, false);
      return;
    }
    await this.cluster.child(site).stop('kill');
    await links.serve(site, false);
  }

  async up(site: string): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      const started = await this.cluster.child(site).start();
      // It may have come back by itself meanwhile.
      if (started.ok || this.cluster.child(site).state === 'ready') break;
      this.report(`${site} did not start: ${started.message}`);
      if (tries === START_TRIES) throw new Error(`${site} does not start: ${started.message}`);
      await pause(ASK_EVERY_MS);
    }
    await this.cluster.links.serve(site, true);
  }

  /** The shim in the process takes what was not synced, and ends it. */
  async cutPower(site: string): Promise<void> {
    this.order(site, { kind: 'power-cut' });
    await this.cluster.child(site).gone(POWER_LIMIT_MS);
    await this.down(site, 'kill');
  }

  order(site: string, order: object): void {
    this.cluster.child(site).tell(order);
  }

  /** A disk that refused is good again; a site that has stopped taking writes for it starts anew. */
  async mendDisk(site: string): Promise<void> {
    this.order(site, GOOD_DISK);
    const told = await this.cluster.direct(site).cluster();
    if (told.ok && told.value.storageFailure === null) return;
    await this.down(site, 'kill');
    await this.up(site);
  }

  /**
   * Resolves once the site has everything: all primaries call it current, and a scrub came to its end
   * with nothing left to tell. False when that is given up because of the signal.
   */
  async whole(site: string, stopped: AbortSignal): Promise<boolean> {
    while (!stopped.aborted) {
      if ((await this.isCurrent(site)) && (await this.scrubsClean(site, stopped))) {
        if (this.unwhole === site) this.unwhole = null;
        return true;
      }
      await pause(ASK_EVERY_MS);
    }
    return false;
  }

  private async isCurrent(site: string): Promise<boolean> {
    const views = await Promise.all(
      this.cluster.sites.map((each) => this.cluster.direct(each, 2000).cluster()),
    );
    const known = views.flatMap((view) => (view.ok ? [view.value] : []));
    return hasEverything(site, known);
  }

  private async scrubsClean(site: string, stopped: AbortSignal): Promise<boolean> {
    const client = this.cluster.direct(site);
    const before = await client.cluster();
    const begun = await client.scrub();
    if (!before.ok || !begun.ok) return false;
    const { passes, findings } = begun.value.scrub;
    // A pass that is under way may have read what went bad before it did.
    const needed = passes + (before.value.upkeep?.scrub.running === true ? 2 : 1);
    while (!stopped.aborted) {
      await pause(ASK_EVERY_MS);
      const told = await client.cluster();
      const scrub = told.ok ? told.value.upkeep?.scrub : undefined;
      if (scrub === undefined) return false;
      if (scrub.passes >= needed) return scrub.findings.length <= findings.length;
      if (!scrub.running) await client.scrub();
    }
    return false;
  }
}

/** Whether every shard has a primary that calls the site's copy current, among what sites say. */
export function hasEverything(site: string, views: readonly ClusterAnswer[]): boolean {
  const shards = new Set(views.flatMap((view) => view.shards.map(({ shard }) => shard)));
  const leaders = views.flatMap((view) =>
    view.shards
      .filter(({ role }) => role === 'primary')
      .map((shard) => ({ leader: view.site, ...shard })),
  );
  if (shards.size === 0) return false;
  return [...shards].every((name) => {
    // Of two that think they lead, the newer one does.
    const own = leaders.filter(({ shard }) => shard === name).sort((a, b) => b.epoch - a.epoch)[0];
    if (own === undefined) return false;
    if (own.leader === site) return true;
    return own.replicas.some((replica) => replica.site === site && replica.state === 'current');
  });
}
