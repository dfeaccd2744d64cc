import { HttpClient } from '../../client/http-client.js';
import type { SiteEndpoint } from '../../client/site-endpoint.js';
import type { SiteChild } from '../up/site-child.js';
import type { Supervisor } from '../up/supervisor.js';

/** A file read at one site. */
export interface Seen {
  readonly version: number;
  readonly text: string;
  readonly site: string;
  readonly primary: string;
  readonly freshness: string;
  readonly ageMs: number | null;
}

const ONE_ATTEMPT = { deadlineMs: 0, backoffMs: [0, 0] } as const;

/** The cluster of the demonstration, as its visitors at the different sites see it. */
export class DemoCluster {
  readonly #endpoints: readonly SiteEndpoint[];
  readonly #children: readonly SiteChild[];

  /** The administrator's. */
  readonly key: string;

  constructor(supervisor: Supervisor) {
    this.key = supervisor.adminKey;
    this.#children = supervisor.children;
    this.#endpoints = supervisor.sites.map(({ site, host, httpPort }) => ({
      site,
      url: `http://${host}:${httpPort}`,
    }));
  }

  get sites(): string[] {
    return this.#endpoints.map(({ site }) => site);
  }

  /** Where clients find the sites. */
  get endpoints(): SiteEndpoint[] {
    return [...this.#endpoints];
  }

  port(site: string): number {
    const endpoint = this.#endpoints.find((other) => other.site === site);
    return Number(new URL(endpoint?.url ?? '').port);
  }

  child(site: string): SiteChild {
    const child = this.#children.find((other) => other.site === site);
    if (!child) throw new Error(`no site ${site}`);
    return child;
  }

  /** A client that begins at a site and falls to the next. */
  near(site: string, deadlineMs = 20_000): HttpClient {
    const retries = { deadlineMs, backoffMs: [25, 250] } as const;
    const { key } = this;
    return new HttpClient({
      sites: this.#endpoints,
      near: site,
      retries,
      key,
      silenceLimitMs: 5000,
    });
  }

  /** A client that asks one site, once. */
  only(site: string): HttpClient {
    const endpoint = this.#endpoints.filter((other) => other.site === site);
    return new HttpClient({
      sites: endpoint,
      near: site,
      retries: ONE_ATTEMPT,
      key: this.key,
      silenceLimitMs: 5000,
    });
  }

  /** What a client gets; null when it gets nothing. */
  async read(
    client: HttpClient,
    name: string,
    consistency: 'strong' | 'local' = 'strong',
  ): Promise<Seen | null> {
    const opened = await client.get(name, { consistency });
    if (!opened.ok) return null;
    const pieces: Uint8Array[] = [];
    try {
      for await (const piece of opened.value.body) pieces.push(piece);
    } catch {
      return null;
    }
    const { version, site, primary, freshness, ageMs } = opened.value;
    const text = Buffer.concat(pieces).toString('latin1');
    return { version, text, site, primary, freshness, ageMs };
  }

  /** The same file at every site. */
  readEverywhere(
    name: string,
    consistency: 'strong' | 'local' = 'strong',
  ): Promise<(Seen | null)[]> {
    return Promise.all(this.sites.map((site) => this.read(this.only(site), name, consistency)));
  }

  /** The versions and etags of a file as one site lists them. */
  async history(site: string, name: string): Promise<string | null> {
    const history = await this.only(site).history(name);
    if (!history.ok) return null;
    return history.value.versions.map(({ version, etag }) => `${version}:${etag}`).join(' ');
  }

  /** Whether a site has live sessions with none but itself. */
  async isAlone(site: string): Promise<boolean> {
    const cluster = await this.only(site).cluster();
    return cluster.ok && cluster.value.sites.every((other) => other.site === site || !other.alive);
  }

  /** Whether every shard has a primary that sees all replicas current. */
  async isWhole(): Promise<boolean> {
    const views = await Promise.all(this.sites.map((site) => this.only(site).cluster()));
    const shards = views.flatMap((view) => (view.ok ? view.value.shards : []));
    const led = shards.filter(({ role }) => role === 'primary');
    const names = new Set(shards.map(({ shard }) => shard));
    return (
      views.every((view) => view.ok) &&
      [...names].every((name) => led.some(({ shard }) => shard === name)) &&
      led.every(({ replicas }) => replicas.every(({ state }) => state === 'current'))
    );
  }
}
