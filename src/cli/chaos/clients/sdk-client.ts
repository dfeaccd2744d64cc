import { connect, type QuorateClient } from '../../../client/sdk/node.js';
import type { PutOptions, WriteResult } from '../../../client/sdk/surface.js';
import { contentHash } from '../../../storage/content-hash.js';
import {
  type Basis,
  type ListOutcome,
  type ReadMode,
  type ReadOutcome,
  type StoreClient,
  versionCondition,
  type WriteOutcome,
  type WriteRequest,
} from './store-client.js';

const TIMEOUT_MS = 4000;

/** A client with a cache: its strong reads are from its own memory where a lease says so. */
export class SdkClient implements StoreClient {
  readonly kind = 'sdk';
  readonly canRepeat = true;
  readonly modes = ['strong', 'strong', 'strong', 'strong', 'strong', 'validate', 'local'] as const;

  private constructor(
    readonly site: string,
    readonly client: QuorateClient,
  ) {}

  static async connect(
    site: string,
    sites: readonly { readonly site: string; readonly url: string }[],
  ): Promise<SdkClient> {
    // At first every site may be away for a while.
    const client = await connect({ sites, near: site, timeoutMs: 60_000 });
    return new SdkClient(site, client);
  }

  async read(name: string, mode: ReadMode): Promise<ReadOutcome> {
    const read = await this.client.read(name, { mode, timeoutMs: TIMEOUT_MS });
    if (read.outcome === 'failed') return { ok: false, reason: read.reason };
    if (read.outcome === 'absent') {
      const { version, freshness } = read;
      return { ok: true, seen: { version: version ?? 0, value: null, etag: '', freshness } };
    }
    const { version, bytes, etag, freshness } = read.file;
    return { ok: true, seen: { version, value: contentHash(bytes), etag, freshness } };
  }

  async write(request: WriteRequest, bytes: Uint8Array): Promise<WriteOutcome> {
    return outcomeOf(await this.client.write(request.name, bytes, optionsOf(request)));
  }

  async remove(request: WriteRequest): Promise<WriteOutcome> {
    return outcomeOf(await this.client.remove(request.name, optionsOf(request)));
  }

  list = async (bucket: string, prefix: string): Promise<ListOutcome> => {
    const listed = await this.client.list(bucket, { prefix, timeoutMs: TIMEOUT_MS });
    if (listed.outcome === 'failed') return { ok: false, reason: listed.reason };
    const files = listed.files.map(({ name, version }) => ({ name, version }));
    return { ok: true, files, isWhole: listed.next === null };
  };

  conditionOf(basis: Basis): ReturnType<typeof versionCondition> {
    return versionCondition(basis);
  }

  close(): void {
    this.client.close();
  }
}

function optionsOf({ requestId, basis }: WriteRequest): PutOptions {
  const options = { requestId, timeoutMs: TIMEOUT_MS };
  if (basis === undefined) return options;
  if (basis === 'absent' || basis.value === null) return { ...options, ifAbsent: true };
  return { ...options, ifVersion: basis.version };
}

function outcomeOf(result: WriteResult): WriteOutcome {
  switch (result.outcome) {
    case 'committed':
      return { outcome: 'committed', version: result.version };
    case 'rejected': {
      const { reason, currentVersion } = result;
      return {
        outcome: 'rejected',
        reason,
        ...(currentVersion !== null && { version: currentVersion }),
      };
    }
    case 'unknown':
      return { outcome: 'unknown', reason: result.reason };
  }
}
