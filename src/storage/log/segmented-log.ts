import type { LogEntry, Position } from '../../protocol/log-entry.js';
import type {
  HardState,
  LogRead,
  LogWrite,
  OpenedLog,
  ShardLog,
  StorageFailure,
} from '../../protocol/ports.js';
import { ByteArena } from '../byte-arena.js';
import { storageFailureOf } from '../storage-failure.js';
import type { PlacedContent } from '../content-place.js';
import type { EntryPlaces } from './entry-places.js';
import { EpochStarts } from './epoch-starts.js';
import { type IdleTimer, realIdleTimer } from './idle-timer.js';
import type { KeptSegments } from './kept-segments.js';
import { type LogFiles, nodeLogFiles, writeFully } from './log-files.js';
import { LogReader } from './log-reader.js';
import type { LogReplay } from './log-replay.js';
import { type RecoveredLog, recoverLog } from './log-recovery.js';
import { encodeMarker, encodeRecord, encodeWrite, RecordType } from './record.js';
import type { RunIndex } from './run-index.js';
import { segmentSalt } from './segment-header.js';
import { SegmentSet } from './segment-set.js';

/** One write of a log to its disk, fsync included. */
export interface LogSync {
  readonly tookMs: number;
  /** What it made durable. */
  readonly writes: number;
  readonly bytes: number;
}

export interface ShardLogOptions {
  readonly shard: string;
  /** A segment takes no further batch once it has this many bytes. Default 16 MiB. */
  readonly segmentBytes?: number;
  /**
   * Keep the intact beginning of a damaged log and write on from there. The caller first makes sure
   * that the replica declares itself new. Default false: a damaged log takes no write but `reset`.
   */
  readonly acceptDamage?: boolean;
  /**
   * Entries below this seq are not given at the opening, because the view shows them durably. They
   * stay in the log. Default 0.
   */
  readonly shownSeq?: number;
  /** False for names whose content the view keeps itself. Default: for none. */
  readonly leaves?: (name: string) => boolean;
  readonly files?: LogFiles;
  readonly idleTimer?: IdleTimer;
  /** Told after each fsync of writes. */
  readonly synced?: (sync: LogSync) => void;
}

/** The log on a real disk. */
export interface SegmentedShardLog extends ShardLog {
  /** For the view of the same shard. */
  readonly content: PlacedContent;
  /** What the log has done with and the view may still name. */
  readonly kept: KeptSegments;
  /** Bytes of writes that have not been called back. The caller keeps it below 256 MiB or so. */
  backlogBytes(): number;
  /** Entries up to this seq were trimmed, or were never here. */
  keptAfterSeq(): number;
  /** Bytes of all segments on disk. */
  sizeBytes(): number;
  /** Ends after the batch under way; what still waits is dropped, nothing is called back. */
  close(): Promise<void>;
}

type Done = (failure: StorageFailure | null) => void;

interface QueuedWrite {
  readonly kind: 'write';
  readonly write: LogWrite;
  /** Epoch of the entry that will be the last one after the cut. */
  readonly epochBeforeCut: number;
  readonly estimatedBytes: number;
  readonly done: Done;
}

interface QueuedReset {
  readonly kind: 'reset';
  readonly base: Position;
  readonly hardState: HardState;
  readonly done: Done;
}

interface QueuedTrim {
  readonly kind: 'trim';
  readonly upToSeq: number;
}

type Queued = QueuedWrite | QueuedReset | QueuedTrim;

const SEGMENT_BYTES = 16 * 1024 * 1024;
/** One batch takes no further write once it is this long. */
const BATCH_BYTES = 4 * 1024 * 1024;
/** Memory that stays with a log for encoding its batches. */
const ARENA_BYTES = 1024 * 1024;
const IDLE_MARKER_MS = 5;

/**
 * Opens or makes the log in a folder of its own. Rejects with LogRefused for a foreign log and with
 * the system's error when the disk cannot be read.
 */
export async function openShardLog(
  folder: string,
  options: ShardLogOptions,
): Promise<{ readonly log: SegmentedShardLog; readonly opened: OpenedLog }> {
  const files = options.files ?? nodeLogFiles;
  const accept = options.acceptDamage ?? false;
  const recovered = await recoverLog(folder, files, accept, options);
  const log = new SegmentedLog(folder, options, files, recovered, accept);
  await log.prepare();
  return { log, opened: recovered.opened };
}

/** Where entries were left out, epochs are known from the first given one on: none is cut below. */
function epochsOf({ base, entries, end }: LogReplay): EpochStarts {
  const [first, ...rest] = entries;
  if (first === undefined) return new EpochStarts(end, []);
  if (first.seq === base.seq + 1) return new EpochStarts(base, entries);
  return new EpochStarts({ epoch: first.epoch, seq: first.seq }, rest);
}

function contentOf(entry: LogEntry | undefined): Uint8Array | undefined {
  const { operation } = entry ?? {};
  const content = operation?.kind === 'put' ? operation.content : undefined;
  return content?.kind === 'inline' ? content.bytes : undefined;
}

class SegmentedLog implements SegmentedShardLog {
  private readonly segments: SegmentSet;
  private readonly asked: EpochStarts;
  private readonly runs: RunIndex;
  private readonly reader: LogReader;
  private readonly places: EntryPlaces;
  readonly kept: KeptSegments;
  readonly content: PlacedContent;
  /** Holds the batch that is being written. */
  private readonly arena = new ByteArena(ARENA_BYTES);
  private queue: Queued[] = [];
  private queuedBytes = 0;
  private working: Promise<void> | null = null;
  private failure: StorageFailure | null = null;
  private closed = false;
  private idle: { cancel(): void } | null = null;
  /** What is on disk, for the header of the next segment. */
  private durableEnd: Position;
  private hardState: HardState;
  private baseSeq: number;
  private readonly segmentBytes: number;
  private readonly timer: IdleTimer;

  constructor(
    folder: string,
    private readonly options: ShardLogOptions,
    files: LogFiles,
    recovered: RecoveredLog,
    acceptDamage: boolean,
  ) {
    const { replay, opened, kept } = recovered;
    const { places } = replay;
    this.places = places;
    this.kept = kept;
    this.content = {
      take: (entry) => places.take(entry),
      read: (place, entry) => contentOf(kept.read(place, entry)),
    };
    this.segments = new SegmentSet(folder, options.shard, files, recovered, (index) =>
      places.mayBeNamed(index),
    );
    this.asked = epochsOf(replay);
    this.runs = replay.runs;
    this.hardState = replay.hardState;
    this.durableEnd = replay.end;
    this.baseSeq = replay.base.seq;
    this.segmentBytes = options.segmentBytes ?? SEGMENT_BYTES;
    this.timer = options.idleTimer ?? realIdleTimer;
    replay.entries = [];
    this.reader = new LogReader(this.runs, options.shard, (index) => this.segments.at(index)?.file);
    if (opened.damagedFrom !== undefined && !acceptDamage) {
      const message = `the log of shard ${options.shard} is damaged from seq ${opened.damagedFrom}`;
      this.failure = { kind: 'damaged', message };
    }
  }

  /** Makes the first segment of a new log. */
  async prepare(): Promise<void> {
    if (this.failure || this.segments.count() > 0) return;
    await this.segments.add(true, this.durableEnd, this.hardState);
  }

  write(write: LogWrite, done: Done): void {
    const { cutFrom, entries } = write;
    if (cutFrom !== undefined) this.asked.cut(cutFrom);
    const epochBeforeCut = this.asked.end.epoch;
    for (const entry of entries) this.asked.append(entry);
    const estimatedBytes = entries.reduce((sum, entry) => {
      const { operation } = entry;
      const inline = operation.kind === 'put' && operation.content.kind === 'inline';
      return sum + 200 + (inline ? operation.content.size : 0);
    }, 100);
    this.queuedBytes += estimatedBytes;
    this.enqueue({ kind: 'write', write, epochBeforeCut, estimatedBytes, done });
  }

  read(
    from: number,
    limit: { readonly entries: number; readonly bytes: number },
    done: (result: LogRead) => void,
  ): void {
    const finish = (result: LogRead) => {
      if (!this.closed) done(result);
    };
    if (from <= this.baseSeq) {
      const message = `entries up to ${this.baseSeq} are no longer in the log`;
      process.nextTick(finish, { ok: false, reason: 'trimmed', message });
      return;
    }
    void this.reader.read(from, limit).then(finish);
  }

  trim(upToSeq: number): void {
    if (this.segments.count() > 1) this.enqueue({ kind: 'trim', upToSeq });
  }

  reset(base: Position, hardState: HardState, done: Done): void {
    this.asked.restart(base);
    this.enqueue({ kind: 'reset', base, hardState, done });
  }

  keptAfterSeq(): number {
    return this.baseSeq;
  }

  backlogBytes(): number {
    return this.queuedBytes;
  }

  sizeBytes(): number {
    return this.segments.sizeBytes();
  }

  async close(): Promise<void> {
    this.closed = true;
    this.queue = [];
    this.idle?.cancel();
    await this.working;
    await this.reader.settled();
    await this.segments.close();
    this.kept.close();
  }

  private enqueue(item: Queued): void {
    if (this.closed) return;
    this.idle?.cancel();
    this.idle = null;
    this.queue.push(item);
    this.working ??= Promise.resolve().then(() => this.work());
  }

  private async work(): Promise<void> {
    while (this.queue.length > 0) {
      const batch = this.takeBatch();
      try {
        if (batch[0]?.kind === 'reset' && this.failure?.kind === 'damaged') this.failure = null;
        if (this.failure === null) await this.perform(batch);
      } catch (error) {
        this.failure ??= storageFailureOf(error, `writing the log of shard ${this.options.shard}`);
      }
      for (const item of batch) {
        if (item.kind === 'write') this.queuedBytes -= item.estimatedBytes;
        if (item.kind !== 'trim' && !this.closed) item.done(this.failure);
      }
    }
    this.working = null;
    if (this.closed || this.failure) return;
    this.idle = this.timer.set(IDLE_MARKER_MS, () => this.markIdle());
  }

  /** Consecutive writes go together; a reset or a trim stands alone. */
  private takeBatch(): Queued[] {
    let bytes = 0;
    let count = 0;
    for (const item of this.queue) {
      if (item.kind !== 'write') {
        if (count === 0) count = 1;
        break;
      }
      if (count > 0 && bytes + item.estimatedBytes > BATCH_BYTES) break;
      bytes += item.estimatedBytes;
      count += 1;
    }
    return this.queue.splice(0, count);
  }

  private async perform(batch: readonly Queued[]): Promise<void> {
    const [first] = batch;
    if (first?.kind === 'reset') await this.performReset(first);
    else if (first?.kind === 'trim') await this.performTrim(first.upToSeq);
    else await this.performWrites(batch.filter((item) => item.kind === 'write'));
  }

  private async performWrites(batch: readonly QueuedWrite[]): Promise<void> {
    if (this.segments.last().bytes >= this.segmentBytes) {
      await this.segments.add(false, this.durableEnd, this.hardState);
    }
    const segment = this.segments.last();
    const salt = segmentSalt(this.options.shard, segment.index);
    const { arena } = this;
    arena.clear();
    const marker = encodeMarker(salt, segment.bytes, arena.room);
    const records = batch.map(({ write, epochBeforeCut }) =>
      encodeWrite(salt, write, epochBeforeCut, arena.room),
    );
    const startMs = performance.now();
    await writeFully(segment.file, arena.pieces(), segment.bytes);
    const tookMs = performance.now() - startMs;
    let offset = segment.bytes + marker.length;
    batch.forEach(({ write }, i) => {
      offset = this.note(write, records[i] ?? [], segment.index, offset);
    });
    this.options.synced?.({ tookMs, writes: batch.length, bytes: offset - segment.bytes });
    segment.bytes = offset;
  }

  /** Takes a durable write into the index; returns where its bytes end. */
  private note(
    write: LogWrite,
    buffers: readonly Buffer[],
    segment: number,
    start: number,
  ): number {
    let offset = start;
    let next = 0;
    const { cutFrom, entries, hardState } = write;
    if (cutFrom !== undefined) {
      this.runs.cut(cutFrom);
      this.places.cut(cutFrom);
      this.baseSeq = Math.min(this.baseSeq, cutFrom - 1);
      if (cutFrom <= this.durableEnd.seq) {
        const epoch = buffers[0]?.readDoubleLE(9) ?? 0;
        this.durableEnd = { epoch, seq: cutFrom - 1 };
      }
      offset += buffers[next++]?.length ?? 0;
    }
    for (const entry of entries) {
      const bytes = buffers[next++]?.length ?? 0;
      this.runs.add(segment, entry.seq, offset, bytes);
      this.places.add(entry, segment, offset, bytes);
      this.durableEnd = { epoch: entry.epoch, seq: entry.seq };
      offset += bytes;
    }
    if (hardState) {
      this.hardState = hardState;
      offset += buffers[next]?.length ?? 0;
    }
    return offset;
  }

  private async performReset({ base, hardState }: QueuedReset): Promise<void> {
    await this.segments.add(true, base, hardState);
    this.hardState = hardState;
    this.durableEnd = base;
    this.baseSeq = base.seq;
    this.runs.clear();
    this.places.clear();
    const { index } = this.segments.last();
    await this.segments.removeBelow(index, () => this.reader.settled());
  }

  private async performTrim(upToSeq: number): Promise<void> {
    const oldest = this.segments.oldestNeeded(upToSeq);
    if (oldest === undefined) return;
    const segment = this.segments.last();
    const salt = segmentSalt(this.options.shard, segment.index);
    const marker = encodeMarker(salt, segment.bytes);
    const record = encodeRecord(salt, RecordType.trimmed, true, 0, oldest);
    await writeFully(segment.file, [marker, record], segment.bytes);
    segment.bytes += marker.length + record.length;
    this.runs.dropSegmentsBelow(oldest);
    this.baseSeq = (this.runs.firstSeq() ?? this.durableEnd.seq + 1) - 1;
    await this.segments.removeBelow(oldest, () => this.reader.settled());
  }

  /** Says on disk that the last batch was synced, as the next batch would. */
  private markIdle(): void {
    if (this.closed || this.failure || this.working) return;
    const segment = this.segments.last();
    const marker = encodeMarker(segmentSalt(this.options.shard, segment.index), segment.bytes);
    this.working = writeFully(segment.file, [marker], segment.bytes)
      .then(
        () => {
          segment.bytes += marker.length;
        },
        (error: unknown) => {
          this.failure ??= storageFailureOf(error, 'writing a marker to the log');
        },
      )
      .then(() => (this.queue.length > 0 ? this.work() : this.rest()));
  }

  private rest(): void {
    this.working = null;
  }
}
