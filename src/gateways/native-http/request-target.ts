import type { Refusal } from './problem.js';
import { refusal } from './problem.js';

/*
 * Request targets are taken apart by hand: a URL object would resolve `.` and `..`, which are
 * bytes of a name like any other.
 */

export interface RequestTarget {
  /** As sent, percent-encoded, without the query. */
  readonly path: string;
  /** As sent, without the `?`. */
  readonly query: string;
}

export function splitTarget(url: string): RequestTarget {
  const mark = url.indexOf('?');
  return mark < 0
    ? { path: url, query: '' }
    : { path: url.slice(0, mark), query: url.slice(mark + 1) };
}

export type Decoded = { readonly ok: true; readonly text: string } | Refusal;

const PLAIN = /^[\x21-\x24\x26-\x7e]*$/;
const ESCAPE = /%(?![0-9a-fA-F]{2})/;
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Percent-decodes once. What does not then read as UTF-8 is refused, never replaced. */
export function percentDecode(raw: string): Decoded {
  if (PLAIN.test(raw)) return { ok: true, text: raw };
  if (ESCAPE.test(raw)) {
    return refusal('invalid_name', 'a "%" is not followed by two hexadecimal digits');
  }
  const bytes = Buffer.allocUnsafe(raw.length);
  let length = 0;
  for (let at = 0; at < raw.length; at += 1) {
    if (raw.charCodeAt(at) === 0x25) {
      bytes[length] = Number.parseInt(raw.slice(at + 1, at + 3), 16);
      at += 2;
    } else {
      bytes[length] = raw.charCodeAt(at);
    }
    length += 1;
  }
  try {
    return { ok: true, text: strictUtf8.decode(bytes.subarray(0, length)) };
  } catch {
    return refusal('invalid_name', 'the percent-encoded bytes are not UTF-8');
  }
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
