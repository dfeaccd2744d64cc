import { describe, expect, it } from 'vitest';
import type { LogEntry } from '../log-entry.js';
import {
  cut,
  emptyTail,
  endOf,
  endSeq,
  entryAt,
  entryBytes,
  epochAt,
  evict,
  type LogTail,
  newestWrite,
  push,
  shown,
  slice,
} from './log-tail.js';

function entry(seq: number, name = 'f', size = 0): LogEntry {
  const content = { kind: 'inline', size, etag: '', bytes: new Uint8Array(0) } as const;
  const operation = { kind: 'put', name, version: seq, content, metadata: {} } as const;
  return { epoch: 1 + Math.floor(seq / 10), seq, atMs: 0, requestId: '', operation };
}

function tail(from: number, to: number): LogTail {
  const log = emptyTail({ epoch: 1, seq: from - 1 });
  for (let seq = from; seq <= to; seq += 1) push(log, entry(seq));
  return log;
}

const seqs = (entries: readonly LogEntry[]): number[] => entries.map(({ seq }) => seq);

describe('the log in memory', () => {
  it('is a window that begins behind its base', () => {
    const log = tail(4, 12);
    expect(endSeq(log)).toBe(12);
    expect(endOf(log)).toEqual({ epoch: 2, seq: 12 });
    expect(endOf(emptyTail({ epoch: 3, seq: 9 }))).toEqual({ epoch: 3, seq: 9 });
    expect([2, 3, 4, 12, 13].map((seq) => epochAt(log, seq))).toEqual([
      undefined,
      1,
      1,
      2,
      undefined,
    ]);
    expect([3, 4, 12, 13].map((seq) => entryAt(log, seq)?.seq)).toEqual([
      undefined,
      4,
      12,
      undefined,
    ]);
  });

  it('gives the part of a range that it has', () => {
    const log = tail(4, 8);
    expect(seqs(slice(log, 1, 5))).toEqual([4, 5]);
    expect(seqs(slice(log, 7, 20))).toEqual([7, 8]);
    expect(seqs(slice(log, 1, 3))).toEqual([]);
    expect(seqs(slice(log, 9, 12))).toEqual([]);
    expect(seqs(slice(log, 6, 5))).toEqual([]);
  });

  it('takes no entry that does not follow its end', () => {
    const log = tail(4, 8);
    expect(() => push(log, entry(8))).toThrow('I2');
    expect(() => push(log, entry(10))).toThrow('I2');
  });

  it('drops its tail newest first, and what the tail wrote', () => {
    const log = tail(1, 6);
    push(log, entry(7, 'g'));
    const dropped: number[] = [];
    cut(log, 5, ({ seq }) => dropped.push(seq));
    expect(dropped).toEqual([7, 6, 5]);
    expect(log.bytes).toBe(4 * entryBytes(entry(1)));
    expect(newestWrite(log, 'g', 100)).toBeUndefined();
    expect(newestWrite(log, 'f', 100)?.seq).toBe(4);
    cut(log, 0, () => {});
    expect(endSeq(log)).toBe(0);
    expect(log.writes.size).toBe(0);
  });

  it('finds the newest write at or below a seq, and above what the view shows', () => {
    const log = emptyTail({ epoch: 0, seq: 0 });
    for (const [index, name] of ['f', 'g', 'f', 'f', 'g'].entries())
      push(log, entry(index + 1, name));
    expect(newestWrite(log, 'f', 5)?.seq).toBe(4);
    expect(newestWrite(log, 'f', 3)?.seq).toBe(3);
    expect(newestWrite(log, 'f', 2)?.seq).toBe(1);
    shown(log, 0, 3);
    expect(newestWrite(log, 'f', 3)).toBeUndefined();
    expect(newestWrite(log, 'f', 5)?.seq).toBe(4);
    shown(log, 3, 5);
    expect(log.writes.size).toBe(0);
  });

  it('frees nothing before it is a quarter over a limit, then down to the limit', () => {
    const log = tail(1, 12);
    evict(log, 12, 10, 1e9);
    expect(log.before.seq).toBe(0);
    push(log, entry(13));
    evict(log, 13, 10, 1e9);
    expect(log.before).toEqual({ epoch: 1, seq: 3 });
    expect(log.bytes).toBe(10 * entryBytes(entry(1)));
    expect(endSeq(log)).toBe(13);
  });

  it('frees by bytes, and never what is not yet shown', () => {
    const log = emptyTail({ epoch: 0, seq: 0 });
    for (let seq = 1; seq <= 10; seq += 1) push(log, entry(seq, 'f', 1000));
    evict(log, 2, 100, 2400);
    expect(log.before.seq).toBe(2);
    evict(log, 10, 100, 2400);
    expect(log.before.seq).toBe(8);
  });
});
