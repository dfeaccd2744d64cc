import type { LogEntry, Position } from '../../protocol/log-entry.js';
import { type ContentPlace, PLACED_LEAST_BYTES } from '../content-place.js';

/** Places of entries that the view has not asked for; beyond that it keeps the content itself. */
const WAITING_LIMIT = 65_536;
/** What was taken is let go when it is this many. */
const TAKEN_LIMIT = 1024;

interface Placed extends ContentPlace, Position {}

/** Where entries with content worth it lie, from their sync until the view takes their place. */
export class EntryPlaces {
  /** In the order of the log, those before `first` taken or given up. */
  private placed: Placed[] = [];
  private first = 0;
  /** Segments of this run that the view has a place in. */
  private readonly taken = new Set<number>();

  /** Of segments up to this one an earlier run may have taken places. */
  constructor(
    private readonly lastOfEarlier: number,
    private readonly leaves: (name: string) => boolean = () => true,
  ) {}

  add(entry: LogEntry, segment: number, offset: number, bytes: number): void {
    const { epoch, seq, operation } = entry;
    if (operation.kind !== 'put' || operation.content.kind !== 'inline') return;
    if (operation.content.size < PLACED_LEAST_BYTES || !this.leaves(operation.name)) return;
    this.placed.push({ epoch, seq, segment, offset, bytes });
    if (this.placed.length - this.first > WAITING_LIMIT) this.first += 1;
    this.letGo();
  }

  /** Forgets this entry's and all before it. */
  take({ epoch, seq }: Position): ContentPlace | undefined {
    let next = this.placed[this.first];
    while (next !== undefined && next.seq < seq) {
      this.first += 1;
      next = this.placed[this.first];
    }
    if (next?.seq !== seq) return undefined;
    this.first += 1;
    this.letGo();
    // Applied before its own write is done, an entry may meet the one that this write cuts.
    if (next.epoch !== epoch) return undefined;
    this.taken.add(next.segment);
    return next;
  }

  /** False when no view names a place in the segment. */
  mayBeNamed(segment: number): boolean {
    return segment <= this.lastOfEarlier || this.taken.has(segment);
  }

  cut(fromSeq: number): void {
    while ((this.placed.at(-1)?.seq ?? -1) >= fromSeq) this.placed.pop();
    this.first = Math.min(this.first, this.placed.length);
  }

  clear(): void {
    this.placed = [];
    this.first = 0;
  }

  private letGo(): void {
    if (this.first < TAKEN_LIMIT) return;
    this.placed = this.placed.slice(this.first);
    this.first = 0;
  }
}
