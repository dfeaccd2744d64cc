import { type Call, exchange, type SiteEndpoint } from '../../../client/site-endpoint.js';
import type { Condition } from '../../../simulator/history.js';
import { contentHash } from '../../../storage/content-hash.js';
import { type S3Credentials, S3Signer } from '../../s3-signer.js';
import type {
  Basis,
  ReadOutcome,
  StoreClient,
  WriteOutcome,
  WriteRequest,
} from './store-client.js';

const SILENCE_LIMIT_MS = 4000;

interface S3Reply {
  /** 0: no whole answer came. */
  readonly status: number;
  /** Whether the site can have heard of the request. */
  readonly wasSent: boolean;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly bytes: Buffer;
}

/** A client of one site's S3 port: one attempt each, in a bucket with versioning. */
export class S3Client implements StoreClient {
  readonly kind = 's3';
  readonly canRepeat = false;
  readonly modes = ['strong'] as const;
  /** Its listings do not say versions. */
  readonly list = null;

  constructor(
    readonly site: string,
    private readonly endpoint: SiteEndpoint,
    private readonly credentials: S3Credentials,
  ) {}

  async read(name: string): Promise<ReadOutcome> {
    const { status, headers, bytes } = await this.send('GET', name, {});
    const etag = String(headers.etag ?? '');
    if (status === 200) {
      const version = Number(headers['quorate-version']);
      const freshness = String(headers['quorate-freshness']);
      return { ok: true, seen: { version, value: contentHash(bytes), etag, freshness } };
    }
    if (status !== 404) return { ok: false, reason: `status_${status}` };
    if (headers['x-amz-delete-marker'] === undefined) return { ok: false, reason: 'untold' };
    const version = versionOf(headers);
    return { ok: true, seen: { version, value: null, etag, freshness: '' } };
  }

  async write({ name, basis }: WriteRequest, bytes: Uint8Array): Promise<WriteOutcome> {
    return outcomeOf(await this.send('PUT', name, headersOf(basis), bytes));
  }

  /** Always on a condition: without one S3 deletes what is not there, too. */
  async remove({ name, basis }: WriteRequest): Promise<WriteOutcome> {
    const headers = basis === undefined ? { 'if-match': '*' } : headersOf(basis);
    return outcomeOf(await this.send('DELETE', name, headers));
  }

  conditionOf(basis: Basis): Condition {
    if (basis === 'absent' || basis.value === null) return { ifNoneMatch: ['*'] };
    return { ifMatch: [basis.value] };
  }

  close(): void {}

  private async send(
    method: Call['method'],
    name: string,
    headers: Record<string, string>,
    body?: Uint8Array,
  ): Promise<S3Reply> {
    const path = `/${name}`;
    const signer = new S3Signer(this.credentials, Date.now());
    const signed = signer.headers(method, new URL(this.endpoint.url).host, path);
    const all: Record<string, string> = { ...headers };
    for (let at = 0; at < signed.length; at += 2) all[signed[at]!] = signed[at + 1]!;
    if (method === 'PUT') all['content-length'] = String(body?.length ?? 0);
    const reply = await exchange(this.endpoint, {
      method,
      path,
      headers: all,
      ...(body && { body }),
      silenceLimitMs: SILENCE_LIMIT_MS,
    });
    const nothing = { status: 0, headers: {}, bytes: Buffer.alloc(0) };
    if (reply.kind !== 'reply') return { ...nothing, wasSent: reply.kind !== 'unreachable' };
    const pieces: Buffer[] = [];
    try {
      for await (const piece of reply.body as AsyncIterable<Buffer>) pieces.push(piece);
    } catch {
      return { ...nothing, wasSent: true };
    }
    if (!reply.body.complete) return { ...nothing, wasSent: true };
    const { status, headers: told } = reply;
    return { status, wasSent: true, headers: told, bytes: Buffer.concat(pieces) };
  }
}

function headersOf(basis: Basis | undefined): Record<string, string> {
  if (basis === undefined) return {};
  if (basis === 'absent' || basis.value === null) return { 'if-none-match': '*' };
  return { 'if-match': basis.etag };
}

function outcomeOf({ status, headers, wasSent }: S3Reply): WriteOutcome {
  if (status >= 200 && status < 300) return { outcome: 'committed', version: versionOf(headers) };
  if (status === 412) return { outcome: 'rejected', reason: 'precondition_failed' };
  // 500 says that it may have taken effect; a silence does not say that it has not.
  if (status === 503 || (status >= 400 && status < 500) || !wasSent) {
    return { outcome: 'rejected', reason: `status_${status}` };
  }
  return { outcome: 'unknown', reason: `status_${status}` };
}

/** Ids of versions are the store's own versions, in base 36. */
function versionOf(headers: S3Reply['headers']): number {
  return Number.parseInt(String(headers['x-amz-version-id']), 36);
}
