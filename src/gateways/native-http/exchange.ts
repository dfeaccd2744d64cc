import type { LiveSource } from '../../site/live/live-frame.js';
import type { AccessGuard } from '../../site/access/access-guard.js';
import type { AuditLog } from '../../site/access/audit-log.js';
import type { Caller } from '../../site/access/caller.js';
import type { ShareLinks } from '../../site/access/shares/share-links.js';
import type { FileVersion } from '../service-types.js';
import type { ObjectService } from '../../site/object-service.js';
import type { FileService, Served, WriteOutcome } from '../../site/file-service.js';
import type { RequestService } from '../../site/telemetry/request-service.js';
import { holdBack, RETRY_AFTER_SECONDS } from '../hold-back.js';
import { type FlatHeaders, type HttpExchange, send } from '../http-exchange.js';
import type { ConsoleFiles } from './console-files.js';
import type { FaultControl } from './fault-control.js';
import type { Refusal } from './problem.js';
import { PROBLEMS } from './problem.js';

/** One request on its way to its answer. */
export interface Exchange extends HttpExchange {
  readonly service: FileService;
  /** Null where this site offers neither access keys nor settings of buckets. */
  readonly objects: ObjectService | null;
  /** The site that answers. */
  readonly site: string;
  /** Where what is asked is written down; null: nowhere. */
  readonly audit: AuditLog | null;
  /** Finds out who asks; null: anybody may do everything. */
  readonly guard: AccessGuard | null;
  /** Who asks; known from before the request is routed. */
  caller: Caller;
  /** What the request is about, as it is written down, where its path is not fit for that. */
  subject: string | null;
  /** Makes and opens links; null where nothing is sealed. */
  readonly shares: ShareLinks | null;
  readonly console: ConsoleFiles;
  /** What the request is called in answers and logs. */
  readonly requestId: string;
  /** The service as it is measured, for what goes past it; null where nothing is. */
  readonly measured: RequestService | null;
  /** What operators ask; null at a site that measures nothing. */
  readonly operations: OperationsAnswers | null;
  /** Null where nobody may look on. */
  readonly live: LiveSource | null;
  /** Null where nothing may be broken on purpose. */
  readonly faults: FaultControl | null;
}

export interface OperationsAnswers {
  answer(exchange: Exchange, path: string, query: string): void;
}

export function sendJson(
  exchange: Exchange,
  status: number,
  value: unknown,
  served?: Served,
): void {
  const headers: FlatHeaders = ['Content-Type', 'application/json'];
  headers.push('Quorate-Request-Id', exchange.requestId);
  if (served) addServed(headers, served);
  else headers.push('Quorate-Site', exchange.site);
  send(exchange, status, headers, `${JSON.stringify(value)}\n`);
}

export interface ProblemDetails {
  /** For writes. Default: `rejected`, as nothing has been proposed yet. */
  readonly outcome?: 'rejected' | 'unknown' | undefined;
  readonly headers?: FlatHeaders | undefined;
  readonly requestId?: string | undefined;
  /** The version a condition was judged against, or the tombstone of what is gone. */
  readonly current?: FileVersion | undefined;
}

/** Answers with `application/problem+json`. */
export function sendProblem(
  exchange: Exchange,
  problem: Refusal,
  details: ProblemDetails = {},
): void {
  const { method } = exchange.request;
  const { status, title } = PROBLEMS[problem.code];
  const isWrite = method !== 'GET' && method !== 'HEAD';
  const outcome = details.outcome ?? (isWrite ? 'rejected' : undefined);
  const { current, requestId } = details;
  const headers = details.headers ?? [];
  headers.push('Content-Type', 'application/problem+json', 'Quorate-Site', exchange.site);
  // HEAD has no body to say it in.
  headers.push('Quorate-Code', problem.code);
  if (status === 503) headers.push('Retry-After', String(RETRY_AFTER_SECONDS));
  if (problem.code === 'overloaded') holdBack(exchange.request.socket);
  if (current) headers.push('Quorate-Version', String(current.version));
  headers.push('Quorate-Request-Id', exchange.requestId);
  const body = JSON.stringify({
    type: 'about:blank',
    title,
    status,
    code: problem.code,
    detail: problem.detail,
    ...(outcome && { outcome }),
    ...(requestId !== undefined && { requestId }),
    ...(current && { current: { version: current.version, deleted: current.deleted } }),
  });
  send(exchange, status, headers, `${body}\n`);
}

/** Answers with what became of a write; `committed` is put into words by the caller. */
export function sendUncommitted(
  exchange: Exchange,
  outcome: Exclude<WriteOutcome, { outcome: 'committed' }>,
  requestId: string,
): void {
  const current = outcome.outcome === 'rejected' ? outcome.current : undefined;
  sendProblem(
    exchange,
    { ok: false, code: outcome.reason, detail: outcome.message },
    { outcome: outcome.outcome, requestId, current },
  );
}

/** Who answered, for which primary, and how it knew that the answer is fresh. */
export function addServed(headers: FlatHeaders, served: Served): void {
  headers.push(
    'Quorate-Site',
    served.site,
    'Quorate-Primary',
    served.primary,
    'Quorate-Freshness',
    served.freshness,
  );
  if (served.ageMs !== null) headers.push('Quorate-Age-Ms', String(Math.ceil(served.ageMs)));
}
