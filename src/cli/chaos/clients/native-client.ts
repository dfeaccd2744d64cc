import { HttpClient } from '../../../client/http-client.js';
import type { WriteResult, WriteSettings } from '../../../client/write-result.js';
import type { SiteEndpoint } from '../../../client/site-endpoint.js';
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

/** How long a client goes on trying, and waits for an answer. */
export interface Patience {
  readonly deadlineMs: number;
  readonly silenceLimitMs: number;
}

const HASTY: Patience = { deadlineMs: 3000, silenceLimitMs: 3000 };

/** A client of the HTTP API that prefers a site and falls to the others. */
export class NativeClient implements StoreClient {
  readonly kind = 'native';
  readonly canRepeat = true;
  readonly modes = ['strong', 'strong', 'strong', 'validate', 'local'] as const;
  private readonly client: HttpClient;

  constructor(
    readonly site: string,
    sites: readonly SiteEndpoint[],
    { deadlineMs, silenceLimitMs } = HASTY,
  ) {
    const retries = { deadlineMs, backoffMs: [25, 400] } as const;
    this.client = new HttpClient({ sites, near: site, retries, silenceLimitMs });
  }

  async read(name: string, consistency: ReadMode): Promise<ReadOutcome> {
    const opened = await this.client.get(name, { consistency });
    if (!opened.ok) {
      if (opened.code !== 'no_such_file') return { ok: false, reason: opened.code };
      const version = opened.current?.version ?? 0;
      return { ok: true, seen: { version, value: null, etag: '', freshness: '' } };
    }
    const { version, body, etag, freshness } = opened.value;
    const pieces: Uint8Array[] = [];
    try {
      for await (const piece of body) pieces.push(piece);
    } catch (error) {
      return { ok: false, reason: `broken: ${String(error)}`.slice(0, 150) };
    }
    const value = contentHash(Buffer.concat(pieces));
    return { ok: true, seen: { version, value, etag, freshness } };
  }

  async write(request: WriteRequest, bytes: Uint8Array): Promise<WriteOutcome> {
    return outcomeOf(await this.client.put(request.name, bytes, settingsOf(request)));
  }

  async remove(request: WriteRequest): Promise<WriteOutcome> {
    return outcomeOf(await this.client.remove(request.name, settingsOf(request)));
  }

  list = async (bucket: string, prefix: string): Promise<ListOutcome> => {
    const listed = await this.client.list({ bucket, prefix });
    if (!listed.ok) return { ok: false, reason: listed.code };
    const { files, next } = listed.value;
    const shown = files.map(({ path, version }) => ({ name: `${bucket}/${path}`, version }));
    return { ok: true, files: shown, isWhole: next === null };
  };

  conditionOf(basis: Basis): ReturnType<typeof versionCondition> {
    return versionCondition(basis);
  }

  close(): void {}
}

function settingsOf({ requestId, basis }: WriteRequest): WriteSettings {
  if (basis === undefined) return { requestId };
  if (basis === 'absent' || basis.value === null) return { requestId, ifAbsent: true };
  return { requestId, ifVersion: basis.version };
}

function outcomeOf(result: WriteResult): WriteOutcome {
  switch (result.outcome) {
    case 'committed': {
      const { version, epoch, seq } = result.file;
      return { outcome: 'committed', version, epoch, seq };
    }
    case 'rejected': {
      const { code, currentVersion } = result;
      return {
        outcome: 'rejected',
        reason: code,
        ...(currentVersion !== null && { version: currentVersion }),
      };
    }
    case 'unknown':
      return { outcome: 'unknown', reason: result.code };
  }
}
