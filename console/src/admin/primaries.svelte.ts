import { call, type Fields, isFields } from '../api/http.ts';

const PATH = '/v1/primaries';

export interface Rule {
  readonly pattern: string;
  readonly sites: readonly string[];
}

export interface Tested {
  readonly name: string;
  readonly primary: string;
  readonly home: string;
  readonly rule: Rule;
}

function ruleOf(value: Fields): Rule {
  return {
    pattern: String(value.pattern),
    sites: Array.isArray(value.sites) ? value.sites.map(String) : [],
  };
}

function readRules(value: unknown): readonly Rule[] | null {
  if (!isFields(value) || !Array.isArray(value.rules)) return null;
  return value.rules.filter(isFields).map(ruleOf);
}

function readTested(value: unknown): Tested | null {
  if (!isFields(value) || !isFields(value.rule)) return null;
  const { name, primary, home, rule } = value;
  return { name: String(name), primary: String(primary), home: String(home), rule: ruleOf(rule) };
}

/** The primary table: which site is the home of which names. */
export class Primaries {
  rules = $state.raw<readonly Rule[]>([]);
  tested = $state.raw<Tested | null>(null);
  fault = $state<string | null>(null);

  constructor() {
    void this.load();
  }

  async load(): Promise<void> {
    const answer = await call('GET', PATH, readRules);
    if (answer.ok) this.rules = answer.value;
    this.fault = answer.ok ? null : answer.message;
  }

  async test(name: string): Promise<void> {
    const answer = await call('GET', `${PATH}?name=${encodeURIComponent(name)}`, readTested);
    this.tested = answer.ok ? answer.value : null;
    this.fault = answer.ok ? null : answer.message;
  }

  async set(pattern: string, site: string): Promise<void> {
    const answer = await call('PUT', PATH, readRules, { pattern, site });
    if (answer.ok) this.rules = answer.value;
    this.fault = answer.ok ? null : answer.message;
  }
}
