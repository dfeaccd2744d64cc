import type { LogEntry } from '../../protocol/log-entry.js';
import type { LogRead } from '../../protocol/ports.js';
import { decodeEntry } from '../entry-codec.js';
import type { LogFile } from './log-files.js';
import { decodeRecord, RecordType } from './record.js';
import type { Run, RunIndex } from './run-index.js';
import { segmentSalt } from './segment-header.js';

type RunRead =
  | { readonly ok: true; readonly entries: readonly { entry: LogEntry; bytes: number }[] }
  | { readonly ok: false; readonly message: string };

/** Reads entries back from the segments, one run at a time, each record checked. */
export class LogReader {
  private readonly under = new Set<Promise<unknown>>();

  constructor(
    private readonly runs: RunIndex,
    private readonly shard: string,
    private readonly fileOf: (segment: number) => LogFile | undefined,
  ) {}

  /** Resolves once no read that has begun touches a file any more. */
  async settled(): Promise<void> {
    await Promise.all(this.under);
  }

  async read(
    from: number,
    limit: { readonly entries: number; readonly bytes: number },
  ): Promise<LogRead> {
    const found: LogEntry[] = [];
    let bytes = 0;
    let seq = from;
    for (;;) {
      // Looked up anew each time: a cut or a trim may have come while the last run was read.
      const run = this.runs.at(this.runs.find(seq));
      if (!run) break;
      const file = this.fileOf(run.segment);
      if (!file) break;
      const reading = this.readRun({ ...run }, file);
      this.under.add(reading);
      const result = await reading;
      this.under.delete(reading);
      if (!result.ok) {
        if (found.length > 0) break;
        return { ok: false, reason: 'damaged', message: result.message };
      }
      for (const { entry, bytes: size } of result.entries) {
        if (entry.seq !== seq) continue;
        // A cut during the read: this run no longer holds the entry, and another may.
        if (this.runs.at(this.runs.find(seq)) !== run) break;
        const full = found.length >= limit.entries || bytes + size > limit.bytes;
        if (full && found.length > 0) return { ok: true, entries: found };
        found.push(entry);
        bytes += size;
        seq += 1;
      }
      if (seq <= run.lastSeq && this.runs.at(this.runs.find(seq)) === run) {
        const message = `entry ${seq} is not where the index of shard ${this.shard} says`;
        return { ok: false, reason: 'damaged', message };
      }
    }
    return { ok: true, entries: found };
  }

  private async readRun(run: Run, file: LogFile): Promise<RunRead> {
    const salt = segmentSalt(this.shard, run.segment);
    const place = `segment ${run.segment} of shard ${this.shard}`;
    try {
      const read = await file.read(run.offset, run.end - run.offset);
      const bytes = Buffer.from(read.buffer, read.byteOffset, read.byteLength);
      const entries: { entry: LogEntry; bytes: number }[] = [];
      for (let at = 0; at < bytes.length; ) {
        const record = decodeRecord(bytes, at, salt);
        if (!record) return { ok: false, message: `${place}: bad record at ${run.offset + at}` };
        at += record.bytes;
        if (record.type !== RecordType.entry || record.seq > run.lastSeq) continue;
        const entry = decodeEntry(record.epoch, record.seq, record.payload);
        if (!entry) return { ok: false, message: `${place}: bad entry ${record.seq}` };
        entries.push({ entry, bytes: record.bytes });
      }
      return { ok: true, entries };
    } catch (error) {
      return { ok: false, message: `${place}: ${String(error)}` };
    }
  }
}
