/** Where a run of consecutive live entries lies: at most about one block of one segment. */
export interface Run {
  readonly segment: number;
  readonly firstSeq: number;
  lastSeq: number;
  readonly offset: number;
  /** End of the last entry's record, in bytes from the start of the file. */
  end: number;
}

/** A run takes no more entries once it is this long. */
const RUN_BYTES = 64 * 1024;

/** The sparse index of the log: which bytes hold which entries, a cut taken into account. */
export class RunIndex {
  private runs: Run[] = [];

  add(segment: number, seq: number, offset: number, bytes: number): void {
    const last = this.runs.at(-1);
    if (
      last?.segment === segment &&
      last.lastSeq + 1 === seq &&
      last.end <= offset &&
      !this.sealed &&
      offset + bytes - last.offset <= RUN_BYTES
    ) {
      last.lastSeq = seq;
      last.end = offset + bytes;
      return;
    }
    this.sealed = false;
    this.runs.push({ segment, firstSeq: seq, lastSeq: seq, offset, end: offset + bytes });
  }

  /** After a cut the bytes of the last run hold entries that are no more: it must not grow. */
  private sealed = false;

  cut(fromSeq: number): void {
    while ((this.runs.at(-1)?.firstSeq ?? -1) >= fromSeq) this.runs.pop();
    const last = this.runs.at(-1);
    if (last && last.lastSeq >= fromSeq) last.lastSeq = fromSeq - 1;
    this.sealed = true;
  }

  dropSegmentsBelow(index: number): void {
    const keep = this.runs.findIndex((run) => run.segment >= index);
    this.runs = keep < 0 ? [] : this.runs.slice(keep);
  }

  clear(): void {
    this.runs = [];
  }

  firstSeq(): number | undefined {
    return this.runs[0]?.firstSeq;
  }

  /** The position in `runs` of the run that holds the seq, or -1. */
  find(seq: number): number {
    let low = 0;
    let high = this.runs.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const run = this.runs[middle];
      if (!run) return -1;
      if (seq < run.firstSeq) high = middle - 1;
      else if (seq > run.lastSeq) low = middle + 1;
      else return middle;
    }
    return -1;
  }

  at(position: number): Run | undefined {
    return this.runs[position];
  }
}
