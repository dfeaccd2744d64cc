import { join } from 'node:path';
import type { Position } from '../../protocol/log-entry.js';
import type { HardState } from '../../protocol/ports.js';
import type { KeptSegments } from './kept-segments.js';
import { type LogFiles, writeFully } from './log-files.js';
import type { RecoveredLog, Segment } from './log-recovery.js';
import { encodeHeader, segmentIndexOf, segmentName } from './segment-header.js';

/** The segment files of an open log, oldest first. */
export class SegmentSet {
  private segments: Segment[];
  private nextIndex: number;
  private oldestIndex: number;
  private readonly kept: KeptSegments;

  constructor(
    private readonly folder: string,
    private readonly shard: string,
    private readonly files: LogFiles,
    recovered: RecoveredLog,
    private readonly mayBeNamed: (index: number) => boolean,
  ) {
    this.kept = recovered.kept;
    this.segments = recovered.segments;
    this.nextIndex = recovered.nextIndex;
    this.oldestIndex = recovered.replay.oldestIndex;
  }

  count(): number {
    return this.segments.length;
  }

  at(index: number): Segment | undefined {
    return this.segments.find((segment) => segment.index === index);
  }

  /** The one that is written to. */
  last(): Segment {
    const last = this.segments.at(-1);
    if (!last) throw new Error('the log has no segment');
    return last;
  }

  sizeBytes(): number {
    return this.segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  /** The index below which no segment holds an entry above the seq; undefined when none can go. */
  oldestNeeded(upToSeq: number): number | undefined {
    let keep = 0;
    while ((this.segments[keep + 1]?.baseSeq ?? Number.POSITIVE_INFINITY) <= upToSeq) keep += 1;
    return keep === 0 ? undefined : this.segments[keep]?.index;
  }

  /** Makes the next segment; it is durable, its name included, before anything goes into it. */
  async add(fresh: boolean, base: Position, hardState: HardState): Promise<void> {
    const index = this.nextIndex;
    this.nextIndex += 1;
    const { shard } = this;
    const oldest = Math.max(this.oldestIndex, this.segments[0]?.index ?? index);
    const oldestIndex = fresh ? index : oldest;
    const header = encodeHeader({ shard, index, fresh, oldestIndex, base, hardState });
    const file = await this.files.open(join(this.folder, segmentName(index)), true);
    await writeFully(file, [header], 0);
    await this.files.syncFolder(this.folder);
    this.segments.push({ index, file, baseSeq: base.seq, bytes: header.length });
  }

  /**
   * Removes older segments, also any that were not opened, or keeps them for the view; waits for reads
   * of them to end.
   */
  async removeBelow(index: number, readsSettled: () => Promise<void>): Promise<void> {
    this.oldestIndex = index;
    const gone = this.segments.filter((segment) => segment.index < index);
    this.segments = this.segments.filter((segment) => segment.index >= index);
    await readsSettled();
    for (const { file } of gone) await file.close();
    const limit = segmentName(index);
    const names = await this.files.list(this.folder);
    for (const name of names.sort()) {
      const found = segmentIndexOf(name);
      if (found === undefined || name >= limit) continue;
      if (this.mayBeNamed(found)) await this.kept.keep(found);
      else await this.files.remove(join(this.folder, name));
      // One at a time: a crash must not bring back an older segment and not a newer one.
      await this.files.syncFolder(this.folder);
    }
  }

  async close(): Promise<void> {
    for (const { file } of this.segments) await file.close();
    this.segments = [];
  }
}
