import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readHttpDate } from './http-date.js';
import { readCopyRange, readObjectRange } from './object-range.js';
import { judgeCopyConditions, judgeReadConditions } from './read-conditions.js';
import { readResponseOverrides } from './response-overrides.js';
import { readWriteConditions } from './write-conditions.js';

const current = { etag: 'abc-2', modifiedMs: Date.parse('2026-11-22T12:00:00.500Z') };
const BEFORE = 'Sun, 22 Nov 2026 11:59:59 GMT';
const SAME = 'Sun, 22 Nov 2026 12:00:00 GMT';

type Answer = string | { readonly code?: string; readonly ok: boolean };
const word = (answer: Answer) =>
  typeof answer === 'string' ? answer : answer.ok ? 'ok' : (answer.code ?? '');

describe('conditions of reads', () => {
  const judge = (headers: Record<string, string>) => word(judgeReadConditions(headers, current));

  it.each<[Record<string, string>, string]>([
    [{}, 'holds'],
    [{ 'if-match': '"abc-2"' }, 'holds'],
    [{ 'if-match': 'abc-2' }, 'holds'],
    [{ 'if-match': '*' }, 'holds'],
    [{ 'if-match': '"x", "abc-2"' }, 'holds'],
    [{ 'if-match': '"x"' }, 'PreconditionFailed'],
    [{ 'if-match': 'W/"abc-2"' }, 'PreconditionFailed'],
    [{ 'if-match': '' }, 'PreconditionFailed'],
    [{ 'if-none-match': '"abc-2"' }, 'not_modified'],
    [{ 'if-none-match': 'W/"abc-2"' }, 'not_modified'],
    [{ 'if-none-match': '*' }, 'not_modified'],
    [{ 'if-none-match': '"x"' }, 'holds'],
    [{ 'if-unmodified-since': SAME }, 'holds'],
    [{ 'if-unmodified-since': BEFORE }, 'PreconditionFailed'],
    [{ 'if-modified-since': SAME }, 'not_modified'],
    [{ 'if-modified-since': BEFORE }, 'holds'],
    [{ 'if-modified-since': 'yesterday' }, 'holds'],
    [{ 'if-unmodified-since': 'yesterday' }, 'holds'],
  ])('%j: %s', (headers, answer) => {
    expect(judge(headers)).toBe(answer);
  });

  it('let an ETag go before a date', () => {
    expect(judge({ 'if-match': 'abc-2', 'if-unmodified-since': BEFORE })).toBe('holds');
    expect(judge({ 'if-none-match': 'x', 'if-modified-since': SAME })).toBe('holds');
    expect(judge({ 'if-none-match': 'abc-2', 'if-modified-since': BEFORE })).toBe('not_modified');
    expect(judge({ 'if-match': 'x', 'if-none-match': 'abc-2' })).toBe('PreconditionFailed');
  });

  it('are those of the source on a copy, where all that does not hold is 412', () => {
    const copy = (headers: Record<string, string>) => word(judgeCopyConditions(headers, current));
    const prefixed = (name: string, value: string) => ({ [`x-amz-copy-source-${name}`]: value });
    expect(copy({ 'if-match': 'x' })).toBe('holds');
    expect(copy(prefixed('if-match', 'x'))).toBe('PreconditionFailed');
    expect(copy(prefixed('if-none-match', 'abc-2'))).toBe('PreconditionFailed');
    expect(copy(prefixed('if-modified-since', SAME))).toBe('PreconditionFailed');
    expect(copy(prefixed('if-unmodified-since', SAME))).toBe('holds');
  });
});

describe('conditions of writes', () => {
  it('are lists of tags, which have to be legible', () => {
    expect(readWriteConditions({})).toEqual({ ok: true, conditions: {} });
    expect(readWriteConditions({ 'if-none-match': '*' })).toEqual({
      ok: true,
      conditions: { ifNoneMatch: ['*'] },
    });
    expect(readWriteConditions({ 'if-match': '"a", b-2' })).toEqual({
      ok: true,
      conditions: { ifMatch: ['a', 'b-2'] },
    });
    for (const value of ['', '"', 'W/"a"', '"a" "b"', 'a,', '"*"']) {
      expect(word(readWriteConditions({ 'if-match': value }))).toBe('InvalidArgument');
      expect(word(readWriteConditions({ 'if-none-match': value }))).toBe('InvalidArgument');
    }
    expect(word(readWriteConditions({ 'if-unmodified-since': SAME }))).toBe('NotImplemented');
  });
});

describe('Range', () => {
  const read = (range: string, size = 10, more: Record<string, string> = {}) => {
    const answer = readObjectRange({ range, ...more }, size, current);
    return answer.ok ? answer.range : answer.code;
  };

  it('is one range, cut to the object', () => {
    expect(read('bytes=0-0')).toEqual({ start: 0, end: 1 });
    expect(read('bytes=2-99')).toEqual({ start: 2, end: 10 });
    expect(read('bytes=2-18446744073709551615')).toEqual({ start: 2, end: 10 });
    expect(read('bytes=7-')).toEqual({ start: 7, end: 10 });
    expect(read('bytes=-3')).toEqual({ start: 7, end: 10 });
    expect(read('bytes=-99')).toEqual({ start: 0, end: 10 });
  });

  it('gives the whole when it is several or none', () => {
    for (const range of ['bytes=0-1,3-4', 'bytes=5-2', 'bytes=a-b', 'lines=1-2', '', 'bytes=-']) {
      expect(read(range)).toBe(null);
    }
    expect(readObjectRange({}, 10, current)).toEqual({ ok: true, range: null });
  });

  it('is refused outside of the object', () => {
    expect(read('bytes=10-')).toBe('InvalidRange');
    expect(read('bytes=-0')).toBe('InvalidRange');
    expect(read('bytes=0-', 0)).toBe('InvalidRange');
    expect(read('bytes=-1', 0)).toBe('InvalidRange');
    expect(read('bytes=99999999999999999999-')).toBe('InvalidRange');
  });

  it('counts only while If-Range holds', () => {
    const range = { start: 0, end: 1 };
    expect(read('bytes=0-0', 10, { 'if-range': '"abc-2"' })).toEqual(range);
    expect(read('bytes=0-0', 10, { 'if-range': SAME })).toEqual(range);
    expect(read('bytes=0-0', 10, { 'if-range': '"x"' })).toBe(null);
    expect(read('bytes=0-0', 10, { 'if-range': '*' })).toBe(null);
    expect(read('bytes=0-0', 10, { 'if-range': BEFORE })).toBe(null);
  });

  it('lies within the object, whatever is asked for', () => {
    const text = fc.oneof(
      fc.string(),
      fc.tuple(fc.bigInt({ min: 0n }), fc.bigInt({ min: 0n })).map(([a, b]) => `bytes=${a}-${b}`),
      fc.bigInt({ min: 0n }).map((a) => `bytes=-${a}`),
    );
    fc.assert(
      fc.property(text, fc.nat(50), (value, size) => {
        const range = read(value, size);
        if (range === null || range === 'InvalidRange') return;
        if (typeof range === 'string') throw new Error(range);
        expect(range.start >= 0 && range.start < range.end && range.end <= size).toBe(true);
      }),
    );
  });

  it('of a copy has to lie within the source', () => {
    const copy = (range: string) => {
      const answer = readCopyRange({ 'x-amz-copy-source-range': range }, 10);
      return answer.ok ? answer.range : answer.code;
    };
    expect(copy('bytes=0-9')).toEqual({ start: 0, end: 10 });
    for (const range of [
      'bytes=0-10',
      'bytes=-5',
      'bytes=5-',
      'bytes=5-4',
      '0-9',
      'bytes=0-1,3-4',
    ]) {
      expect(copy(range)).toBe('InvalidArgument');
    }
    expect(readCopyRange({}, 10)).toEqual({ ok: true, range: null });
  });
});

describe('dates', () => {
  it('are read in all forms of HTTP', () => {
    const milliseconds = Date.parse('1994-11-06T08:49:37Z');
    for (const text of [
      'Sun, 06 Nov 1994 08:49:37 GMT',
      'Sunday, 06-Nov-94 08:49:37 GMT',
      'Sun Nov  6 08:49:37 1994',
      '1994-11-06T08:49:37.000Z',
    ]) {
      expect(readHttpDate(text)).toBe(milliseconds);
    }
  });

  it('are null when they are none, whatever they are', () => {
    for (const text of ['', '0', '2026', 'now', 'Sun, 99 Nov 1994 08:49:37 GMT']) {
      expect(readHttpDate(text)).toBe(null);
    }
    const nearly = fc.tuple(fc.constantFrom(BEFORE, '1994-11-06T08:49:37Z'), fc.nat(28), fc.nat(9));
    fc.assert(
      fc.property(nearly, ([text, at, digit]) => {
        const read = readHttpDate(text.slice(0, at) + String(digit) + text.slice(at + 1));
        expect(read === null || Number.isSafeInteger(read)).toBe(true);
      }),
    );
  });
});

describe('response overrides', () => {
  const read = (name: string, value: string, anonymous = false) =>
    readResponseOverrides([{ name, value }], anonymous);

  it('are headers for those who show a key', () => {
    expect(read('response-content-type', 'text/plain')).toEqual({
      ok: true,
      headers: new Map([['Content-Type', 'text/plain']]),
    });
    expect(read('response-x', 'a')).toEqual({ ok: true, headers: new Map() });
    expect(word(read('response-expires', 'a', true))).toBe('InvalidRequest');
  });

  it('never carry what no header can have', () => {
    for (const value of ['a\r\nSet-Cookie: b', 'é', '', '\0', 'a'.repeat(1025)]) {
      expect(word(read('response-content-disposition', value))).toBe('InvalidArgument');
    }
  });
});
