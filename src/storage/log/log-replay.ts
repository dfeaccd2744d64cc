import type { LogEntry, Position } from '../../protocol/log-entry.js';
import { type HardState, INITIAL_HARD_STATE } from '../../protocol/ports.js';
import { decodeEntry } from '../entry-codec.js';
import { EntryPlaces } from './entry-places.js';
import { decodeHardState, decodeRecord, type LogRecord, RecordType } from './record.js';
import { RunIndex } from './run-index.js';
import { type SegmentHeader, segmentSalt } from './segment-header.js';

/** How far a segment could be replayed. Offsets are in bytes from the start of its file. */
export interface SegmentReplay {
  /** End of the last whole write. */
  readonly validEnd: number;
  /** Where the last marker begins; what precedes it is known to have been synced. */
  readonly syncedEnd: number;
}

interface PlacedRecord {
  readonly record: LogRecord;
  readonly offset: number;
  readonly entry?: LogEntry;
}

export interface ReplayOptions {
  readonly shard: string;
  /** Entries below are checked for damage, but not decoded. */
  readonly shownSeq?: number;
  /** See `ShardLogOptions`. */
  readonly leaves?: (name: string) => boolean;
}

/** The state of a log, rebuilt record by record. */
export class LogReplay {
  base: Position = { epoch: 0, seq: 0 };
  /** From `shownSeq` on. */
  entries: LogEntry[] = [];
  private last: Position | null = null;
  hardState: HardState = INITIAL_HARD_STATE;
  oldestIndex = 0;
  readonly runs = new RunIndex();
  readonly places: EntryPlaces;

  private readonly shard: string;
  private readonly shownSeq: number;

  /** `lastIndex` is that of the last segment there is. */
  constructor({ shard, shownSeq, leaves }: ReplayOptions, lastIndex = 0) {
    this.shard = shard;
    this.shownSeq = shownSeq ?? 0;
    this.places = new EntryPlaces(lastIndex, leaves);
  }

  /** The last entry kept, or the base. */
  get end(): Position {
    return this.last ?? this.base;
  }

  /** False when the segment does not follow what was replayed before. */
  begin(header: SegmentHeader, isFirst: boolean): boolean {
    if (isFirst) this.base = header.base;
    const end = this.end;
    if (header.base.seq !== end.seq || header.base.epoch !== end.epoch) return false;
    this.hardState = header.hardState;
    this.oldestIndex = Math.max(this.oldestIndex, header.oldestIndex);
    return true;
  }

  /** Replays whole writes until the end of the bytes or the first that is not intact. */
  replay(bytes: Buffer, index: number, from: number): SegmentReplay {
    const salt = segmentSalt(this.shard, index);
    let at = from;
    let validEnd = from;
    let syncedEnd = 0;
    let write: PlacedRecord[] = [];
    for (;;) {
      const record = decodeRecord(bytes, at, salt);
      const placed = record && placeRecord(record, at, this.shownSeq);
      if (!placed) return { validEnd, syncedEnd };
      write.push(placed);
      at += placed.record.bytes;
      if (!placed.record.endsWrite) continue;
      if (!this.follows(write)) return { validEnd, syncedEnd };
      for (const part of write) this.applyRecord(part, index);
      if (placed.record.type === RecordType.marker) syncedEnd = placed.offset;
      validEnd = at;
      write = [];
    }
  }

  /** Whether the write's entries continue the log. */
  private follows(write: readonly PlacedRecord[]): boolean {
    let next = this.end.seq + 1;
    for (const { record } of write) {
      if (record.type === RecordType.cut) {
        if (record.seq > next) return false;
        next = record.seq;
      } else if (record.type === RecordType.entry) {
        if (record.seq !== next) return false;
        next += 1;
      }
    }
    return true;
  }

  private applyRecord({ record, offset, entry }: PlacedRecord, index: number): void {
    if (record.type === RecordType.entry) {
      if (entry) {
        this.entries.push(entry);
        this.places.add(entry, index, offset, record.bytes);
      }
      this.last = { epoch: record.epoch, seq: record.seq };
      this.runs.add(index, record.seq, offset, record.bytes);
    } else if (record.type === RecordType.cut) {
      this.cut(record);
    } else if (record.type === RecordType.hardState) {
      this.hardState = decodeHardState(record.payload) ?? this.hardState;
    } else if (record.type === RecordType.trimmed) {
      this.oldestIndex = Math.max(this.oldestIndex, record.seq);
    }
  }

  /** Nothing of what was replayed can be used. */
  forget(): void {
    this.base = { epoch: 0, seq: 0 };
    this.last = null;
    this.entries = [];
    this.runs.clear();
    this.places.clear();
  }

  private cut(record: LogRecord): void {
    this.runs.cut(record.seq);
    this.places.cut(record.seq);
    while ((this.entries.at(-1)?.seq ?? -1) >= record.seq) this.entries.pop();
    if (this.end.seq >= record.seq) this.last = { epoch: record.epoch, seq: record.seq - 1 };
    // A cut below the base happens when the segments that held the entries before it are gone.
    if (record.seq <= this.base.seq) this.base = { epoch: record.epoch, seq: record.seq - 1 };
  }
}

/** Undefined when the record is intact but its content is not what its type says. */
function placeRecord(
  record: LogRecord,
  offset: number,
  shownSeq: number,
): PlacedRecord | undefined {
  switch (record.type) {
    case RecordType.entry: {
      if (record.seq < shownSeq) return { record, offset };
      const entry = decodeEntry(record.epoch, record.seq, record.payload);
      return entry && { record, offset, entry };
    }
    case RecordType.hardState:
      return decodeHardState(record.payload) && { record, offset };
    case RecordType.marker:
      return record.seq === offset ? { record, offset } : undefined;
    case RecordType.cut:
      return record.seq > 0 ? { record, offset } : undefined;
    case RecordType.trimmed:
      return { record, offset };
    default:
      return undefined;
  }
}

/** The hard state with the largest promise among intact ones in the bytes, however they lie. */
export function strongestHardState(
  bytes: Buffer,
  from: number,
  salt: number,
  known: HardState,
): HardState {
  let strongest = known;
  for (let at = from; at + 9 <= bytes.length; at += 1) {
    const type = (bytes[at + 8] ?? 0) & 0x7f;
    if (type !== RecordType.hardState || bytes.readUInt32LE(at + 4) > 4096) continue;
    const record = decodeRecord(bytes, at, salt);
    const state = record && decodeHardState(record.payload);
    if (state && state.promisedEpoch >= strongest.promisedEpoch) strongest = state;
  }
  return strongest;
}
