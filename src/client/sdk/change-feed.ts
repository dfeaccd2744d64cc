import type { Change, WatchEnd } from '../../protocol/client/messages.js';
import type { Machine } from './machine.js';

/** Changes that wait for a slow reader; beyond, the feed is left, and taken up again later. */
const BACKLOG_LIMIT = 10_000;

/** A change of a file that has committed. */
export interface FileChange {
  /** `restore`: an old version was made the newest. */
  readonly kind: 'put' | 'delete' | 'restore';
  readonly name: string;
  readonly version: number;
  readonly size: number;
  /** null for a deletion. */
  readonly etag: string | null;
  readonly modified: Date;
}

/** What a change feed gives. `cursor`: where it stands then; a later `watch` goes on from there. */
export type WatchResult =
  | {
      readonly outcome: 'changed';
      readonly changes: readonly FileChange[];
      readonly cursor: string;
    }
  /**
   * The last one. `too_old`: changes since the cursor may have been missed, read what you need anew;
   * `invalid_cursor`, `overloaded`, `closed`.
   */
  | { readonly outcome: 'ended'; readonly reason: WatchEnd | 'closed' };

/** The changes of names with a prefix: in the order of each file's versions, and without gaps. */
export class ChangeFeed {
  private readonly told: WatchResult[] = [];
  private backlog = 0;
  private cancel: (() => void) | null = null;
  private wake: (() => void) | null = null;
  private isOver = false;

  constructor(
    private readonly machine: Machine,
    private readonly prefix: string,
    private cursor: string | null,
    private readonly left: (feed: ChangeFeed) => void,
  ) {
    this.follow();
  }

  async *results(): AsyncGenerator<WatchResult, void, void> {
    try {
      for (;;) {
        const result = this.told.shift();
        if (result !== undefined) {
          if (result.outcome === 'changed') this.backlog -= result.changes.length;
          yield result;
          if (result.outcome === 'ended') return;
          continue;
        }
        if (this.cancel === null && !this.isOver) this.follow();
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
      }
    } finally {
      this.stop();
      this.left(this);
    }
  }

  end(reason: WatchEnd | 'closed'): void {
    if (this.isOver) return;
    this.isOver = true;
    this.stop();
    this.tell({ outcome: 'ended', reason });
  }

  private follow(): void {
    this.cancel = this.machine.watch(this.prefix, this.cursor, {
      changes: (changes, cursor) => this.take(changes, cursor),
      ended: (reason) => this.end(reason),
    });
  }

  private take(changes: readonly Change[], cursor: string): void {
    this.cursor = cursor;
    this.backlog += changes.length;
    this.tell({ outcome: 'changed', changes: changes.map(shown), cursor });
    if (this.backlog > BACKLOG_LIMIT) this.stop();
  }

  private stop(): void {
    this.cancel?.();
    this.cancel = null;
  }

  private tell(result: WatchResult): void {
    this.told.push(result);
    this.wake?.();
    this.wake = null;
  }
}

function shown({ kind, name, version, size, etag, modifiedMs }: Change): FileChange {
  const tag = etag === null ? null : `b3-${etag}`;
  return { kind, name, version, size, etag: tag, modified: new Date(modifiedMs) };
}
