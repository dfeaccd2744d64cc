import type { IncomingMessage } from 'node:http';
import type { ObjectService } from '../../site/object-service.js';
import { checkBucketName } from '../../site/site-names.js';
import { corsHeaders } from '../cors.js';
import { type FlatHeaders, send } from '../http-exchange.js';
import { splitTarget } from '../raw-target.js';
import { type Exchange, sendProblem } from './exchange.js';
import { refusal } from './problem.js';

/*
 * Requests of web pages of other origins: what a bucket's rules (CORS) let them do with its files, and
 * nothing else. They show a key like anybody; a cookie is never taken from them.
 */

const FILES = /^\/v1\/files\/([a-z0-9.-]+)(?:\/|$)/;

/** Whether a page of another origin sent this: it says so by itself, as browsers see to it. */
export function isForeign({ headers }: IncomingMessage): boolean {
  const { origin } = headers;
  if (origin === undefined) return false;
  return origin !== `http://${headers.host}` && origin !== `https://${headers.host}`;
}

/** Lets `go` answer, with what the page is told in the headers; or refuses, or answers a preflight. */
export async function answerForeign(
  exchange: Exchange,
  go: () => Promise<void> | void,
): Promise<void> {
  const { request, response, objects } = exchange;
  const { method, headers } = request;
  const allowed = await allowedOf(objects, request);
  for (let index = 0; index + 1 < allowed.length; index += 2) {
    response.setHeader(allowed[index] ?? '', allowed[index + 1] ?? '');
  }
  const isPreflight =
    method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
  if (isPreflight && allowed.length > 0) return send(exchange, 204, [], '');
  // What is only read is answered all the same: the browser keeps it from the page.
  const isRead = method === 'GET' || method === 'HEAD';
  if (allowed.length > 0 || isRead) return go();
  sendProblem(exchange, refusal('cross_origin', `the page is of ${headers.origin}`));
}

async function allowedOf(
  objects: ObjectService | null,
  request: IncomingMessage,
): Promise<FlatHeaders> {
  const [, bucket = ''] = FILES.exec(splitTarget(request.url ?? '').path) ?? [];
  if (objects === null || !checkBucketName(bucket).ok) return [];
  const state = await objects.bucket(bucket);
  if (!state.ok) return [];
  const { origin = '' } = request.headers;
  return corsHeaders(state.settings.cors, request, origin, { credentials: false });
}
