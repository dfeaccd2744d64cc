import type { TableRule } from './ports.js';

/*
 * Names are `bucket/path`. A pattern may begin with the bucket `*`, which stands for any bucket:
 * exact `* /file1.txt`, prefix `* /nyc/` (without the blank).
 */

export const ANY_BUCKET = '*/';

export function pathOf(name: string): string {
  return name.slice(name.indexOf('/') + 1);
}

/** The rules of a table, found by name in a time that hardly grows with how many there are. */
export class RuleIndex {
  private readonly exact = new Map<string, TableRule>();
  private readonly prefixes = new Map<string, TableRule>();
  /** Of the prefixes, the longest first. */
  private readonly lengths: readonly number[];
  private readonly otherwise: TableRule | undefined;

  constructor(rules: readonly TableRule[]) {
    let otherwise: TableRule | undefined;
    for (const rule of rules) {
      const { pattern } = rule;
      if (pattern.kind === 'exact') keepFirst(this.exact, pattern.name, rule);
      else if (pattern.kind === 'prefix') keepFirst(this.prefixes, pattern.prefix, rule);
      else otherwise ??= rule;
    }
    this.otherwise = otherwise;
    const lengths = new Set([...this.prefixes.keys()].map((prefix) => prefix.length));
    this.lengths = [...lengths].sort((a, b) => b - a);
  }

  /**
   * Exact before prefix, longer before shorter, a named bucket before any bucket of the same length,
   * the default last; undefined where there is none.
   */
  find(name: string): TableRule | undefined {
    const anywhere = ANY_BUCKET + pathOf(name);
    return this.exactRule(name, anywhere) ?? this.prefixRule(name, anywhere) ?? this.otherwise;
  }

  private exactRule(name: string, anywhere: string): TableRule | undefined {
    const named = this.exact.get(name);
    const general = this.exact.get(anywhere);
    if (named === undefined || general === undefined) return named ?? general;
    return name.length >= anywhere.length ? named : general;
  }

  private prefixRule(name: string, anywhere: string): TableRule | undefined {
    for (const length of this.lengths) {
      const named = this.prefixOf(name, length);
      // A shorter one is no pattern of any bucket, but begins like one.
      const rule =
        named ?? (length < ANY_BUCKET.length ? undefined : this.prefixOf(anywhere, length));
      if (rule !== undefined) return rule;
    }
    return undefined;
  }

  private prefixOf(text: string, length: number): TableRule | undefined {
    return text.length < length ? undefined : this.prefixes.get(text.slice(0, length));
  }
}

function keepFirst(rules: Map<string, TableRule>, text: string, rule: TableRule): void {
  if (!rules.has(text)) rules.set(text, rule);
}
