import type { HttpClient } from '../../../client/http-client.js';
import type { Operation } from '../../../simulator/history.js';
import type { SiteCopy } from '../../../simulator/judges/finding.js';
import { contentHash } from '../../../storage/content-hash.js';
import { machineMs } from '../../machine-clock.js';
import type { ChaosCluster } from '../chaos-cluster.js';
import { NativeClient } from '../clients/native-client.js';

const AT_ONCE = 24;
const TRIES = 5;
/** A site of which so much cannot be read is not read on. */
const WRONG_LIMIT = 20;
/** A busy machine takes its time; nothing goes wrong any more. */
const PATIENT = { deadlineMs: 30_000, silenceLimitMs: 20_000 };

export interface ReadBack {
  /** What each site holds of every file, content of every version read and hashed. */
  readonly copies: readonly SiteCopy[];
  /** Strong reads of every file at every site. */
  readonly operations: readonly Omit<Operation, 'id'>[];
  readonly wrong: readonly string[];
  readonly versions: number;
  readonly bytes: number;
}

type Copied = SiteCopy['versions'][number];

/** Reads every version of every file at every site, and every file once more as clients do. */
export async function readBack(
  cluster: ChaosCluster,
  names: readonly string[],
  originMs: number,
  stopped: AbortSignal,
): Promise<ReadBack> {
  const sites = await Promise.all(
    cluster.sites.map((site) => new SiteReader(cluster, site, originMs, stopped).read(names)),
  );
  return {
    copies: sites.map(({ copy }) => copy),
    operations: sites.flatMap(({ operations }) => operations),
    wrong: sites.flatMap(({ wrong }) => wrong),
    versions: sites.reduce((sum, { copy }) => sum + copy.versions.length, 0),
    bytes: sites.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

class SiteReader {
  private readonly client: HttpClient;
  private readonly reader: NativeClient;
  private readonly versions: Copied[] = [];
  private readonly operations: Omit<Operation, 'id'>[] = [];
  private readonly wrong: string[] = [];
  private bytes = 0;

  constructor(
    cluster: ChaosCluster,
    private readonly site: string,
    private readonly originMs: number,
    private readonly stopped: AbortSignal,
  ) {
    this.client = cluster.direct(site);
    const endpoint = cluster.clientEndpoints.filter((other) => other.site === site);
    this.reader = new NativeClient(site, endpoint, PATIENT);
  }

  async read(names: readonly string[]): Promise<{
    readonly copy: SiteCopy;
    readonly operations: readonly Omit<Operation, 'id'>[];
    readonly wrong: readonly string[];
    readonly bytes: number;
  }> {
    let next = 0;
    const lane = async (): Promise<void> => {
      for (let name = names[next++]; name !== undefined; name = names[next++]) {
        if (this.stopped.aborted || this.wrong.length >= WRONG_LIMIT) return;
        await this.readVersions(name);
        await this.readNow(name);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
    const { site, versions, operations, wrong, bytes } = this;
    return { copy: { site, versions }, operations, wrong, bytes };
  }

  private async readVersions(name: string): Promise<void> {
    let before: number | undefined;
    do {
      const page = await this.insist(() => this.client.history(name, before));
      if (!page.ok) {
        // A name whose only writes failed was never there.
        if (page.code !== 'no_such_file') this.tell(`the history of ${name}: ${page.message}`);
        return;
      }
      for (const { version, epoch, seq, etag, deleted } of page.value.versions) {
        const told = deleted || etag === null ? null : etag.replace('b3-', '');
        const value = told === null ? null : await this.valueOf(name, version, told);
        this.versions.push({ name, version, epoch, seq, value });
      }
      before = page.value.next ?? undefined;
    } while (before !== undefined);
  }

  /** The hash of what is read, whatever it should be. */
  private async valueOf(name: string, version: number, told: string): Promise<string> {
    const read = await this.insist(async () => {
      const opened = await this.client.get(name, { version, consistency: 'local' });
      if (!opened.ok) return opened;
      const pieces: Uint8Array[] = [];
      try {
        for await (const piece of opened.value.body) pieces.push(piece);
      } catch (error) {
        return { ok: false as const, code: 'broken', message: String(error) };
      }
      return { ok: true as const, bytes: Buffer.concat(pieces) };
    });
    if (!read.ok) {
      this.tell(`version ${version} of ${name} cannot be read: ${read.message}`);
      return `unreadable at ${this.site}`;
    }
    this.bytes += read.bytes.length;
    const value = contentHash(read.bytes);
    if (value !== told) this.tell(`version ${version} of ${name} is not what its history says`);
    return value;
  }

  private async readNow(name: string): Promise<void> {
    let startMs = 0;
    const read = await this.insist(() => {
      startMs = machineMs() - this.originMs;
      return this.reader.read(name, 'strong');
    });
    const endMs = machineMs() - this.originMs;
    const call = { client: `closing-${this.site}`, site: this.site, kind: 'read', name } as const;
    if (!read.ok) return this.tell(`${name} cannot be read: ${read.reason}`);
    const { version, value } = read.seen;
    this.operations.push({ ...call, startMs, endMs, outcome: 'ok', version, value });
  }

  /** A healed cluster may still be changing hands: what fails is asked again a few times. */
  private async insist<
    T extends { readonly ok: boolean; readonly code?: string; readonly reason?: string },
  >(ask: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      const answer = await ask();
      if (answer.ok || answer.code === 'no_such_file' || tries === TRIES) return answer;
      // Where nearly nothing can be read, each of thousands of reads would be waited for in vain.
      if (this.wrong.length >= WRONG_LIMIT) return answer;
      await new Promise((resolve) => setTimeout(resolve, 200 * tries));
    }
  }

  private tell(sentence: string): void {
    if (this.wrong.length < WRONG_LIMIT) this.wrong.push(`${this.site}: ${sentence}`);
  }
}
