import { expect, it } from 'vitest';
import type { TableRule } from './ports.js';
import { parsePattern, patternMatches, ruleFor } from './primary-table.js';

/** By asking every rule: what the index has to find, too. */
function askedOneByOne(rules: readonly TableRule[], name: string): TableRule | undefined {
  const weight = ({ pattern }: TableRule): number => {
    if (pattern.kind === 'default') return -1;
    const text = pattern.kind === 'exact' ? pattern.name : pattern.prefix;
    return (pattern.kind === 'exact' ? 1e9 : 0) + 2 * text.length + (text.startsWith('*/') ? 0 : 1);
  };
  let best: TableRule | undefined;
  for (const rule of rules) {
    if (rule.pattern.kind !== 'default' && !patternMatches(rule.pattern, name)) continue;
    if (best === undefined || weight(rule) > weight(best)) best = rule;
  }
  return best;
}

/** Every text of up to this many of these characters. */
function textsOf(characters: readonly string[], longest: number): string[] {
  let texts = [''];
  const all = [''];
  for (let length = 1; length <= longest; length += 1) {
    texts = texts.flatMap((text) => characters.map((character) => text + character));
    all.push(...texts);
  }
  return all;
}

it('finds what asking every rule would, whatever the table and the name', () => {
  const names = textsOf(['a', 'b', '/'], 5);
  const patterns = textsOf(['a', '/', '*'], 4).filter((text) => text !== '');
  // Every table has another part of the patterns, in another order; some patterns are in it twice.
  for (let step = 1; step <= 24; step += 1) {
    const rules: TableRule[] = [{ pattern: { kind: 'default' }, shards: ['rest'] }];
    for (let at = step; at < patterns.length * 2; at += 1 + ((at * step) % 17)) {
      const text = patterns[(at * 7) % patterns.length] ?? '';
      rules.push({ pattern: parsePattern(text), shards: [`${at}`] });
    }
    for (const name of names)
      expect([name, ruleFor(rules, name)]).toEqual([name, askedOneByOne(rules, name)]);
  }
});
