import type { ShardLog } from '../../protocol/ports.js';
import type { ShardEvent } from '../../protocol/shard/effects.js';
import type { ShardState } from '../../protocol/shard/state.js';
import type { Counter, Histogram, MetricRegistry } from './metric-registry.js';

/** What one write waited for at its primary, in milliseconds. */
export interface WriteWaits {
  readonly diskMs: number | null;
  readonly quorumMs: number | null;
  readonly cachesMs: number | null;
}

interface Flight {
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly startMs: number;
  syncedMs: number | null;
  committedMs: number | null;
}

/** More writes to disk than can be under way or be asked about. */
const FLIGHTS_LIMIT = 4096;
const DONE_LIMIT = 256;

/**
 * Sees at one shard how long written entries took to be on this site's disk and on a quorum's. It
 * looks at the shard's state from outside, whenever something may have moved it.
 */
export class WriteWatch {
  private readonly underWay: Flight[] = [];
  private readonly done: Flight[] = [];
  private readonly disk: Histogram;
  private readonly quorum: Histogram;
  private readonly caches: Histogram;
  private readonly commits: Counter;

  constructor(
    registry: MetricRegistry,
    shard: string,
    private readonly state: () => ShardState | undefined,
    private readonly nowMs: () => number,
  ) {
    this.disk = registry.histogram('quorate_write_wait_seconds', 'disk');
    this.quorum = registry.histogram('quorate_write_wait_seconds', 'quorum');
    this.caches = registry.histogram('quorate_write_wait_seconds', 'caches');
    this.commits = registry.counter('quorate_commits_total', shard);
  }

  /** The same log, its writes watched while this site is the primary. */
  log(log: ShardLog): ShardLog {
    return {
      write: (write, done) => {
        const flight = this.begin(write.entries);
        log.write(write, (failure) => {
          if (flight !== null && failure === null) flight.syncedMs = this.nowMs();
          done(failure);
          this.look();
        });
      },
      reset: (base, hardState, done) => log.reset(base, hardState, done),
      read: (from, limit, done) => log.read(from, limit, done),
      trim: (upToSeq) => log.trim(upToSeq),
    };
  }

  /** Something may have committed. */
  look(): void {
    const { underWay } = this;
    if (underWay.length === 0) return;
    const state = this.state();
    if (state?.role.kind !== 'primary') {
      underWay.length = 0;
      return;
    }
    const nowMs = this.nowMs();
    let count = 0;
    for (const flight of underWay) {
      if (flight.lastSeq > state.commitSeq) break;
      flight.committedMs = nowMs;
      this.observe(flight);
      count += 1;
    }
    if (count > 0) underWay.splice(0, count);
  }

  note(event: ShardEvent): void {
    if (event.kind === 'write-passed') this.caches.observe(event.waitedMs / 1000);
  }

  /** Of an entry that was written here lately and has just been answered. */
  waits(seq: number): WriteWaits | null {
    this.look();
    const holds = ({ firstSeq, lastSeq }: Flight): boolean => firstSeq <= seq && seq <= lastSeq;
    const flight = this.done.findLast(holds) ?? this.underWay.find(holds);
    if (flight === undefined) return null;
    const { startMs, syncedMs, committedMs } = flight;
    return {
      diskMs: syncedMs === null ? null : syncedMs - startMs,
      quorumMs: committedMs === null ? null : committedMs - startMs,
      cachesMs: committedMs === null ? null : this.nowMs() - committedMs,
    };
  }

  private begin(entries: readonly { readonly seq: number }[]): Flight | null {
    const [first] = entries;
    const last = entries.at(-1);
    if (first === undefined || last === undefined) return null;
    if (this.state()?.role.kind !== 'primary' || this.underWay.length >= FLIGHTS_LIMIT) return null;
    const startMs = this.nowMs();
    const flight: Flight = {
      firstSeq: first.seq,
      lastSeq: last.seq,
      startMs,
      syncedMs: null,
      committedMs: null,
    };
    this.underWay.push(flight);
    return flight;
  }

  private observe(flight: Flight): void {
    const { firstSeq, lastSeq, startMs, syncedMs, committedMs } = flight;
    const writes = lastSeq - firstSeq + 1;
    this.commits.add(writes);
    if (syncedMs !== null) this.disk.observe((syncedMs - startMs) / 1000, writes);
    if (committedMs !== null) this.quorum.observe((committedMs - startMs) / 1000, writes);
    this.done.push(flight);
    if (this.done.length > DONE_LIMIT) this.done.shift();
  }
}
