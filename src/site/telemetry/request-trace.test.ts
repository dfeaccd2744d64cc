import { describe, expect, it } from 'vitest';
import {
  newRequestId,
  readRequestId,
  readTraceparent,
  readTraceText,
  traceText,
} from './request-trace.js';

const PARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

describe('the name of a request', () => {
  it('is made when nobody gave one, and never twice', () => {
    const made = new Set(Array.from({ length: 1000 }, newRequestId));
    expect(made.size).toBe(1000);
    for (const id of made) expect(readRequestId(id)).toBe(id);
  });

  it.each(['', 'a b', 'a\nb', 'é', 'x'.repeat(129), 7, undefined, ['a']])('is not %j', (text) => {
    expect(readRequestId(text)).toBeUndefined();
  });

  it('goes to other sites with the place in a distributed trace', () => {
    const parent = readTraceparent(PARENT);
    expect(parent).toMatchObject({ sampled: true, spanId: '00f067aa0ba902b7' });
    const text = traceText({ id: 'r-1', parent, span: null, waits: null });
    expect(text).toBe(`r-1 ${PARENT}`);
    expect(readTraceText(text)).toEqual({ id: 'r-1', parent });
    expect(readTraceText('r-1')).toEqual({ id: 'r-1', parent: null });
    expect(readTraceText('\n')).toEqual({ id: 'unnamed', parent: null });
  });

  it.each([
    '',
    'ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    '00-00000000000000000000000000000000-00f067aa0ba902b7-01',
    '00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01',
    '00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01',
    '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7',
  ])('has no place in a trace called %j', (text) => {
    expect(readTraceparent(text)).toBeNull();
  });

  it('understands later versions of the header as far as it can', () => {
    expect(readTraceparent(`cc${PARENT.slice(2)}-more`)).toMatchObject({ sampled: true });
  });
});
