import type { IncomingMessage } from 'node:http';
import type { BucketSettings, CorsRule } from '../site/bucket-settings.js';
import type { FlatHeaders } from './http-exchange.js';

/*
 * What pages of other origins may do with a bucket, the same over every gateway: by the rules of the
 * bucket's settings, of which the first that fits counts.
 */

const METHODS = ['GET', 'PUT', 'POST', 'DELETE', 'HEAD'];
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const ORIGIN = /^[\x21-\x7e]+$/;
export const CORS_RULE_LIMIT = 100;

/** What a page of this origin may do, as headers; none where it may nothing. */
export function corsHeaders(
  rules: BucketSettings['cors'],
  { method, headers }: IncomingMessage,
  origin: string,
  /** Whether pages are told that cookies would do; no gateway takes any from them. */
  options: { readonly credentials: boolean },
): FlatHeaders {
  const asked = headers['access-control-request-method'] ?? method ?? '';
  const wanted = (headers['access-control-request-headers'] ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '');
  const rule = rules.find((each) => allows(each, origin, asked, wanted));
  if (rule === undefined) return [];
  const isForAll = rule.allowedOrigins.includes('*');
  const told = ['Access-Control-Allow-Origin', isForAll ? '*' : origin];
  if (!isForAll && options.credentials) told.push('Access-Control-Allow-Credentials', 'true');
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

export interface CorsFault {
  readonly kind: 'method' | 'wildcard' | 'exposed_wildcard' | 'character';
  readonly message: string;
}

/** Why a rule is none; null: it is one. */
export function corsRuleFault(rule: CorsRule): CorsFault | null {
  const { allowedMethods, allowedOrigins, allowedHeaders, exposeHeaders } = rule;
  const method = allowedMethods.find((name) => !METHODS.includes(name));
  if (method !== undefined) {
    const name = method.slice(0, 50);
    const message = `Found unsupported HTTP method in CORS config. Unsupported method is ${name}`;
    return { kind: 'method', message };
  }
  for (const [what, values] of [
    ['AllowedOrigin', allowedOrigins],
    ['AllowedHeader', allowedHeaders],
  ] as const) {
    const wild = values.find((value) => value.split('*').length > 2)?.slice(0, 200);
    if (wild === undefined) continue;
    const message = `${what} "${wild}" can not have more than one wildcard.`;
    return { kind: 'wildcard', message };
  }
  const badOrigin = allowedOrigins.some((origin) => !ORIGIN.test(origin));
  const badHeader = [...allowedHeaders, ...exposeHeaders].some((name) => !HEADER_NAME.test(name));
  if (badOrigin || badHeader) {
    return { kind: 'character', message: 'an origin or a header has an illegal character' };
  }
  const isExposedWild = exposeHeaders.some((name) => name.includes('*'));
  if (!isExposedWild) return null;
  return { kind: 'exposed_wildcard', message: 'ExposeHeader can not have a wildcard.' };
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
