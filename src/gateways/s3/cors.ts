import type { IncomingMessage } from 'node:http';
import type { CorsRule } from '../../site/bucket-settings.js';
import type { ObjectService } from '../../site/object-service.js';
import type { FlatHeaders } from '../http-exchange.js';
import { emptyAnswer, type S3Result } from './s3-answer.js';
import { s3Failure } from './s3-error.js';

/** What a page of this origin may do with the bucket, as headers; none where it may nothing. */
export async function corsHeaders(
  service: ObjectService,
  bucket: string,
  { method, headers }: IncomingMessage,
  origin: string,
): Promise<FlatHeaders> {
  const state = await service.bucket(bucket);
  if (!state.ok) return [];
  const asked = headers['access-control-request-method'] ?? method ?? '';
  const wanted = (headers['access-control-request-headers'] ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '');
  const rule = state.settings.cors.find((each) => allows(each, origin, asked, wanted));
  if (rule === undefined) return [];
  const isForAll = rule.allowedOrigins.includes('*');
  const told = ['Access-Control-Allow-Origin', isForAll ? '*' : origin];
  if (!isForAll) told.push('Access-Control-Allow-Credentials', 'true');
  told.push('Access-Control-Allow-Methods', rule.allowedMethods.join(', '));
  told.push('Vary', 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method');
  if (wanted.length > 0) told.push('Access-Control-Allow-Headers', wanted.join(', '));
  if (rule.exposeHeaders.length > 0) {
    told.push('Access-Control-Expose-Headers', rule.exposeHeaders.join(', '));
  }
  if (rule.maxAgeSeconds !== undefined) {
    told.push('Access-Control-Max-Age', String(rule.maxAgeSeconds));
  }
  return told;
}

function allows(
  rule: CorsRule,
  origin: string,
  method: string,
  wanted: readonly string[],
): boolean {
  return (
    rule.allowedMethods.includes(method) &&
    rule.allowedOrigins.some((pattern) => matches(pattern, origin)) &&
    wanted.every((name) =>
      rule.allowedHeaders.some((pattern) => matches(pattern.toLowerCase(), name)),
    )
  );
}

/** `*` stands for any characters, once. */
function matches(pattern: string, text: string): boolean {
  const star = pattern.indexOf('*');
  if (star < 0) return pattern === text;
  const [before, after] = [pattern.slice(0, star), pattern.slice(star + 1)];
  const isLongEnough = text.length >= before.length + after.length;
  return isLongEnough && text.startsWith(before) && text.endsWith(after);
}

/** OPTIONS: needs no signature, as browsers send none. */
export function preflight({ headers }: IncomingMessage, allowed: FlatHeaders): S3Result {
  if (headers.origin === undefined || headers['access-control-request-method'] === undefined) {
    const message = 'Insufficient information. Origin request header needed.';
    return s3Failure('BadRequest', message);
  }
  if (allowed.length > 0) return emptyAnswer(200);
  return s3Failure('AccessDenied', 'CORSResponse: This CORS request is not allowed.');
}
