import type { LogEntry, Position } from '../../protocol/log-entry.js';
import {
  type HardState,
  INITIAL_HARD_STATE,
  type LogRead,
  type LogWrite,
  type OpenedLog,
  type ShardLog,
  type StorageFailure,
} from '../../protocol/ports.js';

type Done = (failure: StorageFailure | null) => void;

/** A log in memory, for tests. What was called back survives `reopen`, nothing else does. */
export class MemoryShardLog implements ShardLog {
  private base: Position = { epoch: 0, seq: 0 };
  private entries: LogEntry[] = [];
  private hardState: HardState = INITIAL_HARD_STATE;
  private run = 0;

  constructor(
    /** Runs the callback in a later turn, callbacks in the order they were given. */
    private readonly later: (callback: () => void) => void = queueMicrotask,
  ) {}

  write(write: LogWrite, done: Done): void {
    this.complete(() => {
      const { cutFrom } = write;
      if (cutFrom !== undefined) this.cut(cutFrom);
      for (const entry of write.entries) this.append(entry);
      if (write.hardState) this.hardState = write.hardState;
    }, done);
  }

  read(
    from: number,
    limit: { readonly entries: number; readonly bytes: number },
    done: (result: LogRead) => void,
  ): void {
    const { run } = this;
    this.later(() => {
      if (run === this.run) done(this.readNow(from, limit));
    });
  }

  trim(upToSeq: number): void {
    const last = this.entries.findLast((entry) => entry.seq <= upToSeq);
    if (!last) return;
    this.base = { epoch: last.epoch, seq: last.seq };
    this.entries = this.entries.filter((entry) => entry.seq > upToSeq);
  }

  reset(base: Position, hardState: HardState, done: Done): void {
    this.complete(() => {
      this.base = base;
      this.entries = [];
      this.hardState = hardState;
    }, done);
  }

  /** What the next run finds; nothing of the earlier run is called back after this. */
  reopen(): OpenedLog {
    this.run += 1;
    const { base, hardState } = this;
    return { base, entries: [...this.entries], hardState, tornBytes: 0 };
  }

  private complete(effect: () => void, done: Done): void {
    const { run } = this;
    this.later(() => {
      if (run !== this.run) return;
      effect();
      done(null);
    });
  }

  private cut(fromSeq: number): void {
    this.entries = this.entries.filter((entry) => entry.seq < fromSeq);
  }

  private append(entry: LogEntry): void {
    const next = (this.entries.at(-1)?.seq ?? this.base.seq) + 1;
    if (entry.seq !== next) throw new Error(`entry ${entry.seq} does not follow ${next - 1}`);
    this.entries.push(entry);
  }

  private readNow(
    from: number,
    limit: { readonly entries: number; readonly bytes: number },
  ): LogRead {
    if (from <= this.base.seq) {
      const message = `entries up to ${this.base.seq} are no longer in the log`;
      return { ok: false, reason: 'trimmed', message };
    }
    const found: LogEntry[] = [];
    let bytes = 0;
    for (const entry of this.entries) {
      if (entry.seq < from) continue;
      const { operation } = entry;
      const inline = operation.kind === 'put' && operation.content.kind === 'inline';
      bytes += 200 + (inline ? operation.content.size : 0);
      if (found.length > 0 && (found.length >= limit.entries || bytes > limit.bytes)) break;
      found.push(entry);
    }
    return { ok: true, entries: found };
  }
}
