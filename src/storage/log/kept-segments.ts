import { closeSync, openSync, readSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogEntry, Position } from '../../protocol/log-entry.js';
import type { ContentPlace } from '../content-place.js';
import { decodeEntry } from '../entry-codec.js';
import type { LogFiles } from './log-files.js';
import { decodeRecord, RecordType } from './record.js';
import { segmentName, segmentSalt } from './segment-header.js';

/** More than small content and what is around it, nearly always. */
const SCRATCH_BYTES = 40 * 1024;
/** Files open for reading content, for each shard: two gigabytes of them. */
const OPEN_LIMIT = 128;

/**
 * Segments that the log has done with and that hold content a view names: they stay beside the log
 * under a name of their own. Places are read in segments of either kind.
 */
export class KeptSegments {
  /** Open files by segment, the one opened last at the end. */
  private readonly open = new Map<number, number>();
  private closed = false;
  /** Every record is read into it: a buffer for each would be garbage at once. */
  private scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  /** Bytes of each kept segment. */
  private readonly sizes = new Map<number, number>();

  constructor(
    private readonly folder: string,
    private readonly shard: string,
    private readonly files: LogFiles,
  ) {}

  /** Finds those that an earlier run kept. */
  async load(indexes: readonly number[]): Promise<void> {
    for (const index of indexes) await this.note(index);
  }

  /** The segment, removed from the log. Durable once its folder is synced. */
  async keep(index: number): Promise<void> {
    await this.files.rename(this.pathOf(segmentName(index)), this.pathOf(keptName(index)));
    await this.note(index);
  }

  /** All kept segments, oldest first. */
  list(): { readonly index: number; readonly bytes: number }[] {
    const all = [...this.sizes].map(([index, bytes]) => ({ index, bytes }));
    return all.sort((a, b) => a.index - b.index);
  }

  /** Bytes of all kept segments on disk. */
  sizeBytes(): number {
    return this.list().reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** For a segment that no place is in any more. */
  async remove(index: number): Promise<void> {
    this.forget(index);
    this.sizes.delete(index);
    await this.files.remove(this.pathOf(keptName(index)));
    await this.files.syncFolder(this.folder);
  }

  /** The entry at a place; undefined where it cannot be read or is another one. */
  read({ segment, offset, bytes }: ContentPlace, at: Position): LogEntry | undefined {
    if (this.closed) return undefined;
    if (bytes > this.scratch.length) this.scratch = Buffer.allocUnsafeSlow(bytes);
    const buffer = this.scratch.subarray(0, bytes);
    try {
      if (readSync(this.fileOf(segment), buffer, 0, bytes, offset) !== bytes) return undefined;
    } catch {
      return undefined;
    }
    // What is decoded has bytes of its own.
    const record = decodeRecord(buffer, 0, segmentSalt(this.shard, segment));
    if (record?.type !== RecordType.entry) return undefined;
    if (record.seq !== at.seq || record.epoch !== at.epoch) return undefined;
    return decodeEntry(record.epoch, record.seq, record.payload);
  }

  close(): void {
    this.closed = true;
    for (const index of [...this.open.keys()]) this.forget(index);
  }

  private fileOf(index: number): number {
    const known = this.open.get(index);
    if (known !== undefined) return known;
    for (const oldest of this.open.keys()) {
      if (this.open.size < OPEN_LIMIT) break;
      this.forget(oldest);
    }
    const file = this.openFile(index);
    this.open.set(index, file);
    return file;
  }

  /** A segment is renamed once, from the log's name to the other. */
  private openFile(index: number): number {
    try {
      return openSync(this.pathOf(segmentName(index)), 'r');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return openSync(this.pathOf(keptName(index)), 'r');
    }
  }

  private async note(index: number): Promise<void> {
    this.sizes.set(index, (await stat(this.pathOf(keptName(index)))).size);
  }

  private forget(index: number): void {
    const file = this.open.get(index);
    if (file === undefined) return;
    this.open.delete(index);
    closeSync(file);
  }

  private pathOf(name: string): string {
    return join(this.folder, name);
  }
}

const KEPT = '.kept';

function keptName(index: number): string {
  return segmentName(index).replace('.log', KEPT);
}

/** The index in a kept segment's file name, or undefined for other files. */
export function keptIndexOf(fileName: string): number | undefined {
  return /^\d{10}\.kept$/.test(fileName) ? Number(fileName.slice(0, 10)) : undefined;
}
