import type { S3Failure } from '../s3-error.js';
import { s3Failure } from '../s3-error.js';
import type { XmlElement } from './xml-reader.js';
import { malformedXml } from './xml-reader.js';
import { readChildren, readRoot } from './xml-shape.js';
import { XmlWriter } from './xml-writer.js';

export const CORS_LIMIT_BYTES = 64 * 1024;
const RULE_LIMIT = 100;
const ID_LIMIT_CHARACTERS = 255;
const METHODS = ['GET', 'PUT', 'POST', 'DELETE', 'HEAD'];

export interface CorsRule {
  readonly id?: string;
  readonly allowedMethods: readonly string[];
  /** Each with at most one `*`, which stands for any characters. */
  readonly allowedOrigins: readonly string[];
  /** Lower case, each with at most one `*`. */
  readonly allowedHeaders: readonly string[];
  readonly exposeHeaders: readonly string[];
  readonly maxAgeSeconds?: number;
}

export type CorsRules = { readonly ok: true; readonly rules: readonly CorsRule[] } | S3Failure;

/** The body of PutBucketCors: 1 to 100 rules. */
export function readCorsConfiguration(bytes: Uint8Array): CorsRules {
  const document = readRoot(bytes, 'CORSConfiguration');
  if (!document.ok) return document;
  const children = readChildren(document.root, { CORSRule: 'many' });
  if (!children.ok) return children;
  const elements = children.all('CORSRule');
  if (elements.length === 0 || elements.length > RULE_LIMIT) {
    return malformedXml(`there have to be 1 to ${RULE_LIMIT} rules`);
  }
  const rules: CorsRule[] = [];
  for (const element of elements) {
    const read = readRule(element);
    if (!read.ok) return read;
    rules.push(read.rule);
  }
  return { ok: true, rules };
}

function readRule(element: XmlElement): { readonly ok: true; readonly rule: CorsRule } | S3Failure {
  const children = readChildren(element, {
    ID: 'optional',
    AllowedMethod: 'many',
    AllowedOrigin: 'many',
    AllowedHeader: 'many',
    ExposeHeader: 'many',
    MaxAgeSeconds: 'optional',
  });
  if (!children.ok) return children;
  const id = children.text('ID');
  if (id !== undefined && id.length > ID_LIMIT_CHARACTERS) return malformedXml('an ID is too long');
  const texts = (name: 'AllowedMethod' | 'AllowedOrigin' | 'AllowedHeader' | 'ExposeHeader') =>
    children.all(name).map(({ text }) => text.trim());
  const allowedMethods = texts('AllowedMethod');
  const allowedOrigins = texts('AllowedOrigin');
  const allowedHeaders = texts('AllowedHeader').map((name) => name.toLowerCase());
  const exposeHeaders = texts('ExposeHeader');
  if (allowedMethods.length === 0 || allowedOrigins.length === 0) {
    return malformedXml('a rule needs an AllowedMethod and an AllowedOrigin');
  }
  const refused = refuseRule(allowedMethods, allowedOrigins, allowedHeaders, exposeHeaders);
  if (refused) return refused;
  const maxAge = children.text('MaxAgeSeconds')?.trim();
  if (maxAge !== undefined && !/^\d{1,9}$/.test(maxAge)) {
    return malformedXml('MaxAgeSeconds is not a whole number');
  }
  const rule: CorsRule = {
    ...(id !== undefined && { id }),
    allowedMethods,
    allowedOrigins,
    allowedHeaders,
    exposeHeaders,
    ...(maxAge !== undefined && { maxAgeSeconds: Number(maxAge) }),
  };
  return { ok: true, rule };
}

const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const ORIGIN = /^[\x21-\x7e]+$/;

function refuseRule(
  methods: readonly string[],
  origins: readonly string[],
  headers: readonly string[],
  exposed: readonly string[],
): S3Failure | null {
  const method = methods.find((name) => !METHODS.includes(name));
  if (method !== undefined) {
    return s3Failure(
      'InvalidRequest',
      'Found unsupported HTTP method in CORS config. Unsupported method is ' + method.slice(0, 50),
    );
  }
  for (const [what, values] of [
    ['AllowedOrigin', origins],
    ['AllowedHeader', headers],
  ] as const) {
    const wild = values.find((value) => value.split('*').length > 2);
    if (wild !== undefined) {
      return s3Failure(
        'InvalidRequest',
        `${what} "${wild.slice(0, 200)}" can not have more than one wildcard.`,
      );
    }
  }
  const badOrigin = origins.some((origin) => !ORIGIN.test(origin));
  const badHeader = [...headers, ...exposed].some((name) => !HEADER_NAME.test(name));
  if (badOrigin || badHeader) return malformedXml('an origin or a header has an illegal character');
  if (exposed.some((name) => name.includes('*'))) {
    return s3Failure('InvalidRequest', 'ExposeHeader can not have a wildcard.');
  }
  return null;
}

export function writeCorsConfiguration(rules: readonly CorsRule[]): string {
  const xml = new XmlWriter('CORSConfiguration');
  for (const rule of rules) {
    xml.open('CORSRule').optional('ID', rule.id);
    for (const method of rule.allowedMethods) xml.element('AllowedMethod', method);
    for (const origin of rule.allowedOrigins) xml.element('AllowedOrigin', origin);
    for (const header of rule.allowedHeaders) xml.element('AllowedHeader', header);
    for (const header of rule.exposeHeaders) xml.element('ExposeHeader', header);
    xml.optional('MaxAgeSeconds', rule.maxAgeSeconds).close();
  }
  return xml.end();
}
