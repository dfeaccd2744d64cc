import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AccessGuard } from '../../site/access/access-guard.js';
import type { AuditLog } from '../../site/access/audit-log.js';
import { ANYBODY } from '../../site/access/caller.js';
import type { ShareLinks } from '../../site/access/shares/share-links.js';
import type { FileService } from '../../site/file-service.js';
import type { LiveSource } from '../../site/live/live-frame.js';
import type { ObjectService } from '../../site/object-service.js';
import {
  newRequestId,
  readRequestId,
  readTraceparent,
} from '../../site/telemetry/request-trace.js';
import type { RequestService } from '../../site/telemetry/request-service.js';
import type { GatewayTelemetry } from '../../site/telemetry/site-telemetry.js';
import { type ListenAddress, type ListeningHttp, listenHttp } from '../http-listener.js';
import { audited } from '../http-audit.js';
import { callerName, type CallerShares, heldByBody } from '../caller-shares.js';
import { spanned } from '../http-span.js';
import { splitTarget } from '../raw-target.js';
import { admit } from './access/admission.js';
import { routeAccess } from './access/route-access.js';
import { ConsoleFiles } from './console-files.js';
import type { FaultControl } from './fault-control.js';
import type { Exchange } from './exchange.js';
import { sendProblem } from './exchange.js';
import { answerForeign, isForeign } from './foreign-pages.js';
import { Operations } from './operations.js';
import { PROBLEMS, refusal } from './problem.js';
import { route } from './routes.js';
import { answerShared, SHARED } from './shares/shared-files.js';
import { acceptSessions } from './session-socket.js';

export interface NativeHttpOptions {
  /** The site that answers. */
  readonly site: string;
  /** Answers what is asked of access keys and of buckets' settings; without it nothing does. */
  readonly objects?: ObjectService | null;
  /** What the site measures and tells, and is told of its requests. */
  readonly telemetry?: GatewayTelemetry | undefined;
  /** Finds out who asks; without it anybody may do everything. */
  readonly guard?: AccessGuard | null;
  /** Makes and opens links; without it there are none. */
  readonly shares?: ShareLinks | null;
  /** Where changes and refusals are written down; without it nowhere. */
  readonly audit?: AuditLog | null;
  /** What one caller may have of what the site takes; without it all of it. */
  readonly callers?: CallerShares | null;
  /** Told of every mistake of ours; the client gets a 500. */
  readonly onMistake?: (error: unknown) => void;
  /** What consoles look at. */
  readonly live?: LiveSource | null;
  /** Breaks the cluster on purpose, where that may be done. */
  readonly faults?: FaultControl | null;
  /** Where the console's built files are. Default: beside this program. */
  readonly consoleFolder?: string;
}

export interface ListenOptions extends NativeHttpOptions, ListenAddress {}

/** Serves the native API on its own port. Rejects when the port cannot be had. */
export function listen(service: FileService, options: ListenOptions): Promise<ListeningHttp> {
  const { telemetry } = options;
  const operations = telemetry ? new Operations(telemetry) : null;
  const consoleFiles = new ConsoleFiles(options.consoleFolder);
  const handling: HandleOptions = { ...options, consoleFiles, operations };
  return listenHttp(options, {
    ...(telemetry && {
      ended: (status, tookMs) => telemetry.ended('native', status, tookMs),
      turnedAway: (reason) => telemetry.clients.refusedConnection('native', reason),
    }),
    answer: (request, response, awaitsContinue) =>
      handle(service, handling, request, response, awaitsContinue),
    refusal: (code, detail) => {
      const { status, title } = PROBLEMS[code];
      const problem = { type: 'about:blank', title, status, code, detail };
      const body = `${JSON.stringify(problem)}\n`;
      return { status, contentType: 'application/problem+json', body };
    },
    attach: (server) => {
      const sessions = acceptSessions(
        server,
        service,
        options.guard ?? null,
        options.audit ?? null,
      );
      const dismiss = (): void => {
        sessions.dismiss();
        operations?.drain();
      };
      const close = (): void => {
        dismiss();
        sessions.close();
      };
      return { drain: () => sessions.drain(), dismiss, close };
    },
  });
}

interface HandleOptions extends NativeHttpOptions {
  readonly consoleFiles: ConsoleFiles;
  readonly operations: Operations | null;
}

function handle(
  service: FileService,
  options: HandleOptions,
  request: IncomingMessage,
  response: ServerResponse,
  awaitsContinue: boolean,
): void {
  const {
    site,
    guard = null,
    audit = null,
    objects = null,
    telemetry = null,
    consoleFiles,
    operations,
    live = null,
  } = options;
  const begun = begin(request, telemetry, objects);
  if (begun.measured !== null) spanned(begun.measured, request, response);
  const exchange: Exchange = {
    request,
    response,
    service: begun.service ?? service,
    objects: begun.service,
    site,
    guard,
    audit,
    shares: options.shares ?? null,
    caller: ANYBODY,
    subject: null,
    requestId: begun.requestId,
    measured: begun.measured,
    operations,
    awaitsContinue,
    console: consoleFiles,
    callers: options.callers ?? null,
    live,
    faults: options.faults ?? null,
  };
  audited(audit, request, response, {
    by: isShared(request) ? 'share' : 'native',
    what: () => exchange.subject ?? auditedTarget(request),
    who: () => exchange.caller.keyId,
    requestId: exchange.requestId,
  });
  try {
    const go = (): Promise<void> | void =>
      isShared(request)
        ? within(options, exchange, answerShared)
        : admit(guard, exchange, () => within(options, exchange, route));
    const answered = isForeign(request) ? answerForeign(exchange, go) : go();
    if (answered) answered.catch((error: unknown) => answerMistake(exchange, options, error));
  } catch (error) {
    answerMistake(exchange, options, error);
  }
}

/** The name that the caller gave the request, or its write, or a new one; and what answers it. */
function begin(
  { headers }: IncomingMessage,
  telemetry: GatewayTelemetry | null,
  objects: ObjectService | null,
): {
  readonly requestId: string;
  readonly service: ObjectService | null;
  readonly measured: RequestService | null;
} {
  const named =
    readRequestId(headers['quorate-request-id']) ?? readRequestId(headers['idempotency-key']);
  if (telemetry === null || objects === null) {
    return { requestId: named ?? newRequestId(), service: objects, measured: null };
  }
  const { traceparent } = headers;
  const parent = traceparent === undefined ? null : readTraceparent(traceparent);
  const measured = telemetry.begin('native', { id: named, parent }, objects);
  return { requestId: measured.trace.id, service: measured, measured };
}

/** Whether a site is well may be asked by whoever has too much under way, too. */
function within(
  { callers = null }: NativeHttpOptions,
  exchange: Exchange,
  answer: (exchange: Exchange) => Promise<void> | void,
): Promise<void> | void {
  const { caller, request, response } = exchange;
  const name = callerName(caller.keyId, request.socket.remoteAddress);
  const isFree = routeAccess(splitTarget(request.url ?? '').path) === 'open';
  if (callers === null || isFree) return answer(exchange);
  const refused = callers.enter(name, response, heldByBody(request));
  if (refused === null) return answer(exchange);
  sendProblem(exchange, refusal('overloaded', refused.message));
}

/** A link is its own proof: whatever else such a request shows, keys or cookies, is not looked at. */
function isShared({ url = '' }: IncomingMessage): boolean {
  return splitTarget(url).path.startsWith(SHARED);
}

/** Only of a file's POST the query says what is done; elsewhere it may hold anything. */
function auditedTarget(request: IncomingMessage): string {
  const { method, url = '' } = request;
  // The rest of it is what opens the link.
  if (/^(?:https?:\/\/[^/]*)?\/s\//i.test(url)) return SHARED;
  return method === 'POST' && url.startsWith('/v1/files/') ? url : splitTarget(url).path;
}

function answerMistake(exchange: Exchange, options: NativeHttpOptions, error: unknown): void {
  options.onMistake?.(error);
  const { request, response } = exchange;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  sendProblem(exchange, refusal('internal', 'an unexpected error; nothing more can be said here'), {
    outcome: isRead ? undefined : 'unknown',
  });
}
