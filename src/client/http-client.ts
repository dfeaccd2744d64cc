import { randomUUID } from 'node:crypto';
import type * as z from 'zod';
import { authorizationOf } from './access-key.js';
import { BackupAnswer } from './backup-answer.js';
import { EventsAnswer } from './events-answer.js';
import { UpkeepAnswer, VerifyAnswer } from './upkeep-answers.js';
import { AuditAnswer } from './audit-answers.js';
import { ShareAnswer, SharesAnswer, type ShareWish } from './share-answers.js';
import * as answers from './answers.js';
import type { Answer, Failure, RetryLimits } from './attempts.js';
import { attempt, DEFAULT_RETRIES, failed } from './attempts.js';
import type { BucketChange } from './bucket-change.js';
import { SiteOrder } from './nearest-site.js';
import type { Call, SiteEndpoint } from './site-endpoint.js';
import { readBytes } from './site-endpoint.js';
import { type PartSettings, type PartSource, putInParts } from './part-upload.js';
import type { WriteResult, WriteSettings } from './write-result.js';
import { JSON_LIMIT_BYTES, readAnswer, readTextAnswer, type ReadResult } from './read-answer.js';

/** Where a site's new machine is. */
export interface SitePlace {
  readonly display_name: string;
  readonly host: string;
  readonly peer_port: number;
  readonly http_url: string;
}

export interface Download {
  readonly version: number;
  readonly epoch: number;
  readonly etag: string;
  readonly size: number;
  readonly site: string;
  readonly primary: string;
  readonly freshness: string;
  /** For `local` answers: how old it may be. */
  readonly ageMs: number | null;
  readonly modified: string;
  readonly contentType: string;
  /** Throws when it breaks off. Empty for HEAD. Read it to its end, or destroy it by returning. */
  readonly body: AsyncIterable<Uint8Array>;
}

export interface ReadSettings {
  readonly version?: number;
  /** Default `strong`; `validate` is as fresh and asks the primary each time. */
  readonly consistency?: 'strong' | 'validate' | 'local';
  /** Only the headers: what `stat` shows. */
  readonly headOnly?: boolean;
}

export interface HttpClientOptions {
  readonly sites: readonly SiteEndpoint[];
  /** The site to try first; default: the nearest, measured. */
  readonly near?: string;
  readonly retries?: RetryLimits;
  /** `<key id>.<secret>`; without one only what anybody may do is done. */
  readonly key?: string;
  /** Default 20,000. */
  readonly silenceLimitMs?: number;
}

const SINCE_LIFE_MS = 30_000;

/**
 * A client of the native HTTP API. It speaks to the nearest site that answers, repeats what is safe
 * to repeat under one request id until a deadline, and gives every outcome as a value.
 */
export class HttpClient {
  readonly #order: SiteOrder;
  readonly #retries: RetryLimits;
  readonly #silenceLimitMs: number;
  readonly #authorization: Readonly<Record<string, string>>;
  #since: { readonly token: string; readonly atMs: number } | undefined;

  constructor(options: HttpClientOptions) {
    this.#order = new SiteOrder(options.sites, options.near);
    this.#retries = options.retries ?? DEFAULT_RETRIES;
    this.#silenceLimitMs = options.silenceLimitMs ?? 20_000;
    this.#authorization = authorizationOf(options.key);
  }

  /** Writes a new version. A streamed body is made anew for every attempt. */
  put(
    name: string,
    body: (() => AsyncIterable<Uint8Array>) | Uint8Array,
    settings: WriteSettings & { readonly size?: number } = {},
  ): Promise<WriteResult> {
    const size = body instanceof Uint8Array ? body.byteLength : settings.size;
    const headers: Record<string, string> = {};
    if (size !== undefined) headers['content-length'] = String(size);
    return this.#write('PUT', filePath(name), settings, headers, body);
  }

  /** Writes a large file part by part, and goes on where an earlier attempt of it broke off. */
  putInParts(
    name: string,
    source: PartSource,
    settings: WriteSettings & PartSettings = {},
  ): Promise<WriteResult> {
    const send = (call: Omit<Call, 'silenceLimitMs'>) => this.#attempt(call);
    const complete = (path: string) => this.#write('POST', path, settings);
    return putInParts({ send, complete }, filePath(name), source, settings);
  }

  remove(name: string, settings: WriteSettings = {}): Promise<WriteResult> {
    return this.#write('DELETE', filePath(name), settings);
  }

  /** A new version with the content of an old one. */
  restore(name: string, version: number, settings: WriteSettings = {}): Promise<WriteResult> {
    return this.#write('POST', `${filePath(name)}?restore=${version}`, settings);
  }

  /** Copies within the store; no bytes come here. */
  copy(
    from: string,
    to: string,
    settings: WriteSettings & { readonly version?: number } = {},
  ): Promise<WriteResult> {
    const version = settings.version === undefined ? '' : `&version=${settings.version}`;
    const path = `${filePath(to)}?copy-from=${encodeURIComponent(from)}${version}`;
    return this.#write('POST', path, settings);
  }

  move(from: string, to: string, settings: WriteSettings = {}): Promise<WriteResult> {
    const path = `${filePath(to)}?move-from=${encodeURIComponent(from)}`;
    return this.#write('POST', path, settings);
  }

  createBucket(bucket: string): Promise<WriteResult> {
    return this.#write('PUT', `/v1/buckets/${encodeURIComponent(bucket)}`, {});
  }

  removeBucket(bucket: string): Promise<WriteResult> {
    return this.#write('DELETE', `/v1/buckets/${encodeURIComponent(bucket)}`, {});
  }

  /** Opens a file for reading. */
  async get(name: string, settings: ReadSettings = {}): Promise<ReadResult<Download>> {
    const { version, consistency = 'strong', headOnly = false } = settings;
    const answer = await this.#attempt({
      method: headOnly ? 'HEAD' : 'GET',
      path: filePath(name) + (version === undefined ? '' : `?version=${version}`),
      headers: { 'quorate-consistency': consistency },
    });
    if (!answer.ok) return answer;
    if (headOnly) answer.body.resume();
    return { ok: true, site: answer.site, value: downloadOf(answer) };
  }

  list(options: {
    readonly bucket: string;
    readonly prefix?: string;
    readonly delimiter?: string;
    readonly cursor?: string;
    readonly limit?: number;
  }): Promise<ReadResult<answers.ListingAnswer>> {
    const { bucket, ...query } = options;
    const parameters = Object.entries(query).map(([key, value]) => {
      return `${key}=${encodeURIComponent(String(value))}`;
    });
    const path = `/v1/files/${encodeURIComponent(bucket)}?${parameters.join('&')}`;
    return this.#read(path.replace(/\?$/, ''), answers.ListingAnswer);
  }

  history(
    name: string,
    before?: number,
  ): Promise<ReadResult<z.infer<typeof answers.HistoryAnswer>>> {
    const page = before === undefined ? '' : `&before=${before}`;
    return this.#read(`${filePath(name)}?versions${page}`, answers.HistoryAnswer);
  }

  buckets(): Promise<ReadResult<z.infer<typeof answers.BucketsAnswer>>> {
    return this.#read('/v1/buckets', answers.BucketsAnswer);
  }

  cluster(): Promise<ReadResult<answers.ClusterAnswer>> {
    return this.#read('/v1/cluster', answers.ClusterAnswer);
  }

  /** What happened at the site after the event of this id; without one, the latest. */
  events(after: number | undefined, limit: number): Promise<ReadResult<EventsAnswer>> {
    const from = after === undefined ? '' : `after=${after}&`;
    return this.#read(`/v1/events?${from}limit=${limit}`, EventsAnswer);
  }

  /** Begins to read everything that the site keeps, at full pace. */
  async scrub(): Promise<ReadResult<UpkeepAnswer>> {
    const answer = await this.#attempt({ method: 'POST', path: '/v1/upkeep/scrub' });
    return answer.ok ? readAnswer(answer, UpkeepAnswer) : answer;
  }

  /** Compares all sites with the one that answers. Takes as long as reading all versions does. */
  verify(): Promise<ReadResult<VerifyAnswer>> {
    return this.#read('/v1/verify', VerifyAnswer);
  }

  /** What a backup says of the cluster beside its files. */
  backupDescription(): Promise<ReadResult<BackupAnswer>> {
    return this.#read('/v1/backup', BackupAnswer);
  }

  /** A shard as of one position. Throws when it breaks off; read it to its end, or return. */
  async backupArchive(shard: string): Promise<ReadResult<AsyncIterable<Uint8Array>>> {
    const path = `/v1/backup/shards/${encodeURIComponent(shard)}`;
    const answer = await this.#attempt({ method: 'GET', path });
    if (!answer.ok) return answer;
    return { ok: true, site: answer.site, value: answer.body as AsyncIterable<Uint8Array> };
  }

  /** The bytes of a chunk; whoever asks compares them with the name. */
  async chunk(hash: string): Promise<ReadResult<Uint8Array>> {
    const answer = await this.#attempt({ method: 'GET', path: `/v1/backup/chunks/${hash}` });
    if (!answer.ok) return answer;
    const { site, body } = answer;
    const bytes = await readBytes(body, JSON_LIMIT_BYTES);
    if (bytes !== null) return { ok: true, site, value: bytes };
    return failed('broken', `${site}: the answer broke off`, site, false);
  }

  primaries(): Promise<ReadResult<z.infer<typeof answers.TableAnswer>>> {
    return this.#read('/v1/primaries', answers.TableAnswer);
  }

  primaryOf(name: string): Promise<ReadResult<z.infer<typeof answers.PrimaryAnswer>>> {
    return this.#read(`/v1/primaries?name=${encodeURIComponent(name)}`, answers.PrimaryAnswer);
  }

  setPrimary(
    pattern: string,
    site: string,
  ): Promise<ReadResult<z.infer<typeof answers.TableAnswer>>> {
    return this.#change('PUT', '/v1/primaries', { pattern, site }, answers.TableAnswer);
  }

  /** Adds, removes or replaces a site, or gives that up. Administrators only. */
  changeSites(
    site: string,
    action: 'replace' | 'add' | 'remove' | 'cancel',
    body: { readonly address?: SitePlace | null; readonly rehome?: boolean },
  ): Promise<ReadResult<z.infer<typeof answers.ChangeAnswer>>> {
    const path = `/v1/sites/${encodeURIComponent(site)}/${action}`;
    return this.#change('POST', path, body, answers.ChangeAnswer);
  }

  bucket(name: string): Promise<ReadResult<answers.BucketAnswer>> {
    return this.#read(`/v1/buckets/${encodeURIComponent(name)}`, answers.BucketAnswer);
  }

  /** Changes what is named and leaves the rest; repeating it changes nothing more. */
  changeBucket(name: string, change: BucketChange): Promise<ReadResult<answers.BucketAnswer>> {
    const path = `/v1/buckets/${encodeURIComponent(name)}`;
    return this.#change('PATCH', path, change, answers.BucketAnswer);
  }

  /** What the site that answers has written down, newest first. */
  audit(limit: number): Promise<ReadResult<AuditAnswer>> {
    return this.#read(`/v1/audit?limit=${limit}`, AuditAnswer);
  }

  /** Links that this key made or may end; of one name, where it is given. */
  shares(name?: string): Promise<ReadResult<SharesAnswer>> {
    const query = name === undefined ? '' : `?name=${encodeURIComponent(name)}`;
    return this.#read(`/v1/shares${query}`, SharesAnswer);
  }

  /** Makes a link; repeated when an answer was lost, it may make two. */
  createShare(wish: ShareWish): Promise<ReadResult<ShareAnswer>> {
    return this.#change('POST', '/v1/shares', wish, ShareAnswer);
  }

  revokeShare(id: string): Promise<ReadResult<ShareAnswer>> {
    return this.#change('DELETE', `/v1/shares/${encodeURIComponent(id)}`, undefined, ShareAnswer);
  }

  keys(): Promise<ReadResult<z.infer<typeof answers.KeysAnswer>>> {
    return this.#read('/v1/keys', answers.KeysAnswer);
  }

  /**
   * Makes an access key. When an answer is lost on the way and the call repeated, a key may be left
   * whose secret nobody has seen.
   */
  createKey(
    note: string,
    rights: answers.KeyAnswer['rights'],
  ): Promise<ReadResult<answers.NewKeyAnswer>> {
    return this.#change('POST', '/v1/keys', { note, rights }, answers.NewKeyAnswer);
  }

  revokeKey(id: string): Promise<ReadResult<answers.KeyAnswer>> {
    const path = `/v1/keys/${encodeURIComponent(id)}`;
    return this.#change('DELETE', path, undefined, answers.KeyAnswer);
  }

  /** Gives a key a level for a bucket or `prefix*`; null takes it away. */
  allowKey(
    id: string,
    buckets: string,
    level: 'read' | 'write' | 'owner' | null,
  ): Promise<ReadResult<answers.KeyAnswer>> {
    const path = `/v1/keys/${encodeURIComponent(id)}/rights`;
    return this.#change('PUT', path, { buckets, level }, answers.KeyAnswer);
  }

  /** What the site measures, in the text format of Prometheus. */
  async metrics(): Promise<ReadResult<string>> {
    const answer = await this.#attempt({ method: 'GET', path: '/metrics' });
    return answer.ok ? readTextAnswer(answer) : answer;
  }

  async #change<T>(
    method: Call['method'],
    path: string,
    value: unknown,
    schema: z.ZodType<T>,
  ): Promise<ReadResult<T>> {
    const body = value === undefined ? undefined : Buffer.from(JSON.stringify(value));
    const headers = { 'content-type': 'application/json' };
    const answer = await this.#attempt({ method, path, ...(body && { headers, body }) });
    return answer.ok ? readAnswer(answer, schema) : answer;
  }

  async #read<T>(path: string, schema: z.ZodType<T>): Promise<ReadResult<T>> {
    const answer = await this.#attempt({ method: 'GET', path });
    return answer.ok ? readAnswer(answer, schema) : answer;
  }

  async #write(
    method: 'PUT' | 'POST' | 'DELETE',
    path: string,
    settings: WriteSettings,
    headers: Record<string, string> = {},
    body?: Call['body'],
  ): Promise<WriteResult> {
    const requestId = settings.requestId ?? randomUUID();
    const since = await this.#sinceToken();
    headers['idempotency-key'] = requestId;
    if (since !== undefined) headers['quorate-since'] = since;
    if (settings.ifVersion !== undefined) headers['quorate-if-version'] = `${settings.ifVersion}`;
    if (settings.ifAbsent === true) headers['if-none-match'] = '*';
    if (settings.contentType !== undefined) headers['content-type'] = settings.contentType;
    const answer = await this.#attempt({ method, path, headers, ...(body && { body }) });
    if (!answer.ok) return uncommitted(answer, requestId);
    const read = await readAnswer(answer, answers.CommittedAnswer);
    if (!read.ok) return uncommitted({ ...read, mayHaveHappened: true }, requestId);
    const primary = String(answer.headers['quorate-primary'] ?? '');
    return { outcome: 'committed', file: read.value.file, site: answer.site, primary };
  }

  /** A position from before the write, so that a late repeat is never taken for a new request. */
  async #sinceToken(): Promise<string | undefined> {
    const nowMs = performance.now();
    if (this.#since && nowMs - this.#since.atMs < SINCE_LIFE_MS) return this.#since.token;
    const answer = await this.#read('/v1/position', answers.PositionAnswer);
    if (!answer.ok) return undefined;
    this.#since = { token: answer.value.position, atMs: nowMs };
    return this.#since.token;
  }

  #attempt(call: Omit<Call, 'silenceLimitMs'>): Promise<Answer | Failure> {
    const silenceLimitMs = this.#silenceLimitMs;
    const headers = { ...this.#authorization, ...call.headers };
    return attempt(this.#order, { ...call, headers, silenceLimitMs }, this.#retries);
  }
}

/** Percent-encodes a name so that every byte of it arrives, dots and empty segments included. */
function filePath(name: string): string {
  return `/v1/files/${name.split('/').map(encodeURIComponent).join('/')}`;
}

function uncommitted(failure: Failure, requestId: string): WriteResult {
  const { code, message, site, current } = failure;
  if (failure.mayHaveHappened) return { outcome: 'unknown', code, message, requestId };
  return { outcome: 'rejected', code, message, site, currentVersion: current?.version ?? null };
}

function downloadOf({ headers, body, site }: Answer): Download {
  const text = (key: string): string => String(headers[key] ?? '');
  const age = headers['quorate-age-ms'];
  return {
    version: Number(headers['quorate-version']),
    epoch: Number(headers['quorate-epoch']),
    etag: text('etag').replaceAll('"', ''),
    size: Number(headers['content-length']),
    site: text('quorate-site') || site,
    primary: text('quorate-primary'),
    freshness: text('quorate-freshness'),
    ageMs: age === undefined ? null : Number(age),
    modified: text('last-modified'),
    contentType: text('content-type'),
    body: body as AsyncIterable<Uint8Array>,
  };
}
