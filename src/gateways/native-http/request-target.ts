import { percentDecode as decode } from '../raw-target.js';
import type { Refusal } from './problem.js';
import { refusal } from './problem.js';

export type Decoded = { readonly ok: true; readonly text: string } | Refusal;

/** Percent-decodes once, as names are. */
export function percentDecode(raw: string): Decoded {
  const decoded = decode(raw);
  return decoded.ok ? decoded : refusal('invalid_name', decoded.why);
}

export type Query = { readonly ok: true; readonly values: ReadonlyMap<string, string> } | Refusal;

const NO_QUERY: Query = { ok: true, values: new Map() };
const PARAMETER_LIMIT = 16;

/** Reads a query whose parameters must all be among those allowed, each at most once. */
export function readQuery(raw: string, allowed: readonly string[]): Query {
  if (raw === '') return NO_QUERY;
  const values = new Map<string, string>();
  const parts = raw.split('&', PARAMETER_LIMIT + 1);
  if (parts.length > PARAMETER_LIMIT) {
    return refusal('invalid_parameter', `more than ${PARAMETER_LIMIT} parameters`);
  }
  for (const part of parts) {
    const equals = part.indexOf('=');
    const key = percentDecode(equals < 0 ? part : part.slice(0, equals));
    const value = percentDecode(equals < 0 ? '' : part.slice(equals + 1).replaceAll('+', '%20'));
    if (!key.ok || !value.ok) {
      return refusal('invalid_parameter', `the query is not percent-encoded UTF-8: ${part}`);
    }
    if (!allowed.includes(key.text)) {
      return refusal('unknown_parameter', `unknown parameter "${key.text}"`);
    }
    if (values.has(key.text)) {
      return refusal('invalid_parameter', `parameter "${key.text}" is given twice`);
    }
    values.set(key.text, value.text);
  }
  return { ok: true, values };
}

export type ReadNumber = { readonly ok: true; readonly value: number | undefined } | Refusal;

/** A whole number from `least` to `most`, or nothing when the parameter is absent. */
export function readNumber(
  values: ReadonlyMap<string, string>,
  key: string,
  least: number,
  most: number,
): ReadNumber {
  const text = values.get(key);
  if (text === undefined) return { ok: true, value: undefined };
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return { ok: true, value };
  return refusal('invalid_parameter', `"${key}" has to be a whole number from ${least} to ${most}`);
}
