import { S3Client } from '@aws-sdk/client-s3';
import type { AccessRight } from '../../site/access/rights.js';
import { TestCluster } from '../../site/test-cluster.js';
import type { ListeningHttp } from '../http-listener.js';
import { listenS3 } from './s3-server.js';

/** For tests: three sites in this process, each with S3 on a free port of the loopback. */
export class TestSites {
  readonly mistakes: unknown[] = [];
  private readonly servers = new Map<string, ListeningHttp>();
  private readonly clients: S3Client[] = [];

  private constructor(readonly cluster: TestCluster) {}

  static async start(
    more: Pick<Parameters<typeof listenS3>[1], 'audit' | 'callers' | 'pace'> = {},
  ): Promise<TestSites> {
    const sites = new TestSites(
      await new TestCluster({ isPatient: true, timeoutMs: 20_000 }).ready(),
    );
    for (const site of ['nyc', 'tor', 'lon']) {
      const options = { site, host: '127.0.0.1', port: 0, ...more };
      const onMistake = (error: unknown): void => void sites.mistakes.push(error);
      const server = await listenS3(sites.cluster.at(site), { ...options, onMistake });
      sites.servers.set(site, server);
    }
    return sites;
  }

  url(site: string): string {
    return this.servers.get(site)?.url ?? '';
  }

  port(site: string): number {
    return this.servers.get(site)?.port ?? 0;
  }

  async key(
    rights: readonly AccessRight[] = [{ buckets: '*', level: 'owner' }],
  ): Promise<{ readonly accessKeyId: string; readonly secretAccessKey: string }> {
    const made = await this.cluster.at('nyc').keys.create('test', rights);
    if (!made.ok) throw new Error(made.message);
    return { accessKeyId: made.key.id, secretAccessKey: made.key.secret };
  }

  /** The SDK as people use it, with its default checksums and no retries that hide anything. */
  client(site: string, credentials: Awaited<ReturnType<TestSites['key']>>): S3Client {
    const client = new S3Client({
      endpoint: this.url(site),
      region: 'us-east-1',
      forcePathStyle: true,
      credentials,
      maxAttempts: 1,
    });
    this.clients.push(client);
    return client;
  }

  async stop(): Promise<void> {
    for (const client of this.clients) client.destroy();
    await Promise.all([...this.servers.values()].map((server) => server.close(0)));
    this.cluster.stop();
  }
}
