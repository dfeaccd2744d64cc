import { call, type Fields, isFields } from '../api/http.ts';

const PATH = '/v1/shares';

export interface Share {
  readonly id: string;
  readonly ends: string;
  readonly note: string;
  readonly version: number | null;
  readonly hasPassword: boolean;
  /** As others open it. */
  readonly url: string;
}

export interface ShareWish {
  readonly seconds: number;
  readonly password: string;
  readonly version: number | null;
}

function shareOf(value: Fields): Share {
  return {
    id: String(value.id),
    ends: String(value.ends),
    note: String(value.note),
    version: typeof value.version === 'number' ? value.version : null,
    hasPassword: value.hasPassword === true,
    url: location.origin + String(value.path),
  };
}

function readShares(value: unknown): readonly Share[] | null {
  return isFields(value) && Array.isArray(value.shares)
    ? value.shares.filter(isFields).map(shareOf)
    : null;
}

/** The links to one file, or to one folder (its name ends in "/"). */
export class Shares {
  list = $state.raw<readonly Share[]>([]);
  fault = $state<string | null>(null);
  /** The one that was made last, while this is open. */
  made = $state.raw<Share | null>(null);
  busy = $state(false);

  constructor(readonly name: string) {
    void this.load();
  }

  async load(): Promise<void> {
    const answer = await call('GET', `${PATH}?name=${encodeURIComponent(this.name)}`, readShares);
    if (answer.ok) this.list = answer.value;
    this.fault = answer.ok ? null : answer.message;
  }

  async create({ seconds, password, version }: ShareWish): Promise<void> {
    this.busy = true;
    const wish = { name: this.name, seconds, version, password: password === '' ? null : password };
    const read = (value: unknown): Share | null => (isFields(value) ? shareOf(value) : null);
    const answer = await call('POST', PATH, read, wish);
    this.made = answer.ok ? answer.value : null;
    await this.load();
    if (!answer.ok) this.fault = answer.message;
    this.busy = false;
  }

  async revoke(id: string): Promise<void> {
    const answer = await call('DELETE', `${PATH}/${id}`, (value) => value ?? {});
    if (this.made?.id === id) this.made = null;
    await this.load();
    if (!answer.ok) this.fault = answer.message;
  }
}
