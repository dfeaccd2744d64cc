import { AccessGuard } from '../../../site/access/access-guard.js';
import type { AuditLog } from '../../../site/access/audit-log.js';
import { adminKeyHash, newAdminKey } from '../../../site/access/admin-key.js';
import { ShareLinks } from '../../../site/access/shares/share-links.js';
import { SessionTokens } from '../../../site/access/session-token.js';
import { Seal } from '../../../site/seal.js';
import type { AccessRight } from '../../../site/access/rights.js';
import { SITES, TestCluster } from '../../../site/test-cluster.js';
import type { ListeningHttp } from '../../http-listener.js';
import { listen } from '../server.js';

/** An answer of the native API, with its body as text and, where it is that, as JSON. */
export interface Told {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Record<string, unknown>;
}

const SEAL = new Seal(new Uint8Array(32).fill(7));

/** For tests: three sites in this process that ask for keys, each on a free port of the loopback. */
export class PrivateSites {
  readonly adminKey = newAdminKey();
  private readonly servers = new Map<string, ListeningHttp>();

  private constructor(readonly cluster: TestCluster) {}

  /** `audit`: of the first site. */
  static async start(audit: AuditLog | null = null): Promise<PrivateSites> {
    const cluster = await new TestCluster({ isPatient: true, timeoutMs: 2000 }).ready();
    const sites = new PrivateSites(cluster);
    for (const site of SITES) {
      const service = cluster.at(site);
      const hash = adminKeyHash(sites.adminKey);
      const guard = new AccessGuard(hash, service.keys, new SessionTokens(SEAL, hash));
      const log = site === 'nyc' ? audit : null;
      const shares = new ShareLinks(SEAL, service.records, service.keys, hash);
      const place = { site, host: '127.0.0.1', port: 0 };
      const options = { ...place, objects: service, guard, audit: log, shares };
      sites.servers.set(site, await listen(service, options));
    }
    return sites;
  }

  url(site = 'nyc'): string {
    return this.servers.get(site)?.url ?? '';
  }

  async stop(): Promise<void> {
    await Promise.all([...this.servers.values()].map((server) => server.close(0)));
    this.cluster.stop();
  }

  /** A new key, as its holder writes it. */
  async key(...rights: readonly (readonly [string, AccessRight['level']])[]): Promise<string> {
    const wanted = rights.map(([buckets, level]) => ({ buckets, level }));
    const made = await this.cluster.at('nyc').keys.create('', wanted);
    if (!made.ok) throw new Error(made.message);
    return `${made.key.id}.${made.key.secret}`;
  }

  /** `key` null: without any. */
  async ask(
    key: string | null,
    method: string,
    path: string,
    options: {
      readonly body?: unknown;
      readonly headers?: Record<string, string>;
      readonly site?: string;
    } = {},
  ): Promise<Told> {
    const { body, headers = {}, site = 'nyc' } = options;
    const answer = await fetch(this.url(site) + path, {
      method,
      redirect: 'manual',
      headers: { ...(key !== null && { authorization: `Bearer ${key}` }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    const isJson = /json/.test(answer.headers.get('content-type') ?? '');
    const json = isJson && text !== '' ? (JSON.parse(text) as Record<string, unknown>) : {};
    return { status: answer.status, headers: answer.headers, text, json };
  }
}
