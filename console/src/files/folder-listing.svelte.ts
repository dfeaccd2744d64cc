import { store } from '../app/store.svelte.ts';
import type { FileChange } from '../api/sdk.ts';
import {
  byPath,
  comparison,
  fileRow,
  folderRow,
  lowerBound,
  type Row,
  type SortKey,
} from './row.ts';
import { changeRows } from './row-changes.ts';

const PAGE = 1000;
/** Changes are put into the list together, at most this often. */
const GATHER_MS = 120;

/**
 * One folder, or what in it begins with some text, a page at a time, and kept current by what the
 * site pushes. A folder of one page can be sorted; a longer one has the order of the store.
 */
export class FolderListing {
  loading = $state(true);
  fault = $state<string | null>(null);
  complete = $state(false);
  sortKey = $state<SortKey>('name');
  descending = $state(false);
  /** In the order of their paths. */
  private loaded = $state.raw<readonly Row[]>([]);
  /** All of it came with the first page. */
  private isShort = $state(false);
  readonly rows = $derived.by(() =>
    this.isShort ? this.loaded.toSorted(comparison(this.sortKey, this.descending)) : this.loaded,
  );
  private cursor: string | null = null;
  /** The last path that a page had, also if it is gone by now. */
  private readTo = '';
  private ended = false;
  private gathered: FileChange[] = [];
  private timer: number | null = null;

  constructor(
    readonly bucket: string,
    /** Ends in a slash, or is empty. */
    readonly folder: string,
    /** What the names in it have to begin with. */
    readonly search: string,
  ) {
    void this.open();
  }

  get sortable(): boolean {
    return this.isShort;
  }

  get prefix(): string {
    return this.folder + this.search;
  }

  close(): void {
    this.ended = true;
    if (this.timer !== null) clearTimeout(this.timer);
  }

  sortBy(key: SortKey): void {
    this.descending = key === this.sortKey ? !this.descending : key !== 'name';
    this.sortKey = key;
  }

  /** The next page, unless one is on its way or there is none. */
  async more(): Promise<void> {
    if (this.complete || this.ended || (this.loading && this.loaded.length > 0)) return;
    this.loading = true;
    const client = await store.client();
    const { cursor } = this;
    const page = await client.list(this.bucket, {
      prefix: this.prefix,
      delimiter: '/',
      limit: PAGE,
      ...(cursor !== null && { cursor }),
    });
    if (this.ended) return;
    this.loading = false;
    if (page.outcome === 'failed') {
      this.fault = page.message;
      return;
    }
    this.fault = null;
    const rows: Row[] = [...page.prefixes.map(folderRow), ...page.files.map(fileRow)];
    rows.sort(byPath);
    this.isShort = cursor === null && page.next === null;
    this.complete = page.next === null;
    this.cursor = page.next;
    // What comes is behind all that was read; only at the edge may both have the same.
    const fresh = rows.slice(lowerBound(rows, this.readTo));
    if (fresh[0]?.path === this.readTo) fresh.shift();
    this.readTo = rows.at(-1)?.path ?? this.readTo;
    this.loaded = this.loaded.concat(fresh);
  }

  private async open(): Promise<void> {
    // The feed begins before the first page is read, so that nothing falls in between.
    const client = await store.client();
    if (this.ended) return;
    void this.follow(client.watch(`${this.bucket}/${this.prefix}`));
    await this.more();
  }

  private async follow(
    feed: ReturnType<Awaited<ReturnType<typeof store.client>>['watch']>,
  ): Promise<void> {
    for await (const result of feed) {
      if (this.ended) break;
      if (result.outcome === 'ended') {
        if (result.reason === 'too_old') return this.reload();
        break;
      }
      if (result.changes.length > 0) this.gather(result.changes);
    }
  }

  private gather(changes: readonly FileChange[]): void {
    this.gathered.push(...changes);
    this.timer ??= window.setTimeout(() => {
      this.timer = null;
      const all = this.gathered;
      this.gathered = [];
      this.apply(all);
    }, GATHER_MS);
  }

  private apply(changes: readonly FileChange[]): void {
    const end = this.complete ? null : this.readTo;
    const { rows, doubtful } = changeRows(this.loaded, this.folder, end, changes);
    this.loaded = rows;
    for (const folder of doubtful) void this.lookAtFolder(folder);
  }

  /** Drops a folder that has nothing any more. */
  private async lookAtFolder(folder: string): Promise<void> {
    const client = await store.client();
    const page = await client.list(this.bucket, { prefix: folder, limit: 1 });
    if (this.ended || page.outcome === 'failed' || page.files.length > 0) return;
    this.loaded = this.loaded.filter(({ path }) => path !== folder);
  }

  private async reload(): Promise<void> {
    this.loaded = [];
    this.cursor = null;
    this.readTo = '';
    this.complete = false;
    await this.open();
  }
}
