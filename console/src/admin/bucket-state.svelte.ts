import { call, isFields } from '../api/http.ts';

export interface Settings {
  readonly versioning: string;
  readonly anonymousRead: boolean;
  readonly days: number | null;
  readonly versions: number | null;
  readonly cors: Cors;
}

/** What pages of other origins may do, as far as it can be shown in one line. */
export interface Cors {
  readonly origins: readonly string[];
  readonly mayWrite: boolean;
  /** More than one rule: shown together, and replaced by one when something is changed here. */
  readonly rules: number;
}

function readCors(value: unknown): Cors {
  const rules = Array.isArray(value) ? value.filter(isFields) : [];
  const texts = (key: string): string[] =>
    rules.flatMap((rule) => (Array.isArray(rule[key]) ? rule[key].map(String) : []));
  const mayWrite = texts('allowedMethods').some((method) => method !== 'GET' && method !== 'HEAD');
  return { origins: texts('allowedOrigins'), mayWrite, rules: rules.length };
}

/** The rule, or none, that lets pages of these origins read, or write too. */
export function corsRules(origins: string, mayWrite: boolean): readonly unknown[] {
  const allowedOrigins = origins.split(/[\s,]+/).filter((origin) => origin !== '');
  if (allowedOrigins.length === 0) return [];
  const allowedMethods = mayWrite ? ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'] : ['GET', 'HEAD'];
  const exposeHeaders = ['ETag', 'Quorate-Version'];
  const rule = { allowedOrigins, allowedMethods, allowedHeaders: ['*'], exposeHeaders };
  return [{ ...rule, maxAgeSeconds: 3600 }];
}

function readSettings(value: unknown): Settings | null {
  if (!isFields(value)) return null;
  const retention = isFields(value.retention) ? value.retention : {};
  const numberOf = (found: unknown): number | null => (typeof found === 'number' ? found : null);
  return {
    versioning: String(value.versioning),
    anonymousRead: value.anonymousRead === true,
    days: numberOf(retention.days),
    versions: numberOf(retention.versions),
    cors: readCors(value.cors),
  };
}

/** What is set for one bucket. */
export class BucketState {
  settings = $state.raw<Settings | null>(null);
  fault = $state<string | null>(null);
  /** Grows when a change is refused: fields show what holds again. */
  refusals = $state(0);
  private readonly path: string;

  constructor(readonly name: string) {
    this.path = `/v1/buckets/${encodeURIComponent(name)}`;
    void this.ask('GET');
  }

  change(change: unknown): Promise<void> {
    return this.ask('PATCH', change);
  }

  private async ask(method: string, change?: unknown): Promise<void> {
    const answer = await call(method, this.path, readSettings, change);
    if (answer.ok) this.settings = answer.value;
    else this.refusals += 1;
    this.fault = answer.ok ? null : answer.message;
  }
}
