import type { NamePattern } from './log-entry.js';
import type { PrimaryTable, TableRule } from './ports.js';

/*
 * Names are `bucket/path`. A pattern may begin with the bucket `*`, which stands for any bucket:
 * exact `* /file1.txt`, prefix `* /nyc/` (without the blank).
 */

const ANY_BUCKET = '*/';

function pathOf(name: string): string {
  return name.slice(name.indexOf('/') + 1);
}

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

/**
 * The order in which rules are asked: exact before prefix, longer before shorter, a named bucket
 * before any bucket of the same length, the default last.
 */
function precedence(rule: TableRule): number {
  const { pattern } = rule;
  if (pattern.kind === 'default') return -1;
  const text = pattern.kind === 'exact' ? pattern.name : pattern.prefix;
  const named = text.startsWith(ANY_BUCKET) ? 0 : 1;
  return (pattern.kind === 'exact' ? 1e9 : 0) + text.length * 2 + named;
}

/** FNV-1a over UTF-16 units: how the default rule spreads names over its shards. */
export function nameHash(name: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < name.length; index += 1) {
    hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193) >>> 0;
  }
  return hash;
}

export function ruleFor(rules: readonly TableRule[], name: string): TableRule {
  let best: TableRule | undefined;
  for (const rule of rules) {
    if (rule.pattern.kind !== 'default' && !patternMatches(rule.pattern, name)) continue;
    if (best === undefined || precedence(rule) > precedence(best)) best = rule;
  }
  if (best === undefined) throw new Error('a primary table always has a default rule');
  return best;
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
