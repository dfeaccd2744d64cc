import { execFile, execFileSync } from 'node:child_process';
import { createHash, randomFillSync } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RunningSites } from '../../../site/test-running-sites.js';
import type { ListeningHttp } from '../../http-listener.js';
import { listenS3 } from '../s3-server.js';

/** Whether a program is installed; tests that need one are left out where it is not. */
export function isInstalled(program: string, ...versionArguments: string[]): boolean {
  try {
    execFileSync(program, versionArguments, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const OUTPUT_LIMIT_BYTES = 16 * 1024 * 1024;

/**
 * For tests with programs that people use: three sites on real disks, S3 at each, a key for all,
 * and a home folder for the programs in which nothing of this machine's is to be found.
 */
export class ClientSites {
  private constructor(
    private readonly sites: RunningSites,
    private readonly servers: ReadonlyMap<string, ListeningHttp>,
    readonly folder: string,
    readonly key: { readonly id: string; readonly secret: string },
    readonly mistakes: readonly unknown[],
  ) {}

  static async start(): Promise<ClientSites> {
    const sites = await RunningSites.start();
    const servers = new Map<string, ListeningHttp>();
    const mistakes: unknown[] = [];
    for (const site of sites.names) {
      const { objects } = sites.at(site);
      if (objects === null) throw new Error(`${site} serves no objects`);
      const onMistake = (error: unknown): void => void mistakes.push(error);
      servers.set(site, await listenS3(objects, { site, host: '127.0.0.1', port: 0, onMistake }));
    }
    const made = await sites.at('nyc').objects?.keys.create('', [{ buckets: '*', level: 'owner' }]);
    if (made?.ok !== true) throw new Error('no key could be made');
    const folder = await mkdtemp(join(tmpdir(), 'quorate-clients-'));
    return new ClientSites(sites, servers, folder, made.key, mistakes);
  }

  async stop(): Promise<void> {
    for (const server of this.servers.values()) await server.close(0);
    await this.sites.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  port(site: string): number {
    return this.servers.get(site)?.port ?? 0;
  }

  url(site: string): string {
    return `http://127.0.0.1:${this.port(site)}`;
  }

  path(...parts: readonly string[]): string {
    return join(this.folder, ...parts);
  }

  /** A file of random bytes; gives their SHA-256. */
  async file(name: string, size: number): Promise<string> {
    const bytes = randomFillSync(Buffer.alloc(size));
    await writeFile(this.path(name), bytes);
    return createHash('sha256').update(bytes).digest('hex');
  }

  async hashOf(name: string): Promise<string> {
    return createHash('sha256')
      .update(await readFile(this.path(name)))
      .digest('hex');
  }

  /** Runs a program to its end in the folder; rejects with what it said when it failed. */
  run(program: string, given: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<string> {
    const env = {
      PATH: process.env.PATH,
      HOME: this.folder,
      no_proxy: '127.0.0.1',
      AWS_ACCESS_KEY_ID: this.key.id,
      AWS_SECRET_ACCESS_KEY: this.key.secret,
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_EC2_METADATA_DISABLED: 'true',
      ...more,
    };
    const options = { cwd: this.folder, env, maxBuffer: OUTPUT_LIMIT_BYTES };
    return new Promise((resolve, reject) => {
      execFile(program, given, options, (error, out, err) => {
        if (error === null) return resolve(out);
        reject(new Error(`${program} ${given.join(' ')}: ${error.message}\n${out}\n${err}`));
      });
    });
  }
}
