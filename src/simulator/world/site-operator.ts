import { beginChange, cancelChange, type WantedChange } from '../../protocol/node/site-change.js';
import type { ClusterSites, SiteRecord } from '../../protocol/ports.js';
import type { Fault } from './fault.js';
import { SITE_NAMES } from './site-names.js';
import type { SimCoordinator } from '../sim-coordinator.js';
import type { EventQueue } from '../event-queue.js';
import type { SimSite } from './sim-site.js';

type ChangeFault = Extract<Fault, { kind: 'sites' }>;

/** What an operator has in hand. */
interface Operated {
  readonly coordinator: SimCoordinator;
  readonly queue: EventQueue;
  readonly sites: ReadonlyMap<string, SimSite>;
  readonly counts: { siteChanges: number; siteChangesDone: number };
  readonly writeQuorum: number;
  readonly victim: string;
  addSite(id: string): SimSite;
  loseBytes(site: string): boolean;
}

const MOST_SITES = 5;
const LEAST_SITES = 3;

/** Adds, removes and replaces sites, as an operator does: by way of the note at the coordinator. */
export class SiteOperator {
  private removing: { readonly site: string; readonly isOff: boolean } | null = null;

  /** From the healing on nobody goes on who is out. */
  isTidy = false;

  constructor(private readonly world: Operated) {
    const sites = [...world.sites.keys()];
    const { writeQuorum } = world;
    const first = { version: 0, sites, writeQuorum, since: {}, addresses: [], change: null };
    world.coordinator.swapNow('sites', 0, first);
    world.coordinator.listen((key) => key === 'sites' && this.looked());
  }

  get note(): ClusterSites {
    return this.world.coordinator.current('sites').value as ClusterSites;
  }

  /** Sites that count, or will once the change that is under way is done. */
  get members(): string[] {
    const { sites, change } = this.note;
    return change?.kind === 'add' ? [...new Set([...sites, change.site])] : [...sites];
  }

  carryOut(fault: ChangeFault): void {
    const { note, world } = this;
    if (note.change !== null) {
      const cancelled = fault.cancels ? cancelChange(note) : null;
      if (cancelled?.ok === true) this.write(cancelled.sites);
      return;
    }
    const wanted = this.choose(fault);
    if (wanted === null) return;
    const begun = beginChange(note, wanted);
    if (!begun.ok) return;
    if (wanted.kind === 'replace' && !world.loseBytes(wanted.site)) return;
    this.write(begun.sites);
    world.counts.siteChanges += 1;
    if (wanted.kind === 'add') world.addSite(wanted.site).start();
    if (wanted.kind === 'remove') this.removing = { site: wanted.site, isOff: fault.isOff };
    if (wanted.kind === 'replace') this.replace(wanted.site, fault.downMs);
  }

  private choose(fault: ChangeFault): WantedChange | null {
    const { sites } = this.note;
    const record = (site: string): SiteRecord | null =>
      this.world.coordinator.current(`site/${site}`).value as SiteRecord | null;
    const isAdd =
      sites.length <= LEAST_SITES || (fault.change === 'add' && sites.length < MOST_SITES);
    if (fault.change === 'replace') {
      const site = this.world.victim;
      const incarnation = record(site)?.incarnation ?? 0;
      return sites.includes(site) ? { kind: 'replace', site, address: null, incarnation } : null;
    }
    if (isAdd) {
      const site = SITE_NAMES.find((name) => !this.world.sites.has(name));
      return site === undefined ? null : { kind: 'add', site, address: null, incarnation: 0 };
    }
    const site = sites[fault.pick % sites.length];
    return site === undefined ? null : { kind: 'remove', site, address: null, incarnation: 0 };
  }

  private replace(id: string, downMs: number): void {
    const site = this.world.sites.get(id);
    site?.crash();
    site?.wipe();
    this.world.queue.after(downMs, () => site?.start());
  }

  private write(sites: ClusterSites): void {
    const { coordinator } = this.world;
    coordinator.swapNow('sites', coordinator.current('sites').revision, sites);
  }

  /** A site that is surely out may be switched off; or it is forgotten and goes on for ever. */
  private looked(): void {
    const { removing, world } = this;
    const { sites, change, version } = this.note;
    if (change === null) world.counts.siteChangesDone = version;
    if (removing === null || change !== null) return;
    this.removing = null;
    if (sites.includes(removing.site) || !(removing.isOff || this.isTidy)) return;
    world.queue.after(0, () => world.sites.get(removing.site)?.condemn());
  }
}
