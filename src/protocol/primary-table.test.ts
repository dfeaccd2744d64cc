import { describe, expect, it } from 'vitest';
import type { PrimaryTable, TableRule } from './ports.js';
import {
  nameHash,
  parsePattern,
  patternMatches,
  patternText,
  ruleFor,
  shardOf,
  tableFault,
  withRule,
} from './primary-table.js';

const SPREAD: TableRule = { pattern: { kind: 'default' }, shards: ['nyc', 'tor', 'lon'] };

function rule(text: string, ...shards: string[]): TableRule {
  return { pattern: parsePattern(text), shards };
}

describe('patterns', () => {
  it.each([
    ['b/f', 'b/f', true],
    ['b/f', 'b/ff', false],
    ['b/f', 'c/f', false],
    ['*/f', 'b/f', true],
    ['*/f', 'b/x/f', false],
    ['*/x/f', 'b/x/f', true],
    ['b/*', 'b/f', true],
    ['b/*', 'bb/f', false],
    ['b/x*', 'b/xy', true],
    ['*/x/*', 'b/x/f', true],
    ['*/x/*', 'b/y/x/f', false],
    ['*', 'b/f', true],
  ])('%s speaks of %s: %s', (pattern, name, matches) => {
    expect(patternMatches(parsePattern(pattern), name)).toBe(matches);
  });

  it('are written as they are read', () => {
    for (const text of ['b/f', '*/f', 'b/*', 'b/x*', '*/x/*', '*']) {
      expect(patternText(parsePattern(text))).toBe(text);
    }
  });
});

describe('rules', () => {
  const rules = [
    SPREAD,
    rule('b/*', 'short'),
    rule('b/x/*', 'long'),
    rule('*/x/f', 'anywhere'),
    rule('b/x/f', 'here'),
  ];

  it('are asked exact first, then the longest prefix, then the default, in whatever order', () => {
    for (const table of [rules, [...rules].reverse()]) {
      expect(shardOf(table, 'b/x/f')).toBe('here');
      expect(shardOf(table, 'c/x/f')).toBe('anywhere');
      expect(shardOf(table, 'b/x/g')).toBe('long');
      expect(shardOf(table, 'b/g')).toBe('short');
      expect(ruleFor(table, 'c/g')).toBe(SPREAD);
    }
  });

  it('spread what no rule names over the shards by its hash, always the same', () => {
    const counts = new Map<string, number>();
    for (let index = 0; index < 3000; index += 1) {
      const shard = shardOf([SPREAD], `b/file-${index}`);
      counts.set(shard, (counts.get(shard) ?? 0) + 1);
    }
    for (const shard of SPREAD.shards) expect(counts.get(shard)).toBeGreaterThan(800);
    expect(nameHash('')).toBe(0x811c9dc5);
    expect(nameHash('a')).toBe(0xe40c292c);
  });

  it('replace the one of the same pattern', () => {
    const changed = withRule(rules, rule('b/*', 'other'));
    expect(changed).toHaveLength(rules.length);
    expect(shardOf(changed, 'b/g')).toBe('other');
    const spread = withRule(rules, { pattern: { kind: 'default' }, shards: ['one'] });
    expect(shardOf(spread, 'c/g')).toBe('one');
  });

  it('are refused with what is wrong', () => {
    const table = (...of: TableRule[]): PrimaryTable => ({ version: 1, rules: of, pending: null });
    expect(tableFault(table(SPREAD), SPREAD.shards)).toBeNull();
    expect(tableFault(table(rule('b/*', 'nyc')), SPREAD.shards)).toBe('no default rule');
    expect(tableFault(table(SPREAD, rule('b/*')), SPREAD.shards)).toBe('a rule names no shard');
    expect(tableFault(table(SPREAD, rule('b/*', 'par')), SPREAD.shards)).toContain('par');
  });

  it('cannot do without a default', () => {
    expect(() => shardOf([], 'b/f')).toThrow('default');
  });
});
