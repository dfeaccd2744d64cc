import type { S3Failure } from '../s3-error.js';
import { s3Failure } from '../s3-error.js';

/** How many bytes the file may have, both ends included. */
export interface SizeRange {
  readonly leastBytes: number;
  readonly mostBytes: number;
}

interface FieldCondition {
  readonly operator: 'eq' | 'starts-with';
  /** Lower case, without `$`. */
  readonly field: string;
  readonly value: string;
}

export interface PostPolicy {
  readonly expiresMs: number;
  readonly conditions: readonly FieldCondition[];
  readonly sizeRange: SizeRange | null;
}

export type ReadPolicy = { readonly ok: true; readonly policy: PostPolicy } | S3Failure;

const CONDITION_LIMIT = 200;
const BASE64 = /^[A-Za-z0-9+/\s]*={0,2}\s*$/;
const ISO_DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;

/** Reads a policy in base64, as the form has it. */
export function readPostPolicy(base64: string): ReadPolicy {
  if (!BASE64.test(base64)) return invalid('it is not base64.');
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(base64, 'base64').toString());
  } catch {
    return invalid('Invalid JSON.');
  }
  if (!isRecord(value)) return invalid('Invalid JSON.');
  const { expiration, conditions } = value;
  if (typeof expiration !== 'string') return invalid('Policy missing expiration.');
  const expiresMs = ISO_DATE.test(expiration) ? Date.parse(expiration) : Number.NaN;
  if (Number.isNaN(expiresMs)) return invalid("Invalid 'expiration' value.");
  if (!Array.isArray(conditions)) return invalid('Policy missing conditions.');
  if (conditions.length > CONDITION_LIMIT) return invalid('it has too many conditions.');
  const read: FieldCondition[] = [];
  let sizeRange: SizeRange | null = null;
  for (const condition of conditions as unknown[]) {
    if (Array.isArray(condition) && condition[0] === 'content-length-range') {
      const range = readSizeRange(condition);
      if (!range) return invalid("Invalid 'content-length-range'.");
      sizeRange = sizeRange ? both(sizeRange, range) : range;
      continue;
    }
    const fields = readCondition(condition);
    if (!fields) return invalid('Invalid Condition.');
    read.push(...fields);
  }
  return { ok: true, policy: { expiresMs, conditions: read, sizeRange } };
}

function invalid(why: string): S3Failure {
  return s3Failure('InvalidPolicyDocument', `Invalid Policy: ${why}`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readSizeRange(condition: readonly unknown[]): SizeRange | null {
  const [least, most] = condition.slice(1).map((value) => {
    const text = typeof value === 'number' || typeof value === 'string' ? String(value) : '';
    return /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  });
  if (condition.length !== 3 || least === undefined || most === undefined) return null;
  return least <= most ? { leastBytes: least, mostBytes: most } : null;
}

function both(one: SizeRange, other: SizeRange): SizeRange {
  return {
    leastBytes: Math.max(one.leastBytes, other.leastBytes),
    mostBytes: Math.min(one.mostBytes, other.mostBytes),
  };
}

function readCondition(condition: unknown): readonly FieldCondition[] | null {
  if (Array.isArray(condition)) {
    const [operator, name, value] = condition as unknown[];
    const known = typeof operator === 'string' ? operator.toLowerCase() : '';
    if (known !== 'eq' && known !== 'starts-with') return null;
    if (condition.length !== 3 || typeof name !== 'string' || typeof value !== 'string')
      return null;
    if (!name.startsWith('$')) return null;
    return [{ operator: known, field: name.slice(1).toLowerCase(), value }];
  }
  if (!isRecord(condition)) return null;
  const fields: FieldCondition[] = [];
  for (const [name, value] of Object.entries(condition)) {
    if (typeof value !== 'string') return null;
    fields.push({ operator: 'eq', field: name.toLowerCase(), value });
  }
  return fields.length > 0 ? fields : null;
}

/** Fields that no condition has to speak of, as they could not or are for others. */
const FREE_FIELDS = ['file', 'policy', 'x-amz-signature'];

/**
 * Why a form does not fit its policy, or null. Every field has to be spoken of by a condition, and
 * every condition has to hold. `fields` are by lower-case name, `key` with the file's name put in,
 * `bucket` the one that the request is for.
 */
export function judgePostPolicy(
  policy: PostPolicy,
  fields: ReadonlyMap<string, string>,
  nowMs: number,
): S3Failure | null {
  if (nowMs >= policy.expiresMs) return denied('Policy expired.');
  const spokenOf = new Set(policy.conditions.map(({ field }) => field));
  const extra: string[] = [];
  for (const name of fields.keys()) {
    const free = FREE_FIELDS.includes(name) || name.startsWith('x-ignore-');
    if (!free && !spokenOf.has(name)) extra.push(name);
  }
  if (extra.length > 0) return denied(`Extra input fields: ${extra.join(', ')}`);
  const failed = policy.conditions.find((condition) => !holds(condition, fields));
  if (!failed) return null;
  const { operator, field, value } = failed;
  return denied(`Policy Condition failed: ${JSON.stringify([operator, `$${field}`, value])}`);
}

function holds({ operator, field, value }: FieldCondition, fields: ReadonlyMap<string, string>) {
  const given = fields.get(field) ?? '';
  if (operator === 'eq') return given === value;
  // A form may name several types; each has to fit.
  const parts = field === 'content-type' ? given.split(',') : [given];
  return parts.every((part) => part.trim().startsWith(value) || part.startsWith(value));
}

function denied(why: string): S3Failure {
  return s3Failure('AccessDenied', `Invalid according to Policy: ${why}`);
}
