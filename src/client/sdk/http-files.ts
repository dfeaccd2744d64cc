import type { FileVersion } from '../../protocol/file-version.js';
import type { Http, HttpCall, HttpFailure, HttpResult } from './http.js';
import { readCommitted, readFields, readHistory, readListing } from './http-answers.js';
import type { ListOptions, Mode, PutOptions, WriteOptions } from './options.js';
import {
  type ClusterResult,
  type Failed,
  type HistoryResult,
  type ListResult,
  type WriteResult,
  failed,
} from './results.js';

const CONSISTENCY = 'quorate-consistency';

/** A write with its id and its moment: what was released before its first attempt. */
export interface IdentifiedWrite {
  readonly requestId: string;
  readonly since: string | null;
  readonly untilMs: number;
  /** Ends it; it may have taken effect by then. */
  readonly signal?: AbortSignal | undefined;
}

/** What goes over HTTP: large content, listings, histories, and writes that move no bytes. */
export class HttpFiles {
  constructor(private readonly http: Http) {}

  put(
    name: string,
    body: Uint8Array | Blob,
    options: PutOptions,
    write: IdentifiedWrite,
  ): Promise<WriteResult> {
    const headers = contentHeaders(options);
    return this.write({ method: 'PUT', path: filePath(name), headers, body }, options, write);
  }

  /** `action` is the query that says what to do, encoded. */
  derive(
    name: string,
    action: string,
    options: WriteOptions,
    write: IdentifiedWrite,
  ): Promise<WriteResult> {
    return this.write({ method: 'POST', path: `${filePath(name)}?${action}` }, options, write);
  }

  bucket(method: 'PUT' | 'DELETE', bucket: string, write: IdentifiedWrite): Promise<WriteResult> {
    return this.write({ method, path: `/v1/buckets/${encodeURIComponent(bucket)}` }, {}, write);
  }

  /** The bytes of a version that is known to have committed. */
  content(head: FileVersion, mode: Mode, untilMs: number): Promise<HttpResult<Uint8Array>> {
    return this.http.call(contentCall(head, mode), untilMs, async (response) => {
      const bytes = new Uint8Array(await response.arrayBuffer());
      return bytes.length === head.content?.size ? bytes : null;
    });
  }

  stream(
    head: FileVersion,
    mode: Mode,
    untilMs: number,
  ): Promise<HttpResult<ReadableStream<Uint8Array>>> {
    return this.http.call(contentCall(head, mode), untilMs, (response) =>
      Promise.resolve(response.body as ReadableStream<Uint8Array> | null),
    );
  }

  async list(
    bucket: string,
    options: ListOptions,
    mode: Mode,
    untilMs: number,
  ): Promise<ListResult> {
    const { prefix, delimiter, cursor, limit } = options;
    const query = queryOf({ prefix, delimiter, cursor, limit });
    const path = `/v1/files/${encodeURIComponent(bucket)}${query}`;
    return valueOf(await this.http.call(readCall(path, mode), untilMs, readListing));
  }

  async history(
    name: string,
    before: number | undefined,
    limit: number | undefined,
    mode: Mode,
    untilMs: number,
  ): Promise<HistoryResult> {
    const path = `${filePath(name)}${queryOf({ versions: '', before, limit })}`;
    return valueOf(await this.http.call(readCall(path, mode), untilMs, readHistory));
  }

  async cluster(untilMs: number): Promise<ClusterResult> {
    const call: HttpCall = { method: 'GET', path: '/v1/cluster' };
    const answer = await this.http.call(call, untilMs, readFields);
    return answer.ok ? { outcome: 'found', cluster: answer.value } : failedAs(answer);
  }

  private async write(
    call: HttpCall,
    options: WriteOptions,
    { requestId, since, untilMs, signal }: IdentifiedWrite,
  ): Promise<WriteResult> {
    const headers: Record<string, string> = { ...call.headers, 'idempotency-key': requestId };
    if (since !== null && since !== '') headers['quorate-since'] = since;
    if (options.ifVersion !== undefined) headers['quorate-if-version'] = String(options.ifVersion);
    if (options.ifAbsent === true) headers['if-none-match'] = '*';
    const answer = await this.http.call({ ...call, headers, signal }, untilMs, readCommitted);
    if (answer.ok) {
      const { name, version } = answer.value;
      return { outcome: 'committed', name, version, requestId };
    }
    const { reason, message, mayHaveHappened, currentVersion } = answer;
    if (mayHaveHappened) return { outcome: 'unknown', reason, message, requestId };
    return { outcome: 'rejected', reason, message, currentVersion, requestId };
  }
}

/** What is said of content beside its bytes. */
export function contentHeaders({ contentType, metadata = {} }: PutOptions): Record<string, string> {
  const headers: Record<string, string> = {};
  if (contentType !== undefined) headers['content-type'] = contentType;
  for (const [key, value] of Object.entries(metadata)) headers[`quorate-meta-${key}`] = value;
  return headers;
}

function readCall(path: string, mode: Mode): HttpCall {
  return { method: 'GET', path, headers: { [CONSISTENCY]: mode } };
}

/** Its version is known: any site's copy of it is the same. */
function contentCall(head: FileVersion, mode: Mode): HttpCall {
  return readCall(`${filePath(head.name)}?version=${head.version}`, mode);
}

function valueOf<T>(answer: HttpResult<T>): T | Failed {
  return answer.ok ? answer.value : failedAs(answer);
}

function failedAs({ reason, message }: HttpFailure): Failed {
  return failed(reason, message);
}

function queryOf(parameters: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined);
  if (given.length === 0) return '';
  return `?${given.map(([key, value]) => `${key}=${encodeURIComponent(String(value))}`).join('&')}`;
}

const DOTS = /(?:^|\/)\.{1,2}(?:\/|$)/;

/**
 * A file's address. `fetch` would resolve segments of dots as if they were folders, so the slashes
 * of such a name are encoded too.
 */
export function filePath(name: string): string {
  const slash = name.indexOf('/');
  const path = name.slice(slash + 1);
  const segments = DOTS.test(path) ? [path] : path.split('/');
  return `/v1/files/${[name.slice(0, slash), ...segments].map(encodeURIComponent).join('/')}`;
}

/** False: no URL can name it. */
export function hasAddress(name: string): boolean {
  const path = name.slice(name.indexOf('/') + 1);
  return path !== '.' && path !== '..';
}
