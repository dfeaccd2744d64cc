import { randomBytes } from 'node:crypto';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ListeningHttp } from '../../src/gateways/http-listener.js';
import type {
  FaultControl,
  FaultOutcome,
  FaultRequest,
} from '../../src/gateways/native-http/fault-control.js';
import { listen } from '../../src/gateways/native-http/server.js';
import { AccessGuard } from '../../src/site/access/access-guard.js';
import { adminKeyHash, newAdminKey } from '../../src/site/access/admin-key.js';
import { ShareLinks } from '../../src/site/access/shares/share-links.js';
import { SessionTokens } from '../../src/site/access/session-token.js';
import { Seal } from '../../src/site/seal.js';
import { RunningSites } from '../../src/site/test-running-sites.js';

const SEAL = new Seal(randomBytes(32));
const BUILD = new URL('../../scripts/build-console.mjs', import.meta.url).pathname;

/** For tests: three sites on real disks that ask for keys and serve the console, built for them. */
export class ConsoleSites implements FaultControl {
  readonly adminKey = newAdminKey();
  private readonly servers = new Map<string, ListeningHttp>();

  private constructor(
    private readonly sites: RunningSites,
    readonly folder: string,
  ) {}

  static async start(): Promise<ConsoleSites> {
    const folder = await mkdtemp(join(tmpdir(), 'quorate-console-'));
    const [sites] = await Promise.all([
      RunningSites.start(),
      promisify(execFile)(process.execPath, [BUILD, folder]),
    ]);
    const made = new ConsoleSites(sites, folder);
    for (const site of sites.names) await made.open(site);
    return made;
  }

  url(site: string): string {
    return this.servers.get(site)?.url ?? '';
  }

  /** Lets a site be lost, as the map asks for it; nothing else is done here. */
  async act(request: FaultRequest | null): Promise<FaultOutcome> {
    if (request?.kind === 'site' && request.action === 'kill') {
      const server = this.servers.get(request.site);
      this.servers.delete(request.site);
      await server?.close(0);
      await this.sites.stop(request.site);
    }
    const sites = ['nyc', 'tor', 'lon'].map((site) => ({
      site,
      state: this.servers.has(site) ? 'ready' : 'stopped',
    }));
    return { ok: true, status: { sites, links: [] } };
  }

  async stop(): Promise<void> {
    await Promise.all([...this.servers.values()].map((server) => server.close(0)));
    await this.sites.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  private async open(site: string): Promise<void> {
    const { service, objects, live, telemetry } = this.sites.at(site);
    if (objects === null) throw new Error('these sites have keys');
    const hash = adminKeyHash(this.adminKey);
    const guard = new AccessGuard(hash, objects.keys, new SessionTokens(SEAL, hash));
    const server = await listen(service, {
      site,
      host: '127.0.0.1',
      port: 0,
      objects,
      guard,
      shares: new ShareLinks(SEAL, objects.records, objects.keys, hash),
      live: live ?? null,
      telemetry,
      faults: this,
      consoleFolder: this.folder,
    });
    this.servers.set(site, server);
  }
}
