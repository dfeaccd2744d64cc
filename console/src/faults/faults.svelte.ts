import { call, isFields } from '../api/http.ts';
import { store } from '../app/store.svelte.ts';

export type SiteAction = 'stop' | 'start' | 'kill' | 'pause' | 'resume';

export interface LinkFault {
  readonly a: string;
  readonly b: string;
  readonly cut: boolean;
  readonly addedMs: number;
}

interface Status {
  readonly sites: readonly { readonly site: string; readonly state: string }[];
  readonly links: readonly LinkFault[];
}

function readStatus(value: unknown): Status | null {
  return isStatus(value) ? value : null;
}

function isStatus(value: unknown): value is Status {
  return isFields(value) && Array.isArray(value.sites) && Array.isArray(value.links);
}

const PATH = '/v1/faults';

/** What was done to the cluster on purpose; only a cluster of one machine lets that be done. */
class Faults {
  status = $state.raw<Status | null>(null);
  busy = $state(false);
  /** False: this cluster does not let itself be broken. */
  readonly allowed = $derived(this.status !== null);

  async look(): Promise<void> {
    const answer = await call('GET', PATH, readStatus);
    if (answer.ok) this.status = answer.value;
    else if (answer.status !== 0) this.status = null;
  }

  /** Null, or why not. */
  onSite(site: string, action: SiteAction): Promise<string | null> {
    return this.act({ kind: 'site', site, action }, site === store.cluster?.site);
  }

  onLink(a: string, b: string, fault: { cut?: boolean; addedMs?: number }): Promise<string | null> {
    return this.act({ kind: 'link', a, b, ...fault }, false);
  }

  /** Undoes everything that was done. */
  async heal(): Promise<string | null> {
    const { sites = [], links = [] } = this.status ?? {};
    const faults = await Promise.all([
      ...links.map(({ a, b }) => this.onLink(a, b, {})),
      ...sites
        .filter(({ state }) => state === 'paused')
        .map(({ site }) => this.onSite(site, 'resume')),
      ...sites
        .filter(({ state }) => state === 'stopped')
        .map(({ site }) => this.onSite(site, 'start')),
    ]);
    return faults.find((fault) => fault !== null) ?? null;
  }

  stateOf(site: string): string {
    return this.status?.sites.find((each) => each.site === site)?.state ?? 'ready';
  }

  linkOf(a: string, b: string): LinkFault | null {
    const isLink = (link: LinkFault): boolean =>
      (link.a === a && link.b === b) || (link.a === b && link.b === a);
    return this.status?.links.find(isLink) ?? null;
  }

  private async act(request: unknown, endsThisSite: boolean): Promise<string | null> {
    this.busy = true;
    const answer = await call('POST', PATH, readStatus, request);
    this.busy = false;
    if (answer.ok) {
      this.status = answer.value;
      return null;
    }
    // The site that would have answered is the one that was stopped.
    return endsThisSite && answer.status === 0 ? null : answer.message;
  }
}

export const faults = new Faults();
