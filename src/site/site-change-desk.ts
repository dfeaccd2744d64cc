import { beginChange, type SiteChangeRefusal } from '../protocol/node/site-change.js';
import type {
  ClusterSites,
  Coordinator,
  CoordinatorDocuments,
  Revised,
  SiteAddress,
} from '../protocol/ports.js';

export type SiteChangeAnswer =
  | { readonly ok: true; readonly sites: ClusterSites }
  | {
      readonly ok: false;
      readonly reason:
        | 'unknown_site'
        | 'site_is_up'
        | 'change_under_way'
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
}

type Sites = CoordinatorDocuments['sites'];

export interface DeskOptions {
  readonly site: string;
  readonly coordinator: Coordinator;
  readonly isConnected: (site: string) => boolean;
}

export function openChangeDesk({ site, coordinator, isConnected }: DeskOptions): SiteChangeDesk {
  const unavailable = {
    ok: false,
    reason: 'coordinator_unavailable',
    message: 'the coordinator does not answer; whether the change began is not known',
  } as const;
  const read = <K extends keyof CoordinatorDocuments & string>(
    key: K,
  ): Promise<Revised<CoordinatorDocuments[K]> | null> =>
    new Promise((done) => coordinator.read(key, done));
  const swap = (revision: number, value: Sites): Promise<'swapped' | 'conflict' | 'unknown'> =>
    new Promise((done) =>
      coordinator.swap('sites', revision, value, ({ outcome }) => done(outcome)),
    );

  return {
    async replace(replaced, address) {
      if (replaced === site || isConnected(replaced)) {
        const message = `${replaced} is up; only a site whose machine is gone is replaced`;
        return { ok: false, reason: 'site_is_up', message };
      }
      const current = await read('sites');
      const record = await read(`site/${replaced}`);
      if (current === null || current.value === null || record === null) return unavailable;
      const incarnation = record.value?.incarnation ?? 0;
      const wanted = { kind: 'replace', site: replaced, address, incarnation } as const;
      const begun = beginChange(current.value, wanted);
      if (!begun.ok) return refused(begun.reason, replaced, current.value);
      const outcome = await swap(current.revision, begun.sites);
      if (outcome === 'swapped') return begun;
      if (outcome === 'unknown') return unavailable;
      return refused('change_under_way', replaced, current.value);
    },
  };
}

function refused(reason: SiteChangeRefusal, site: string, sites: ClusterSites): SiteChangeAnswer {
  if (reason === 'no_such_site') {
    const message = `there is no site ${site}; there are ${sites.sites.join(', ')}`;
    return { ok: false, reason: 'unknown_site', message };
  }
  const { change } = sites;
  const what = change === null ? 'another change' : `${change.kind} ${change.site}`;
  return { ok: false, reason: 'change_under_way', message: `${what} is not done yet` };
}
