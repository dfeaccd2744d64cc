import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { ProblemAnswer } from './answers.js';
import { retryAfterMs } from './retry-after.js';
import type { SiteOrder } from './nearest-site.js';
import type { Call, SiteEndpoint } from './site-endpoint.js';
import { exchange, readText } from './site-endpoint.js';

/** A site's success; its body has to be read to the end or destroyed. */
export interface Answer {
  readonly ok: true;
  readonly site: string;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: IncomingMessage;
}

/** Why nothing came of a call. */
export interface Failure {
  readonly ok: false;
  /** A code of the API, or `unreachable`, `broken`, `body_failed`, `malformed_answer`. */
  readonly code: string;
  readonly message: string;
  /** The site that said so; '' when none did. */
  readonly site: string;
  /** An attempt, this or an earlier one, may have taken effect or may still. */
  readonly mayHaveHappened: boolean;
  readonly current?: ProblemAnswer['current'];
  /** Asked by a site with too much to do: no sooner than this is it to be asked again. */
  readonly retryAfterMs?: number;
}

export interface RetryLimits {
  /** After this long no further attempt begins. 0: a single attempt at a single site. */
  readonly deadlineMs: number;
  readonly backoffMs: readonly [first: number, longest: number];
}

export const DEFAULT_RETRIES: RetryLimits = { deadlineMs: 15_000, backoffMs: [50, 1000] };

const PROBLEM_LIMIT_BYTES = 64 * 1024;
/** Another site, or the same a moment later, may well answer otherwise. */
const TRANSIENT = new Set(['no_primary', 'moving', 'overloaded', 'site_stopping', 'timeout']);
/** Another site may answer otherwise, but not the same one at once. */
const ELSEWHERE = new Set(['quorum_unavailable', 'storage_failed', 'unreachable', 'content_lost']);
const UNSURE = new Set(['broken', 'primary_lost']);

/**
 * Tries the sites in order, round after round with growing pauses, until one gives an answer that
 * another attempt would not change or the deadline has passed. Sites that have too much to do are left
 * alone for as long as they ask. Every attempt is the same request,
 * so a write has to carry its request id. When all sites say that they cannot, it ends at once.
 */
export async function attempt(
  order: SiteOrder,
  call: Call,
  limits: RetryLimits,
): Promise<Answer | Failure> {
  const start = performance.now();
  let pauseMs = limits.backoffMs[0];
  let mayHaveHappened = false;
  for (;;) {
    let last: Failure | undefined;
    let mayPass = false;
    let leastMs = 0;
    for (const endpoint of await order.order()) {
      const result = await attemptOnce(endpoint, call);
      if (result.ok) return result;
      mayHaveHappened ||= result.mayHaveHappened;
      const failure = { ...result, mayHaveHappened };
      const isTransient = TRANSIENT.has(failure.code) || UNSURE.has(failure.code);
      if ((!isTransient && !ELSEWHERE.has(failure.code)) || limits.deadlineMs === 0) return failure;
      mayPass ||= isTransient;
      leastMs = Math.max(leastMs, failure.retryAfterMs ?? 0);
      // What a site says tells more than that another one is silent.
      if (!last || failure.code !== 'unreachable') last = failure;
    }
    last ??= failed('unreachable', 'no site is known', '', mayHaveHappened);
    if (!mayPass && !mayHaveHappened) return last;
    const leftMs = limits.deadlineMs - (performance.now() - start);
    const waitMs = Math.max(pauseMs, leastMs);
    if (leftMs <= waitMs) return { ...last, mayHaveHappened };
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    pauseMs = Math.min(2 * pauseMs, limits.backoffMs[1]);
    order.forget();
  }
}

async function attemptOnce(endpoint: SiteEndpoint, call: Call): Promise<Answer | Failure> {
  const reply = await exchange(endpoint, call);
  const { site } = endpoint;
  const writes = call.method !== 'GET' && call.method !== 'HEAD';
  if (reply.kind !== 'reply') {
    return failed(reply.kind, reply.message, site, writes && reply.kind === 'broken');
  }
  const { status, headers, body } = reply;
  if (status < 400) return { ok: true, site, status, headers, body };
  if (call.method === 'HEAD') {
    body.resume();
    const code = String(headers['quorate-code'] ?? 'malformed_answer');
    return failed(code, `${site} answered ${status}: ${code.replaceAll('_', ' ')}`, site, false);
  }
  const text = await readText(body, PROBLEM_LIMIT_BYTES);
  body.destroy();
  const problem = ProblemAnswer.safeParse(parseJson(text));
  if (!problem.success) {
    const message = `${site} answered ${status}`;
    return failed('malformed_answer', message, site, writes && status >= 500);
  }
  const { code, detail, title, outcome, current } = problem.data;
  return {
    ...failed(code, `${detail}. ${title}`, site, outcome === 'unknown'),
    ...(current && { current }),
    retryAfterMs: retryAfterMs(code, headers['retry-after']),
  };
}

export function failed(
  code: string,
  message: string,
  site: string,
  mayHaveHappened: boolean,
): Failure {
  return { ok: false, code, message, site, mayHaveHappened };
}

/** The value, or undefined for what is not JSON. */
export function parseJson(text: string | null): unknown {
  try {
    return text === null ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
