import { describe, expect, it } from 'vitest';
import {
  type AccessRight,
  permits,
  permitsFile,
  permitsName,
  permitsNames,
  permitsPrefix,
  permitsSome,
  rightsFault,
} from './rights.js';

const right = (buckets: string, level: AccessRight['level']): AccessRight => ({ buckets, level });

describe('a right', () => {
  const rights = [
    right('docs', 'read'),
    right('docs/reports/*', 'write'),
    right('docs/plan.txt', 'owner'),
    right('tmp-*', 'write'),
  ];

  it('for a bucket is for every file of it, and for no other bucket', () => {
    expect(permits(rights, 'docs', 'read')).toBe(true);
    expect(permitsFile(rights, 'docs', 'any/file', 'read')).toBe(true);
    expect(permitsFile(rights, 'docs2', 'any/file', 'read')).toBe(false);
    expect(permitsFile(rights, 'docs', 'any/file', 'write')).toBe(false);
  });

  it('for a prefix is for the names that begin so, byte for byte', () => {
    expect(permitsFile(rights, 'docs', 'reports/x', 'write')).toBe(true);
    for (const path of ['reports', 'reportsx', 'Reports/x', './reports/x', 'a/../reports/x']) {
      expect(permitsFile(rights, 'docs', path, 'write')).toBe(false);
    }
    expect(permitsFile(rights, 'tmp-1', 'reports/x', 'write')).toBe(true);
    expect(permitsFile([right('docs/reports/*', 'read')], 'other', 'reports/x', 'read')).toBe(
      false,
    );
  });

  it('for one file is for that file alone', () => {
    expect(permitsFile(rights, 'docs', 'plan.txt', 'owner')).toBe(true);
    expect(permitsName(rights, 'docs/plan.txt', 'owner')).toBe(true);
    expect(permitsFile(rights, 'docs', 'plan.txt2', 'owner')).toBe(false);
    expect(permitsPrefix(rights, 'docs', 'plan.txt', 'owner')).toBe(false);
  });

  it('lets be listed what lies wholly within it', () => {
    const only = [right('docs/reports/*', 'read')];
    expect(permitsPrefix(only, 'docs', 'reports/', 'read')).toBe(true);
    expect(permitsPrefix(only, 'docs', 'reports/2026', 'read')).toBe(true);
    expect(permitsPrefix(only, 'docs', 'reports', 'read')).toBe(false);
    expect(permitsPrefix(only, 'docs', '', 'read')).toBe(false);
    expect(permits(only, 'docs', 'read')).toBe(false);
    expect(permitsSome(only, 'docs', 'read')).toBe(true);
    expect(permitsSome(only, 'doc', 'read')).toBe(false);
  });

  it('lets be followed what lies wholly within it, across buckets too', () => {
    const mixed = [right('tmp-*', 'read'), right('docs', 'read'), right('docs/a/*', 'write')];
    expect(permitsNames(mixed, 'tmp-', 'read')).toBe(true);
    expect(permitsNames(mixed, 'tmp-1/x', 'read')).toBe(true);
    expect(permitsNames(mixed, 'docs/', 'read')).toBe(true);
    expect(permitsNames(mixed, 'docs', 'read')).toBe(false);
    expect(permitsNames(mixed, '', 'read')).toBe(false);
    expect(permitsNames([right('*', 'read')], '', 'read')).toBe(true);
    expect(permitsNames(mixed, 'docs/a/b', 'write')).toBe(true);
  });
});

describe('what a right may be for', () => {
  it.each(['docs', 'tmp-*', '*', 'docs/*', 'docs/reports/*', 'docs/a b/ü', 'docs/..'])(
    'may be %s',
    (buckets) => expect(rightsFault([right(buckets, 'read')])).toBeNull(),
  );
  it.each(['', 'A', '*a', 'docs/', '*/x', 'tmp-*/x', '/x', 'docs/\0', `docs/${'x'.repeat(1025)}`])(
    'may not be %j',
    (buckets) => expect(rightsFault([right(buckets, 'read')])).toContain('is none of'),
  );
  it('is limited in number and in length', () => {
    expect(rightsFault(Array.from({ length: 101 }, () => right('a', 'read')))).toContain('100');
    const long = Array.from({ length: 20 }, (_, i) =>
      right(`docs/${i}${'x'.repeat(1000)}`, 'read'),
    );
    expect(rightsFault(long)).toContain('bytes');
  });
});
