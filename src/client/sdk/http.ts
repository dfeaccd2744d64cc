import { retryAfterMs } from '../retry-after.js';
import type { Pauses } from './pauses.js';
import type { Platform } from './platform.js';
import { adviceOn } from './requests.js';
import type { Site } from './sites.js';

export interface HttpCall {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** Percent-encoded, with its query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | Blob;
  /** Ends the call, also between attempts, as `aborted`. */
  readonly signal?: AbortSignal | undefined;
}

export interface HttpSuccess<T> {
  readonly ok: true;
  readonly site: string;
  readonly value: T;
}

export interface HttpFailure {
  readonly ok: false;
  /**
   * A code of the API, or `unreachable`, `broken`, `timeout`, `closed`, `aborted`,
   * `malformed_answer`.
   */
  readonly reason: string;
  readonly message: string;
  /** An attempt, this or an earlier one, may have taken effect or may still. */
  readonly mayHaveHappened: boolean;
  /** The version that a condition was judged against; null if there is none that exists. */
  readonly currentVersion: number | null;
  /** A site with too much to do asked to be left alone for so long; 0 for none. */
  readonly retryAfterMs: number;
}

export type HttpResult<T> = HttpSuccess<T> | HttpFailure;

const ABORTED = 'it was stopped by its signal';

/** Makes a value of an answer; null if it is none; throws if the body breaks off. */
export type AnswerReader<T> = (response: Response) => Promise<T | null>;

/**
 * Calls of the sites' HTTP API: the connected site first, then the others, again and again with
 * growing pauses until one gives an answer that another attempt would not change.
 */
export class Http {
  private readonly stops = new Set<AbortController>();

  constructor(
    private readonly platform: Platform,
    private readonly order: () => readonly Site[],
    private readonly pauses: Pauses,
    private readonly authorization: Readonly<Record<string, string>> = {},
  ) {}

  async call<T>(call: HttpCall, untilMs: number, read: AnswerReader<T>): Promise<HttpResult<T>> {
    let mayHaveHappened = false;
    let last = failure('unreachable', 'no site is known', false);
    for (let attempt = 0; ; attempt += 1) {
      const sites = this.order();
      let mayPass = false;
      let leastMs = 0;
      for (const site of sites) {
        if (this.pauses.ended) return failure('closed', 'the client is closed', mayHaveHappened);
        if (call.signal?.aborted) return failure('aborted', ABORTED, mayHaveHappened);
        const leftMs = untilMs - this.platform.monoMs();
        if (leftMs <= 0) return { ...last, mayHaveHappened };
        // One that is silent must not take the time of all.
        const limitMs = sites.length > 1 ? leftMs / 2 : leftMs;
        const result = await this.once(site, call, limitMs, read);
        if (result.ok) return result;
        mayHaveHappened ||= result.mayHaveHappened;
        const advice = adviceOn(result.reason);
        if (advice === 'never') return { ...result, mayHaveHappened };
        leastMs = Math.max(leastMs, result.retryAfterMs);
        mayPass ||= advice === 'again' || result.reason === 'site_stopping';
        // What a site says tells more than that another one is silent.
        if (last.reason === 'unreachable' || result.reason !== 'unreachable') last = result;
      }
      if (!mayPass && !mayHaveHappened) return last;
      if (await this.pauses.backOff(attempt, untilMs, leastMs, call.signal)) continue;
      if (call.signal?.aborted) return failure('aborted', ABORTED, mayHaveHappened);
      return { ...last, mayHaveHappened };
    }
  }

  /** What is under way ends as if its time were up. */
  end(): void {
    for (const stop of this.stops) stop.abort();
  }

  private async once<T>(
    site: Site,
    call: HttpCall,
    limitMs: number,
    read: AnswerReader<T>,
  ): Promise<HttpResult<T>> {
    const stop = new AbortController();
    const abort = (): void => stop.abort();
    this.stops.add(stop);
    call.signal?.addEventListener('abort', abort);
    const cancel = this.platform.setTimer(limitMs, () => stop.abort());
    const isWrite = call.method !== 'GET';
    try {
      const { method, path, body } = call;
      const headers = { ...this.authorization, ...call.headers };
      const settings = { method, headers, signal: stop.signal, ...(body && { body }) };
      const response = await this.platform.fetch(site.url + path, settings);
      if (!response.ok) return await problemOf(response, site, isWrite);
      const value = await read(response);
      if (value !== null) return { ok: true, site: site.name, value };
      return failure('malformed_answer', `${site.name}: an answer not understood`, isWrite);
    } catch (error) {
      if (call.signal?.aborted) return failure('aborted', ABORTED, isWrite);
      if (stop.signal.aborted)
        return failure('timeout', `${site.name}: no answer in time`, isWrite);
      const isUnreached = !isWrite || wasRefused(error);
      const reason = wasRefused(error) ? 'unreachable' : 'broken';
      return failure(reason, `${site.name}: ${messageOf(error)}`, !isUnreached);
    } finally {
      cancel();
      this.stops.delete(stop);
      call.signal?.removeEventListener('abort', abort);
    }
  }
}

export function failure(
  reason: string,
  message: string,
  mayHaveHappened: boolean,
  currentVersion: number | null = null,
  retryAfterMs = 0,
): HttpFailure {
  return { ok: false, reason, message, mayHaveHappened, currentVersion, retryAfterMs };
}

interface Problem {
  readonly code?: unknown;
  readonly title?: unknown;
  readonly detail?: unknown;
  readonly outcome?: unknown;
  readonly current?: { readonly version?: unknown; readonly deleted?: unknown };
}

async function problemOf(response: Response, site: Site, isWrite: boolean): Promise<HttpFailure> {
  const problem = (await response.json().catch(() => null)) as Problem | null;
  if (typeof problem?.code !== 'string') {
    const message = `${site.name} answered ${response.status}`;
    return failure('malformed_answer', message, isWrite && response.status >= 500);
  }
  const { code, title, detail, outcome, current } = problem;
  const version = current?.deleted === false ? current.version : null;
  return failure(
    code,
    `${String(detail)}. ${String(title)}`,
    outcome === 'unknown',
    typeof version === 'number' ? version : null,
    retryAfterMs(code, response.headers.get('retry-after')),
  );
}

const REFUSED = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN']);

/** Only Node tells why nothing came back; elsewhere a write may have arrived. */
function wasRefused(error: unknown): boolean {
  const { cause } = error as { readonly cause?: { readonly code?: unknown } };
  return typeof cause?.code === 'string' && REFUSED.has(cause.code);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
