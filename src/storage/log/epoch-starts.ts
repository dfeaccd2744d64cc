import type { Position } from '../../protocol/log-entry.js';

/** Where the log ends and which epoch each of its entries has, without holding the entries. */
export class EpochStarts {
  end: Position;
  /** The first entry of each epoch, oldest first; before them the base. */
  private starts: Position[] = [];

  constructor(base: Position, entries: readonly Position[]) {
    this.end = base;
    this.restart(base);
    for (const entry of entries) this.append(entry);
  }

  restart(base: Position): void {
    this.starts = [base];
    this.end = base;
  }

  append({ epoch, seq }: Position): void {
    if (seq !== this.end.seq + 1) {
      throw new Error(`entry ${seq} does not follow ${this.end.seq} in the log`);
    }
    if (epoch !== this.end.epoch) this.starts.push({ epoch, seq });
    this.end = { epoch, seq };
  }

  cut(fromSeq: number): void {
    if (fromSeq > this.end.seq) return;
    while (this.starts.length > 1 && (this.starts.at(-1)?.seq ?? 0) >= fromSeq) this.starts.pop();
    this.end = { epoch: this.starts.at(-1)?.epoch ?? 0, seq: fromSeq - 1 };
  }
}
