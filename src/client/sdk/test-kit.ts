import type { ListeningHttp } from '../../gateways/http-listener.js';
import { listen } from '../../gateways/native-http/server.js';
import { SITES, TestCluster, type TestClusterOptions } from '../../site/test-cluster.js';
import type { QuorateClient } from './client.js';
import { connect } from './node.js';
import type { ConnectOptions } from './options.js';
import type { WriteResult } from './results.js';

/** Three sites in one process, each behind a real port of this machine. */
export class TestSites {
  private readonly servers = new Map<string, ListeningHttp>();
  private readonly clients: QuorateClient[] = [];

  private constructor(readonly cluster: TestCluster) {}

  static async start(options: TestClusterOptions = {}): Promise<TestSites> {
    const sites = new TestSites(await new TestCluster(options).ready());
    for (const site of SITES) await sites.open(site);
    committed(await sites.cluster.at('nyc').createBucket('docs'));
    return sites;
  }

  get endpoints(): { site: string; url: string }[] {
    return [...this.servers].map(([site, { url }]) => ({ site, url }));
  }

  async connect(near: string, options: Partial<ConnectOptions> = {}): Promise<QuorateClient> {
    const client = await connect({ sites: this.endpoints, near, ...options });
    this.clients.push(client);
    return client;
  }

  /** The port of the site closes, with all connections; the site itself goes on. */
  async shut(site: string): Promise<void> {
    await this.servers.get(site)?.close(0);
  }

  /** Opens the site's port, the same as before if there was one. */
  async open(site: string): Promise<void> {
    const port = this.servers.get(site)?.port ?? 0;
    const service = this.cluster.at(site);
    const options = { site, host: '127.0.0.1', port, objects: service };
    this.servers.set(site, await listen(service, options));
  }

  async stop(): Promise<void> {
    for (const client of this.clients) client.close();
    await Promise.all([...this.servers.values()].map((server) => server.close(0)));
    this.cluster.stop();
  }
}

/** The version that was made; throws unless the write committed. */
export function committed(result: WriteResult | { readonly outcome: string }): number {
  if (result.outcome === 'committed') return 'version' in result ? (result.version ?? 0) : 0;
  throw new Error(JSON.stringify(result));
}

/** Resolves with what the client tells next under this name, if it passes. */
export function next<K extends 'invalidated' | 'site'>(
  client: QuorateClient,
  event: K,
  passes: (told: string | null) => boolean = () => true,
): Promise<string | null> {
  return new Promise((resolve) => {
    const stop = client.on(event, (told: string | null) => {
      if (!passes(told)) return;
      stop();
      resolve(told);
    });
  });
}
