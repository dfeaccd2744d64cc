import { call, isFields } from '../api/http.ts';

export interface Bucket {
  readonly name: string;
  readonly created: Date;
}

function readBuckets(value: unknown): readonly Bucket[] | null {
  if (!isFields(value) || !Array.isArray(value.buckets)) return null;
  return value.buckets.filter(isFields).map(({ name, created }) => ({
    name: String(name),
    created: new Date(String(created)),
  }));
}

/** All buckets, as they were when asked for. */
export class Buckets {
  list = $state.raw<readonly Bucket[] | null>(null);
  fault = $state<string | null>(null);

  constructor() {
    void this.load();
  }

  async load(): Promise<void> {
    const answer = await call('GET', '/v1/buckets', readBuckets);
    if (answer.ok) this.list = answer.value;
    this.fault = answer.ok ? null : answer.message;
  }
}
