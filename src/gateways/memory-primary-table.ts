import type { PrimaryTable, TableRule } from './service-types.js';

export const INITIAL_MEMORY_RULES: readonly TableRule[] = [
  { pattern: { kind: 'exact', name: '*/file1.txt' }, shards: ['nyc'] },
  { pattern: { kind: 'exact', name: '*/file2.txt' }, shards: ['tor'] },
  { pattern: { kind: 'exact', name: '*/file3.txt' }, shards: ['lon'] },
  { pattern: { kind: 'default' }, shards: ['nyc', 'tor', 'lon'] },
];

/** The rule and shard of a name: exact rules first, then the longest prefix, then the default. */
export function ruleFor(table: PrimaryTable, name: string): { rule: TableRule; shard: string } {
  let best: TableRule | undefined;
  let bestWeight = -1;
  for (const rule of table.rules) {
    const weight = matchWeight(rule, name);
    if (weight > bestWeight) {
      best = rule;
      bestWeight = weight;
    }
  }
  if (!best) throw new Error('the table has no default rule');
  let hash = 0;
  for (const byte of Buffer.from(name)) hash = (hash * 31 + byte) >>> 0;
  return { rule: best, shard: best.shards[hash % best.shards.length]! };
}

/** The table with one more rule, in the place of an earlier one for the same pattern. */
export function withRule(table: PrimaryTable, pattern: string, shard: string): PrimaryTable {
  const rule: TableRule = {
    pattern:
      pattern.length > 1 && pattern.endsWith('*')
        ? { kind: 'prefix', prefix: pattern.slice(0, -1) }
        : { kind: 'exact', name: pattern },
    shards: [shard],
  };
  const same = JSON.stringify(rule.pattern);
  const others = table.rules.filter((other) => JSON.stringify(other.pattern) !== same);
  return { ...table, version: table.version + 1, rules: [rule, ...others] };
}

function matchWeight(rule: TableRule, name: string): number {
  const { pattern } = rule;
  if (pattern.kind === 'default') return 0;
  const wanted = pattern.kind === 'exact' ? pattern.name : pattern.prefix;
  const anyBucket = wanted.startsWith('*/');
  const subject = anyBucket ? `*${name.slice(name.indexOf('/'))}` : name;
  if (pattern.kind === 'exact') return subject === wanted ? (anyBucket ? 99_998 : 99_999) : -1;
  return subject.startsWith(wanted) ? wanted.length : -1;
}
