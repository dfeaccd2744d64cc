import type { NamePattern } from './log-entry.js';
import type { PrimaryTable, TableRule } from './ports.js';
import { ANY_BUCKET, pathOf, RuleIndex } from './rule-index.js';

export function patternMatches(pattern: NamePattern, name: string): boolean {
  if (pattern.kind === 'exact') {
    return pattern.name.startsWith(ANY_BUCKET)
      ? pathOf(name) === pattern.name.slice(ANY_BUCKET.length)
      : name === pattern.name;
  }
  return pattern.prefix.startsWith(ANY_BUCKET)
    ? pathOf(name).startsWith(pattern.prefix.slice(ANY_BUCKET.length))
    : name.startsWith(pattern.prefix);
}

/** The text a pattern is written as: an exact name, or a prefix followed by `*`. */
export function patternText(pattern: NamePattern): string {
  return pattern.kind === 'exact' ? pattern.name : `${pattern.prefix}*`;
}

export function parsePattern(text: string): NamePattern {
  return text.endsWith('*') && text !== '*/'
    ? { kind: 'prefix', prefix: text.slice(0, -1) }
    : { kind: 'exact', name: text };
}

/** FNV-1a over UTF-16 units: how the default rule spreads names over its shards. */
export function nameHash(name: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < name.length; index += 1) {
    hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193) >>> 0;
  }
  return hash;
}

/** Tables are asked for every request, and seldom change. */
const indexes = new WeakMap<readonly TableRule[], RuleIndex>();

/**
 * Exact rules are asked before prefixes, longer patterns before shorter ones, those of a bucket before
 * those of any bucket of the same length, the default last.
 */
export function ruleFor(rules: readonly TableRule[], name: string): TableRule {
  let index = indexes.get(rules);
  if (index === undefined) {
    index = new RuleIndex(rules);
    indexes.set(rules, index);
  }
  const rule = index.find(name);
  if (rule === undefined) throw new Error('a primary table always has a default rule');
  return rule;
}

export function shardOf(rules: readonly TableRule[], name: string): string {
  const { shards } = ruleFor(rules, name);
  const shard = shards.length === 1 ? shards[0] : shards[nameHash(name) % shards.length];
  if (shard === undefined) throw new Error('a rule of the primary table names at least one shard');
  return shard;
}

function samePattern(a: TableRule['pattern'], b: TableRule['pattern']): boolean {
  if (a.kind === 'exact') return b.kind === 'exact' && a.name === b.name;
  if (a.kind === 'prefix') return b.kind === 'prefix' && a.prefix === b.prefix;
  return b.kind === 'default';
}

/** The rules with one added, or the one of the same pattern replaced. */
export function withRule(rules: readonly TableRule[], rule: TableRule): readonly TableRule[] {
  return [...rules.filter((other) => !samePattern(other.pattern, rule.pattern)), rule];
}

/** What is wrong with a table, or null. */
export function tableFault(table: PrimaryTable, shards: readonly string[]): string | null {
  if (!table.rules.some((rule) => rule.pattern.kind === 'default')) return 'no default rule';
  for (const rule of table.rules) {
    if (rule.shards.length === 0) return 'a rule names no shard';
    const unknown = rule.shards.find((shard) => !shards.includes(shard));
    if (unknown !== undefined) return `a rule names the unknown shard ${unknown}`;
  }
  return null;
}
