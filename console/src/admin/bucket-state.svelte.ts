import { call, isFields } from '../api/http.ts';

export interface Settings {
  readonly versioning: string;
  readonly anonymousRead: boolean;
  readonly days: number | null;
  readonly versions: number | null;
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
  };
}

/** What is set for one bucket. */
export class BucketState {
  settings = $state.raw<Settings | null>(null);
  fault = $state<string | null>(null);
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
    this.fault = answer.ok ? null : answer.message;
  }
}
