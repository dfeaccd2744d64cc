import type { CorsRule } from '../../../site/bucket-settings.js';
import { CORS_RULE_LIMIT, corsRuleFault } from '../../cors.js';
import type { S3Failure } from '../s3-error.js';
import { s3Failure } from '../s3-error.js';
import type { XmlElement } from './xml-reader.js';
import { malformedXml } from './xml-reader.js';
import { readChildren, readRoot } from './xml-shape.js';
import { XmlWriter } from './xml-writer.js';

export const CORS_LIMIT_BYTES = 64 * 1024;
const ID_LIMIT_CHARACTERS = 255;

export type CorsRules = { readonly ok: true; readonly rules: readonly CorsRule[] } | S3Failure;

/** The body of PutBucketCors: 1 to 100 rules. */
export function readCorsConfiguration(bytes: Uint8Array): CorsRules {
  const document = readRoot(bytes, 'CORSConfiguration');
  if (!document.ok) return document;
  const children = readChildren(document.root, { CORSRule: 'many' });
  if (!children.ok) return children;
  const elements = children.all('CORSRule');
  if (elements.length === 0 || elements.length > CORS_RULE_LIMIT) {
    return malformedXml(`there have to be 1 to ${CORS_RULE_LIMIT} rules`);
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
  return refuseRule(rule) ?? { ok: true, rule };
}

function refuseRule(rule: CorsRule): S3Failure | null {
  const fault = corsRuleFault(rule);
  if (fault === null) return null;
  const isMalformed = fault.kind === 'character';
  return isMalformed ? malformedXml(fault.message) : s3Failure('InvalidRequest', fault.message);
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
