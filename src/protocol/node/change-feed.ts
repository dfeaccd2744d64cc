import type { Change } from '../client/messages.js';
import { nameOf, type LogEntry } from '../log-entry.js';
import type { ShardDrive } from '../shard-drive.js';
import { slice } from '../shard/log-tail.js';
import type { SiteNode } from './site-node.js';

/** The seq of each shard's last entry that was looked at. */
export type FeedPosition = ReadonlyMap<string, number>;

export interface FeedListener {
  /** In the order of each shard's log; `position` covers these and all before. May be empty. */
  changes(changes: readonly Change[], position: FeedPosition): void;
  /** The log does not reach back to where this feed stood: what lay between can not be told. */
  tooOld(): void;
}

const BATCH_ENTRIES = 256;
const BATCH_BYTES = 1024 * 1024;

/**
 * What happened to the files under a prefix, out of the logs themselves: every committed and released
 * change exactly once, in the order of its shard. It goes on at any site from where it stood at
 * another, because the logs are the same; it waits while this site is behind.
 */
export class ChangeFeed {
  private readonly position: Map<string, number>;
  private readonly reading = new Set<string>();
  private follows: { cancel(): void }[] = [];
  private open = true;

  /** `from`: null for what happens from now on; a shard it does not name begins now too. */
  constructor(
    private readonly node: SiteNode,
    private readonly prefix: string,
    from: FeedPosition | null,
    private readonly listener: FeedListener,
  ) {
    this.position = new Map(
      [...node.drives].map(([shard, drive]) => [shard, from?.get(shard) ?? drive.state.viewSeq]),
    );
  }

  /** Tells what there is, and from then on what comes. */
  start(): void {
    this.listener.changes([], this.position);
    for (const [shard, drive] of this.node.drives) {
      this.follows.push(this.node.follow(shard, () => this.look(shard, drive)));
      this.look(shard, drive);
    }
  }

  cancel(): void {
    this.open = false;
    for (const follow of this.follows) follow.cancel();
    this.follows = [];
  }

  /** Everything between where this feed stands and what the view shows. */
  private look(shard: string, drive: ShardDrive): void {
    while (this.open && drive.isReadable && !this.reading.has(shard)) {
      const at = this.position.get(shard) ?? 0;
      const { log, viewSeq } = drive.state;
      if (viewSeq <= at) return;
      if (at < log.before.seq) return this.read(shard, drive, at);
      const entries = slice(log, at + 1, Math.min(viewSeq, at + BATCH_ENTRIES));
      if (entries.length === 0) return;
      this.tell(shard, entries);
    }
  }

  /** What memory does not have any more. */
  private read(shard: string, drive: ShardDrive, at: number): void {
    this.reading.add(shard);
    drive.readLog(at + 1, { entries: BATCH_ENTRIES, bytes: BATCH_BYTES }, (result) => {
      this.reading.delete(shard);
      if (!this.open) return;
      if (!result.ok) {
        this.cancel();
        return this.listener.tooOld();
      }
      const { viewSeq } = drive.state;
      this.tell(
        shard,
        result.entries.filter(({ seq }) => seq <= viewSeq),
      );
      this.look(shard, drive);
    });
  }

  private tell(shard: string, entries: readonly LogEntry[]): void {
    const last = entries.at(-1);
    if (last === undefined) return;
    this.position.set(shard, last.seq);
    const changes = entries.flatMap((entry) => changeOf(entry, this.prefix) ?? []);
    if (changes.length > 0) this.listener.changes(changes, this.position);
  }
}

function changeOf(entry: LogEntry, prefix: string): Change | undefined {
  const name = nameOf(entry);
  const { operation, epoch, seq, atMs } = entry;
  if (name === undefined || !name.startsWith(prefix)) return undefined;
  if (operation.kind !== 'put' && operation.kind !== 'delete') return undefined;
  const { version } = operation;
  const isRestored = operation.kind === 'put' && operation.restored !== undefined;
  const kind = isRestored ? 'restore' : operation.kind;
  const content = operation.kind === 'put' ? operation.content : null;
  const size = content?.size ?? 0;
  return { kind, name, version, epoch, seq, size, etag: content?.etag ?? null, modifiedMs: atMs };
}
