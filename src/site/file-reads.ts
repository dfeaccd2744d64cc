import type { FileVersion } from '../protocol/file-version.js';
import type { Buckets } from './buckets.js';
import type { Consistency, OpenedFile, ReadFailure, Served } from './file-service.js';
import { openHistory } from './history.js';
import { type ShardCalls, failure, installing } from './shard-calls.js';
import type { SiteContext } from './site-context.js';
import { bucketOf, checkFileName } from './site-names.js';
import type { RequestTrace } from './telemetry/request-trace.js';

export interface ReadOptions {
  readonly consistency?: Consistency;
  /** Not given: the newest. */
  readonly version?: number;
  readonly trace?: RequestTrace;
}

/** Opens files for reading, as fresh as asked for. */
export class FileReads {
  constructor(
    private readonly context: SiteContext,
    private readonly calls: ShardCalls,
    private readonly buckets: Buckets,
  ) {}

  async open(name: string, options: ReadOptions = {}): Promise<OpenedFile | ReadFailure> {
    const check = checkFileName(name);
    if (!check.ok) return failure('invalid_name', check.message);
    const { consistency = 'strong', version, trace } = options;
    const opened =
      version === undefined
        ? await this.openHead(name, consistency, trace)
        : await this.openVersion(name, version, consistency);
    return opened.ok ? opened : this.explained(opened, name, consistency);
  }

  private async openHead(
    name: string,
    consistency: Consistency,
    trace: RequestTrace | undefined,
  ): Promise<OpenedFile | ReadFailure> {
    if (consistency === 'local') {
      const drive = this.calls.driveFor(name);
      const unreadable = installing(drive);
      if (unreadable !== null) return unreadable;
      return this.opened(name, drive.releasedHead(name), this.calls.servedLocally([drive]));
    }
    const read = await this.calls.read(name, consistency === 'strong', trace);
    if (read === 'timeout') return this.calls.readFailure(read);
    if (!read.ok) return this.calls.readFailure(read.reason);
    const { freshness, primary } = read;
    const { site } = this.context.config;
    return this.opened(name, read.head ?? undefined, { site, primary, freshness, ageMs: null });
  }

  private async openVersion(
    name: string,
    version: number,
    consistency: Consistency,
  ): Promise<OpenedFile | ReadFailure> {
    const known = await openHistory(this.calls, name, consistency);
    if (!known.ok) return known;
    const file = known.head?.version === version ? known.head : known.version(version);
    if (file === undefined || file.deleted) {
      return failure('no_such_version', `${name} has no version ${version} that can be read`);
    }
    return this.opened(name, file, known.served);
  }

  private opened(
    name: string,
    file: FileVersion | undefined,
    served: Served,
  ): OpenedFile | ReadFailure {
    if (file === undefined) return failure('no_such_file', `${name} does not exist`);
    const { content } = file;
    if (file.deleted || content === null) {
      return { ...failure('no_such_file', `${name} was deleted`), tombstone: file };
    }
    return { ok: true, file, served, body: (range) => this.context.content.read(content, range) };
  }

  /** Says that the bucket is missing where that is why the file is. */
  async explained(
    fault: ReadFailure,
    name: string,
    consistency: Consistency = 'strong',
  ): Promise<ReadFailure> {
    if (fault.reason !== 'no_such_file' && fault.reason !== 'no_such_version') return fault;
    const missing = await this.buckets.missing(bucketOf(name), consistency !== 'local');
    return missing?.reason === 'no_such_bucket' ? missing : fault;
  }
}
