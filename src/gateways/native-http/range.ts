import type { ByteRange } from '../../site/file-service.js';
import type { Refusal } from './problem.js';
import { refusal } from './problem.js';

export type RangeResult = { readonly ok: true; readonly range: ByteRange } | Refusal;

const SINGLE = /^bytes=(\d{0,15})-(\d{0,15})$/;

/** Reads one byte range, `bytes=first-last`, `bytes=first-` or `bytes=-length`, of `size` bytes. */
export function readRange(value: string, size: number): RangeResult {
  const [, first = '', last = ''] = SINGLE.exec(value) ?? [];
  const malformed =
    (first === '' && last === '') || (first !== '' && last !== '' && +last < +first);
  if (malformed) {
    return refusal('malformed_range', `Range is ${JSON.stringify(value.slice(0, 100))}`);
  }
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size : Math.min(size, Number(last) + 1);
  if (start >= end) {
    return refusal('range_not_satisfiable', `the file has ${size} bytes, Range is ${value}`);
  }
  return { ok: true, range: { start, end } };
}
