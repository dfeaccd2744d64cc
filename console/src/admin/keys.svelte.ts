import { call, type Fields, isFields } from '../api/http.ts';

const PATH = '/v1/keys';

export interface Right {
  readonly buckets: string;
  readonly level: string;
}

export interface Key {
  readonly id: string;
  readonly note: string;
  readonly rights: readonly Right[];
}

function keyOf(value: Fields): Key {
  const rights = Array.isArray(value.rights) ? value.rights.filter(isFields) : [];
  return {
    id: String(value.id),
    note: String(value.note),
    rights: rights.map(({ buckets, level }) => ({
      buckets: String(buckets),
      level: String(level),
    })),
  };
}

function readKeys(value: unknown): readonly Key[] | null {
  return isFields(value) && Array.isArray(value.keys)
    ? value.keys.filter(isFields).map(keyOf)
    : null;
}

function readMade(value: unknown): { id: string; secret: string } | null {
  if (!isFields(value) || typeof value.secret !== 'string') return null;
  return { id: String(value.id), secret: value.secret };
}

/** Access keys, for this console, the HTTP API and S3 alike. */
export class Keys {
  list = $state.raw<readonly Key[]>([]);
  fault = $state<string | null>(null);
  /** The only time that its secret can be seen. */
  made = $state.raw<{ id: string; secret: string } | null>(null);

  constructor() {
    void this.load();
  }

  async load(): Promise<void> {
    const answer = await call('GET', PATH, readKeys);
    if (answer.ok) this.list = answer.value;
    this.fault = answer.ok ? null : answer.message;
  }

  async create(note: string, buckets: string, level: string): Promise<void> {
    const answer = await call('POST', PATH, readMade, { note, rights: [{ buckets, level }] });
    if (answer.ok) this.made = answer.value;
    await this.load();
    if (!answer.ok) this.fault = answer.message;
  }

  async revoke(id: string): Promise<void> {
    const answer = await call('DELETE', `${PATH}/${id}`, (value) => value ?? {});
    if (answer.ok && this.made?.id === id) this.made = null;
    await this.load();
    if (!answer.ok) this.fault = answer.message;
  }
}
