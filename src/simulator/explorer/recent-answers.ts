import { hashOf } from './world-table.js';

const NONE = -1;

/**
 * Remembers answers to questions of up to four numbers, in a fixed space: a later question may push
 * out an earlier one, which is then worked out again. An answer is a number from 0 on.
 */
export class RecentAnswers {
  private readonly cells: Int32Array;
  private readonly mask: number;

  constructor(bits: number) {
    this.mask = (1 << bits) - 1;
    this.cells = new Int32Array(5 << bits).fill(NONE);
  }

  /** `workOut` may give a negative number: that is handed on and not remembered. */
  ask(a: number, b: number, c: number, d: number, workOut: () => number): number {
    const { cells } = this;
    const at = (hashOf(a, b, c, d) & this.mask) * 5;
    const isSame =
      cells[at] === a && cells[at + 1] === b && cells[at + 2] === c && cells[at + 3] === d;
    if (isSame) return cells[at + 4] ?? NONE;
    const answer = workOut();
    if (answer < 0) return answer;
    cells[at] = a;
    cells[at + 1] = b;
    cells[at + 2] = c;
    cells[at + 3] = d;
    cells[at + 4] = answer;
    return answer;
  }
}
