import { describe, expect, it } from 'vitest';
import { readToken, writeToken } from './position-token.js';
import { checkBucketName, checkFileName, readPattern } from './site-names.js';

describe('names', () => {
  it('takes a bucket and any bytes that are UTF-8 without NUL', () => {
    for (const name of ['abc/x', 'a.b-c9/./../', `abc/${'ä'.repeat(512)}`, 'abc//', 'abc/𝒳']) {
      expect(checkFileName(name)).toEqual({ ok: true });
    }
  });

  it('refuses what is none', () => {
    const long = `abc/${'ä'.repeat(512)}x`;
    for (const name of ['', 'abc', 'abc/', '/x', 'ab/x', 'Abc/x', long, 'abc/\0', 'abc/\udc00']) {
      expect(checkFileName(name).ok).toBe(false);
    }
    for (const bucket of ['.system', '-ab', 'ab.', 'a'.repeat(64), 'a_b']) {
      expect(checkBucketName(bucket).ok).toBe(false);
    }
  });

  it('reads the patterns of rules', () => {
    expect(readPattern('docs/a')).toEqual({
      ok: true,
      pattern: { kind: 'exact', name: 'docs/a' },
    });
    expect(readPattern('*/a*')).toEqual({
      ok: true,
      pattern: { kind: 'prefix', prefix: '*/a' },
    });
    expect(readPattern('docs/*')).toEqual({
      ok: true,
      pattern: { kind: 'prefix', prefix: 'docs/' },
    });
    for (const text of ['', '*', 'docs*', 'docs/', '.system/*', '*/', 'docs/a\0']) {
      expect(readPattern(text).ok).toBe(false);
    }
  });
});

describe('position tokens', () => {
  it('say what they said', () => {
    const seqs = new Map([
      ['lon', 3],
      ['nyc', 0],
    ]);
    expect(writeToken(seqs)).toBe('v1.lon:3,nyc:0');
    expect(readToken(writeToken(seqs))).toEqual(seqs);
    expect(readToken(writeToken(new Map()))).toEqual(new Map());
  });

  it('are refused when no site made them', () => {
    for (const text of ['', 'v1', 'v1.nyc', 'v1.nyc:x', 'v1.nyc:1,', 'v1.nyc:9999999999999999']) {
      expect(readToken(text)).toBeNull();
    }
  });
});
