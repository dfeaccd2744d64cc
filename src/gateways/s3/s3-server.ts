import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

import type { AuditLog } from '../../site/access/audit-log.js';
import { ANYBODY, type Caller } from '../../site/access/caller.js';
import type { ObjectService } from '../../site/object-service.js';
import { readTraceparent } from '../../site/telemetry/request-trace.js';
import type { GatewayTelemetry } from '../../site/telemetry/site-telemetry.js';
import { callerName, type CallerShares, heldByBody, holdAnswer } from '../caller-shares.js';
import { corsHeaders } from '../cors.js';
import { holdBack, RETRY_AFTER_SECONDS } from '../hold-back.js';
import { audited } from '../http-audit.js';
import { sendContent } from '../http-content.js';
import { type FlatHeaders, type HttpExchange, send } from '../http-exchange.js';
import { type ListenAddress, type ListeningHttp, listenHttp } from '../http-listener.js';
import { spanned } from '../http-span.js';
import { splitTarget } from '../raw-target.js';
import {
  collectAbandonedUploads,
  REAL_UPLOAD_CLOCK,
  type UploadClock,
} from './abandoned-uploads.js';
import { preflight } from './preflight.js';
import { dispatch } from './dispatch.js';
import { effectiveHeaders } from './hoisted-headers.js';
import { secretsOf } from './key-secrets.js';
import { readResource } from './resource.js';
import type { RefusedAnswer, S3Answer, S3Result } from './s3-answer.js';
import { S3_ERRORS, s3Failure } from './s3-error.js';
import { type S3Request, readRefused } from './s3-request.js';
import { Authenticator, type SecretOf } from './signature/authenticate.js';
import { legalXmlText, XmlWriter } from './xml/xml-writer.js';

export interface S3ServerOptions extends ListenAddress {
  /** The site that answers. */
  readonly site: string;
  /** Told of each request, and names it. */
  readonly telemetry?: GatewayTelemetry | undefined;
  /** Where changes and refusals are written down; without it nowhere. */
  readonly audit?: AuditLog | null;
  /** What one caller may have of what the site takes; without it all of it. */
  readonly callers?: CallerShares | null;
  /** Told of every mistake of ours; the client gets a 500. */
  readonly onMistake?: (error: unknown) => void;
  /** By which abandoned uploads are collected. Default: the machine's. */
  readonly uploadClock?: UploadClock;
}

const MALFORMED = {
  headers_too_large: 'RequestHeaderSectionTooLarge',
  request_timeout: 'RequestTimeout',
  malformed_request: 'BadRequest',
} as const;

/** Serves S3 on a port of its own. Rejects when the port cannot be had. */
export async function listenS3(
  service: ObjectService,
  options: S3ServerOptions,
): Promise<ListeningHttp> {
  const server = new S3Server(service, options);
  const { telemetry } = options;
  const listening = await listenHttp(options, {
    ...(telemetry && {
      ended: (status, tookMs) => telemetry.ended('s3', status, tookMs),
      turnedAway: (reason) => telemetry.clients.refusedConnection('s3', reason),
    }),
    answer: (request, response, awaitsContinue) => {
      server.answer({ request, response, awaitsContinue, callers: options.callers ?? null });
    },
    refusal: (code, message) => {
      const failure = s3Failure(MALFORMED[code], message);
      const { status } = S3_ERRORS[failure.code];
      return { status, contentType: 'application/xml', body: errorDocument(failure, '', '') };
    },
  });
  const { site, uploadClock = REAL_UPLOAD_CLOCK, onMistake = () => undefined } = options;
  const collector = collectAbandonedUploads(service, site, uploadClock, onMistake);
  return {
    ...listening,
    close: (graceMs) => {
      collector.stop();
      return listening.close(graceMs);
    },
  };
}

class S3Server {
  private readonly authenticator: Authenticator;
  /** Begins the ids of this server's requests. */
  private readonly run = randomBytes(6).toString('hex').toUpperCase();
  private requests = 0;

  constructor(
    private readonly service: ObjectService,
    private readonly options: S3ServerOptions,
  ) {
    this.authenticator = new Authenticator(secretsOf(service));
  }

  answer(exchange: HttpExchange): void {
    this.requests += 1;
    const id = this.run + this.requests.toString(16).toUpperCase().padStart(10, '0');
    audited(this.options.audit ?? null, exchange.request, exchange.response, {
      by: 's3',
      what: () => splitTarget(exchange.request.url ?? '/').path,
      // Known once the request was understood, which makes it of the exchange.
      who: () => (exchange as Partial<S3Request>).caller?.keyId ?? '',
      requestId: id,
    });
    this.handle(exchange, id).catch((error: unknown) => {
      this.options.onMistake?.(error);
      if (exchange.response.headersSent) exchange.response.destroy();
      else respond(exchange, s3Failure('InternalError'), id, []);
    });
  }

  private async handle(exchange: HttpExchange, id: string): Promise<void> {
    const { request } = exchange;
    const { headers } = request;
    const target = splitTarget(request.url ?? '/');
    const resource = readResource(target, headers.host);
    if (!resource.ok) return respond(exchange, resource, id, []);
    const { bucket } = resource;
    const { origin } = headers;
    const cors =
      origin === undefined || bucket === '' ? [] : await this.corsOf(bucket, request, origin);
    if (request.method === 'OPTIONS') {
      return respond(exchange, preflight(request, cors), id, cors);
    }
    const understood = await this.understand(exchange, id, resource);
    if (exchange.response.closed) return;
    const refused = understood.ok ? this.refusedShare(understood.request) : understood;
    const result = understood.ok && refused === null ? await dispatch(understood.request) : refused;
    if (result !== null) await deliver(exchange, result, id, cors);
  }

  /** Why this caller gets no more for now; null where it does. */
  private refusedShare({ caller, request, response }: S3Request): RefusedAnswer | null {
    const { callers = null } = this.options;
    const name = callerName(caller.keyId, request.socket.remoteAddress);
    const refused = callers?.enter(name, response, heldByBody(request)) ?? null;
    return refused && s3Failure('SlowDown', refused.message);
  }

  private async corsOf(
    bucket: string,
    request: IncomingMessage,
    origin: string,
  ): Promise<FlatHeaders> {
    const state = await this.service.bucket(bucket);
    if (!state.ok) return [];
    return corsHeaders(state.settings.cors, request, origin, { credentials: true });
  }

  private serviceFor(id: string, { request, response }: HttpExchange): ObjectService {
    const { telemetry } = this.options;
    if (telemetry === undefined) return this.service;
    const { traceparent } = request.headers;
    const parent = traceparent === undefined ? null : readTraceparent(traceparent);
    const measured = telemetry.begin('s3', { id, parent }, this.service);
    spanned(measured, request, response);
    return measured;
  }

  private async understand(
    exchange: HttpExchange,
    id: string,
    resource: Extract<ReturnType<typeof readResource>, { ok: true }>,
  ): Promise<{ readonly ok: true; readonly request: S3Request } | RefusedAnswer> {
    const { request } = exchange;
    const { rawPath, rawQuery, bucket, key, query, parameters } = resource;
    const method = request.method ?? 'GET';
    let caller: Caller = ANYBODY;
    // The key is looked up once: what it may do is from the same moment as what it proves.
    const secretOf: SecretOf = async (accessKeyId) => {
      const found = await this.service.keys.find(accessKeyId);
      if (!found.ok) return readRefused(found);
      if (found.key === null) return null;
      caller = { keyId: accessKeyId, isAdministrator: false, rights: found.key.rights };
      return found.key.secret;
    };
    const authenticated = await this.authenticator.authenticate(
      { method, rawPath, rawQuery, headers: request.headersDistinct },
      Date.now(),
      secretOf,
    );
    if (!authenticated.ok) return authenticated;
    const { payload } = authenticated;
    const effective = effectiveHeaders(request.headersDistinct, parameters);
    if (!effective.ok) return effective;
    const { options } = this;
    const service = this.serviceFor(id, exchange);
    const scheme = options.certificate ? 'https' : 'http';
    const origin = `${scheme}://${request.headers.host ?? `${options.host}:${options.port}`}`;
    // Object.assign: `awaitsContinue` is shared with whoever reads the body.
    const understood: S3Request = Object.assign(exchange, {
      service,
      site: options.site,
      id,
      method,
      bucket,
      key,
      query,
      parameters,
      headers: effective.headers,
      caller,
      payload,
      origin,
    });
    return { ok: true, request: understood };
  }
}

async function deliver(
  exchange: HttpExchange,
  result: S3Result,
  id: string,
  extra: FlatHeaders,
): Promise<void> {
  if (!result.ok || result.content === undefined || exchange.request.method === 'HEAD') {
    return respond(exchange, result, id, extra);
  }
  const { status, content } = result;
  const headers = [...result.headers, ...idHeaders(id), ...extra];
  const { length } = content;
  const refused = holdAnswer(exchange, length);
  if (refused !== null) {
    return respond(exchange, s3Failure('SlowDown', refused.message), id, extra);
  }
  await sendContent(exchange, { status, headers, length }, content.bytes(), (error) => {
    const message = error instanceof Error ? error.message : String(error);
    respond(exchange, s3Failure('InternalError', message), id, extra);
  });
}

function respond(exchange: HttpExchange, result: S3Result, id: string, extra: FlatHeaders): void {
  const { request, response } = exchange;
  if (response.destroyed) return;
  if (result.ok) return respondAnswer(exchange, result, id, extra);
  const { status } = S3_ERRORS[result.code];
  const headers = [...(result.headers ?? []), ...idHeaders(id), ...extra];
  if (status === 503) headers.push('Retry-After', String(RETRY_AFTER_SECONDS));
  if (result.code === 'SlowDown') holdBack(request.socket);
  headers.push('Content-Type', 'application/xml');
  const path = splitTarget(request.url ?? '/').path;
  send(exchange, status, headers, errorDocument(result, path, id));
}

function respondAnswer(
  exchange: HttpExchange,
  { status, headers, body = '', content }: S3Answer,
  id: string,
  extra: FlatHeaders,
): void {
  const all = [...headers, ...idHeaders(id), ...extra];
  if (status === 204 || status === 304) {
    exchange.response.writeHead(status, all);
    exchange.response.end();
  } else if (exchange.request.method === 'HEAD' && content !== undefined) {
    all.push('Content-Length', String(content.length));
    exchange.response.writeHead(status, all);
    exchange.response.end();
  } else {
    send(exchange, status, all, body);
  }
}

function idHeaders(id: string): FlatHeaders {
  return ['x-amz-request-id', id, 'x-amz-id-2', id, 'Server', 'Quorate'];
}

function errorDocument(failure: RefusedAnswer, resource: string, id: string): string {
  const { code, message, details = {} } = failure;
  const writer = new XmlWriter('Error', null).element('Code', code);
  writer.element('Message', legalXmlText(message));
  for (const name in details) writer.element(name, legalXmlText(details[name]!));
  return writer.element('Resource', legalXmlText(resource)).element('RequestId', id).end();
}
