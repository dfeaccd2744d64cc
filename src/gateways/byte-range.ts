import type { ByteRange } from '../site/file-service.js';

export type ReadByteRange =
  | { readonly kind: 'range'; readonly range: ByteRange }
  /** Not one range of bytes. */
  | { readonly kind: 'malformed' }
  /** Nothing of the content lies within it. */
  | { readonly kind: 'unsatisfiable' };

// Some clients say "to the end" with the largest number of 64 bits.
const SINGLE = /^bytes=(\d{0,20})-(\d{0,20})$/;

/** Reads one byte range, `bytes=first-last`, `bytes=first-` or `bytes=-length`, of `size` bytes. */
export function readByteRange(value: string, size: number): ReadByteRange {
  const [, first = '', last = ''] = SINGLE.exec(value) ?? [];
  const malformed =
    (first === '' && last === '') || (first !== '' && last !== '' && BigInt(last) < BigInt(first));
  if (malformed) return { kind: 'malformed' };
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size : Math.min(size, Number(last) + 1);
  return start < end ? { kind: 'range', range: { start, end } } : { kind: 'unsatisfiable' };
}
