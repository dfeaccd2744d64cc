import {
  beginChange,
  cancelChange,
  type SiteChangeRefusal,
  type WantedChange,
} from '../protocol/node/site-change.js';
import type {
  ClusterSites,
  Coordinator,
  CoordinatorDocuments,
  Revised,
  SiteAddress,
} from '../protocol/ports.js';
import { checkQuorumSizes } from '../protocol/quorum.js';

export type SiteChangeAnswer =
  | { readonly ok: true; readonly sites: ClusterSites }
  | {
      readonly ok: false;
      readonly reason:
        | 'unknown_site'
        | 'site_is_up'
        /** There is, or was, a site of this name. */
        | 'site_exists'
        /** Those who would be left cannot keep the promises. */
        | 'too_few_sites'
        | 'too_many_sites'
        /** Files have their primary there; it has to be said that they go elsewhere. */
        | 'site_is_home'
        | 'change_under_way'
        | 'nothing_to_cancel'
        | 'coordinator_unavailable';
      readonly message: string;
    };

/** Where an operator says that sites change. What becomes of it is in the cluster's status. */
export interface SiteChangeDesk {
  /**
   * The site's machine is gone for good and another one, with an empty disk, takes its place: at
   * `address`, or where it was. Refused while the site is up. Its earlier disks are refused from now
   * on.
   */
  replace(site: string, address: SiteAddress | null): Promise<SiteChangeAnswer>;
  /** One more site; it is started by whoever has its machine, and counts once it is filled. */
  add(address: SiteAddress): Promise<SiteChangeAnswer>;
  /**
   * The cluster goes on without the site, whether it is up or not. `rehome`: the files whose home it
   * is have the next site as their home from then on; without, such a site is not removed.
   */
  remove(site: string, rehome: boolean): Promise<SiteChangeAnswer>;
  /** Gives up adding or removing the site, while nothing has come of it yet. */
  giveUp(site: string): Promise<SiteChangeAnswer>;
}

/** A shard, and who would be its home without the site that is. */
export interface ShardHome {
  readonly shard: string;
  readonly next: string;
}

type Refused = Extract<SiteChangeAnswer, { ok: false }>;

export interface DeskOptions {
  readonly site: string;
  readonly coordinator: Coordinator;
  readonly isConnected: (site: string) => boolean;
  readonly homesOf: (site: string) => readonly ShardHome[];
}

export function openChangeDesk(options: DeskOptions): SiteChangeDesk {
  const { site: own, isConnected, homesOf } = options;
  const notes = new SiteNotes(options.coordinator);
  return {
    replace: async (site, address) =>
      site === own || isConnected(site)
        ? refuse('site_is_up', `${site} is up; only a site whose machine is gone is replaced`)
        : notes.begin({ kind: 'replace', site, address }),
    add: (address) => notes.begin({ kind: 'add', site: address.site, address }),
    remove: async (site, rehome) => {
      const homes = homesOf(site);
      return homes.length > 0 && !rehome
        ? refuse('site_is_home', homesText(site, homes))
        : notes.begin({ kind: 'remove', site, address: null });
    },
    giveUp: (site) => notes.cancel(site),
  };
}

/** The note at the coordinator, changed by whoever is the first. */
class SiteNotes {
  constructor(private readonly coordinator: Coordinator) {}

  async begin(change: Omit<WantedChange, 'incarnation'>): Promise<SiteChangeAnswer> {
    const { site } = change;
    const current = await this.read('sites');
    const record = await this.read(`site/${site}`);
    if (current === null || current.value === null || record === null) return UNAVAILABLE;
    const { value, revision } = current;
    const begun = beginChange(value, { ...change, incarnation: record.value?.incarnation ?? 0 });
    if (!begun.ok) return refuse(codeOf(begun.reason), textOf(begun.reason, site, value));
    return this.write(revision, begun.sites, site);
  }

  async cancel(site: string): Promise<SiteChangeAnswer> {
    const current = await this.read('sites');
    if (current === null || current.value === null) return UNAVAILABLE;
    const { value, revision } = current;
    if (value.change !== null && value.change.site !== site) {
      return refuse('change_under_way', textOf('change_under_way', site, value));
    }
    const cancelled = cancelChange(value);
    if (cancelled.ok) return this.write(revision, cancelled.sites, site);
    return cancelled.reason === 'nothing_to_cancel'
      ? refuse('nothing_to_cancel', `no change of ${site} is under way`)
      : refuse(
          'change_under_way',
          `${textOf(cancelled.reason, site, value)}, and is carried through`,
        );
  }

  private async write(
    revision: number,
    sites: ClusterSites,
    site: string,
  ): Promise<SiteChangeAnswer> {
    const outcome = await new Promise<'swapped' | 'conflict' | 'unknown'>((done) =>
      this.coordinator.swap('sites', revision, sites, (result) => done(result.outcome)),
    );
    if (outcome === 'swapped') return { ok: true, sites };
    return outcome === 'unknown'
      ? UNAVAILABLE
      : refuse('change_under_way', textOf('change_under_way', site, sites));
  }

  private read<K extends keyof CoordinatorDocuments & string>(
    key: K,
  ): Promise<Revised<CoordinatorDocuments[K]> | null> {
    return new Promise((done) => this.coordinator.read(key, done));
  }
}

function refuse(reason: Refused['reason'], message: string): Refused {
  return { ok: false, reason, message };
}

const UNAVAILABLE = refuse(
  'coordinator_unavailable',
  'the coordinator does not answer; whether the change began is not known',
);

function codeOf(reason: SiteChangeRefusal): Refused['reason'] {
  if (reason === 'no_such_site') return 'unknown_site';
  return reason === 'site_was_used' ? 'site_exists' : reason;
}

function textOf(reason: SiteChangeRefusal, site: string, { sites, change }: ClusterSites): string {
  switch (reason) {
    case 'change_under_way': {
      const what =
        change === null ? 'another change' : `the change "${change.kind} ${change.site}"`;
      return `${what} is not done yet`;
    }
    case 'no_such_site':
      return `there is no site ${site}; there are ${sites.join(', ')}`;
    case 'site_exists':
      return `${site} is a site already; there are ${sites.join(', ')}`;
    case 'site_was_used':
      return `there was a site ${site} before, whose disk may still be somewhere: choose another name`;
    case 'too_few_sites': {
      const replicas = sites.length - 1;
      const writeQuorum = Math.floor(replicas / 2) + 1;
      const sizes = checkQuorumSizes({ replicas, writeQuorum, readQuorum: 1 });
      const why = sizes.ok ? '' : sizes.message.replace(/\.$/, '');
      return `without ${site} there are ${replicas} of ${sites.length} sites: ${why}`;
    }
    case 'too_many_sites':
      return `${sites.length} sites are as many as there may be`;
    case 'nothing_to_cancel':
      return `no change of ${site} is under way`;
  }
}

function homesText(site: string, homes: readonly ShardHome[]): string {
  const shards = homes.map(({ shard, next }) => `${shard} (next: ${next})`).join(', ');
  return `${site} is the home of the files of ${shards}; --rehome lets them go there`;
}
