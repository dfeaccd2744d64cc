import { store } from '../app/store.svelte.ts';
import { call, isFields } from '../api/http.ts';
import { type FileInfo, filePath } from '../api/sdk.ts';

export type FileVersionInfo = FileInfo & { readonly deleted: boolean };

/** Which rule of the primary table a file has, and which site acts for it. */
export interface FilePrimary {
  readonly home: string;
  readonly primary: string;
  readonly rule: string;
}

const HISTORY_LIMIT = 200;

function readPrimary(value: unknown): FilePrimary | null {
  if (!isFields(value) || !isFields(value.rule)) return null;
  const { home, primary, rule } = value;
  return { home: String(home), primary: String(primary), rule: String(rule.pattern) };
}

/** One file: its versions and primary, kept current by what the site pushes. */
export class FileState {
  versions = $state.raw<readonly FileVersionInfo[] | null>(null);
  primary = $state.raw<FilePrimary | null>(null);
  fault = $state<string | null>(null);
  /** The newest version; null if it is deleted or never was. */
  readonly head = $derived.by(() => {
    const first = this.versions?.[0];
    return first === undefined || first.deleted ? null : first;
  });
  private ended = false;

  constructor(readonly name: string) {
    void this.follow();
  }

  close(): void {
    this.ended = true;
  }

  async load(): Promise<void> {
    const client = await store.client();
    const [history, primary] = await Promise.all([
      client.history(this.name, { limit: HISTORY_LIMIT }),
      call('GET', `/v1/primaries?name=${encodeURIComponent(this.name)}`, readPrimary),
    ]);
    if (this.ended) return;
    if (primary.ok) this.primary = primary.value;
    if (history.outcome === 'listed') {
      this.fault = null;
      this.versions = history.versions;
    } else if (history.reason === 'no_such_file') {
      this.versions = [];
    } else {
      this.fault = history.message;
    }
  }

  private async follow(): Promise<void> {
    const client = await store.client();
    const feed = client.watch(this.name);
    void this.load();
    for await (const result of feed) {
      if (this.ended || result.outcome === 'ended') break;
      if (result.changes.some(({ name }) => name === this.name)) await this.load();
    }
  }
}

/** Where a version's content is. */
export function contentUrl(name: string, version: number): string {
  return `${filePath(name)}?version=${version}`;
}
