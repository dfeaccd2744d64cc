import { type ClusterStatus, readCluster } from '../api/cluster.ts';
import { call, onUnauthorized } from '../api/http.ts';
import { connect, type QuorateClient } from '../api/sdk.ts';
import { pageReads } from '../latency/page-reads.ts';

const POLL_MS = 2000;

/** This page's client of the site that served it, and what that site says of the cluster. */
class Store {
  cluster = $state.raw<ClusterStatus | null>(null);
  /** False while the site does not answer. */
  reachable = $state(true);
  private connecting: Promise<QuorateClient> | null = null;

  constructor() {
    onUnauthorized(() => this.leave());
  }

  /** Connected once, on first use; its session comes back by itself when it is lost. */
  client(): Promise<QuorateClient> {
    this.connecting ??= this.connectPatiently();
    return this.connecting;
  }

  /** Looks at the cluster until the page is left, slower while nobody sees it. */
  follow(): () => void {
    let timer = 0;
    const look = async (): Promise<void> => {
      if (!document.hidden) await this.look();
      timer = window.setTimeout(() => void look(), POLL_MS);
    };
    void look();
    return () => clearTimeout(timer);
  }

  async look(): Promise<void> {
    const answer = await call('GET', '/v1/cluster', readCluster);
    if (answer.ok) this.cluster = answer.value;
    this.reachable = answer.ok || answer.status !== 0;
  }

  /** Ends the client of who is signed out; whoever signs in next gets one of his own. */
  private leave(): void {
    void this.connecting?.then((client) => client.close());
    this.connecting = null;
    this.cluster = null;
  }

  /** A site's name for people. */
  nameOf(site: string): string {
    return this.cluster?.sites.find((each) => each.site === site)?.displayName ?? site;
  }

  /** Its number in the list of sites, which decides its colour. */
  indexOf(site: string): number {
    return Math.max(0, this.cluster?.sites.findIndex((each) => each.site === site) ?? 0);
  }

  private async connectPatiently(): Promise<QuorateClient> {
    for (;;) {
      try {
        return await connect({
          sites: [location.origin],
          onRead: (read) => pageReads.note(read),
        });
      } catch {
        // The site is away; the page says so by itself.
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    }
  }
}

export const store = new Store();
