import type { ByteRange } from '../../site/file-service.js';
import { readByteRange } from '../byte-range.js';
import type { Refusal } from './problem.js';
import { refusal } from './problem.js';

export type RangeResult = { readonly ok: true; readonly range: ByteRange } | Refusal;

/** Reads the one byte range of a request for `size` bytes. */
export function readRange(value: string, size: number): RangeResult {
  const read = readByteRange(value, size);
  switch (read.kind) {
    case 'range':
      return { ok: true, range: read.range };
    case 'malformed':
      return refusal('malformed_range', `Range is ${JSON.stringify(value.slice(0, 100))}`);
    case 'unsatisfiable':
      return refusal('range_not_satisfiable', `the file has ${size} bytes, Range is ${value}`);
  }
}
