import { type Operation, operationsByFile } from '../history.js';
import { type Finding, describe, isFresh } from './finding.js';
import { type RegisterStep, registerSteps } from './register-steps.js';

export type SearchVerdict =
  | { readonly verdict: 'linearizable'; readonly steps: number }
  | { readonly verdict: 'not_linearizable'; readonly steps: number; readonly finding: Finding }
  /** The bound on steps was reached first. */
  | { readonly verdict: 'undecided'; readonly steps: number; readonly name: string };

export const STEP_LIMIT = 1_000_000;

/**
 * A second opinion on linearizability that trusts no version and no position: it searches for an
 * order of all calls on a file that a single register could have gone through, in real time
 * (Wing and Gong 1993, with Lowe's memory of visited states 2017, file by file: Herlihy and Wing's
 * locality). The time is exponential in the number of calls that overlap, so it is bounded.
 */
export function searchLinearization(
  operations: readonly Operation[],
  stepLimit: number = STEP_LIMIT,
): SearchVerdict {
  let steps = 0;
  let undecided: string | undefined;
  for (const [name, file] of operationsByFile(operations.filter(isFresh))) {
    const search = new FileSearch(registerSteps(file), stepLimit - steps);
    const found = search.run();
    steps += search.steps;
    if (found === 'undecided') undecided ??= name;
    if (found === 'none') {
      const stuck = search.furthest.slice(0, 5);
      const told = stuck.map(({ operation }) => describe(operation)).join('; ');
      const message =
        `no order of the ${file.length} calls on ${name} explains their answers; ` +
        `stuck at: ${told}`;
      const involved = stuck.map(({ operation }) => operation);
      const finding: Finding = { invariant: 'linearizable', message, operations: involved };
      return { verdict: 'not_linearizable', steps, finding };
    }
  }
  if (undecided !== undefined) return { verdict: 'undecided', steps, name: undecided };
  return { verdict: 'linearizable', steps };
}

/** Depth-first search with a bitset of placed steps and a memory of what was tried. */
class FileSearch {
  steps = 0;
  furthest: RegisterStep[] = [];
  private furthestCount = -1;
  private readonly placed: Uint32Array;
  private readonly visited = new Set<string>();
  private unplacedFinite: number;
  private readonly closedCount: number;

  constructor(
    private readonly all: readonly RegisterStep[],
    private readonly limit: number,
  ) {
    this.placed = new Uint32Array((all.length >> 5) + 1);
    this.closedCount = all.filter(({ endMs }) => endMs < Infinity).length;
    this.unplacedFinite = this.closedCount;
  }

  run(): 'found' | 'none' | 'undecided' {
    interface Frame {
      readonly value: string | null;
      readonly choices: readonly number[];
      next: number;
      /** What was placed to get here, undone on the way back. */
      readonly undo: readonly number[];
    }
    const enter = (value: string | null, index: number | null): Frame => {
      const undo = index === null ? [] : [index];
      const candidates = this.placeReads(value, undo);
      return { value, choices: this.choicesAt(value, candidates), next: 0, undo };
    };
    const stack: Frame[] = [enter(null, null)];
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      if (this.unplacedFinite === 0) return 'found';
      const choice = top.choices[top.next];
      top.next += 1;
      if (choice === undefined) {
        for (const index of top.undo) this.unplace(index);
        stack.pop();
        continue;
      }
      this.steps += 1;
      if (this.steps > this.limit) return 'undecided';
      const value = this.all[choice]!.apply(top.value);
      if (value === undefined) continue;
      this.place(choice);
      // Where nothing else could have been placed the state before tells this one apart, too.
      if (top.choices.length === 1 || this.isNew(value)) stack.push(enter(value, choice));
      else this.unplace(choice);
    }
    return 'none';
  }

  /**
   * A read that fits the state may be placed at once: it changes nothing. Adds those to `placed`;
   * returns what may be placed next.
   */
  private placeReads(value: string | null, placed: number[]): readonly number[] {
    for (;;) {
      const candidates = this.candidates();
      const before = placed.length;
      for (const index of candidates) {
        const step = this.all[index]!;
        if (!step.isRead || step.apply(value) === undefined) continue;
        this.place(index);
        placed.push(index);
      }
      if (placed.length === before) return candidates;
    }
  }

  private choicesAt(value: string | null, candidates: readonly number[]): number[] {
    const placedCount = this.all.length - this.unplacedFinite;
    if (placedCount > this.furthestCount) {
      this.furthestCount = placedCount;
      this.furthest = candidates.map((index) => this.all[index]!);
    }
    const openEffects = new Set<number>();
    return candidates.filter((index) => {
      const step = this.all[index]!;
      const after = step.isRead ? undefined : step.apply(value);
      if (after === undefined) return false;
      if (step.endMs < Infinity) return true;
      // Of calls that may come at any later time and do the same, the first to start may go first.
      if (after === value || openEffects.has(step.effect)) return false;
      openEffects.add(step.effect);
      return true;
    });
  }

  /** Steps that no other unplaced step has ended before. */
  private candidates(): number[] {
    const found: number[] = [];
    let firstEndMs = Infinity;
    for (let index = this.firstUnplaced(); index < this.closedCount; index += 1) {
      if (this.isPlaced(index)) continue;
      const step = this.all[index]!;
      if (step.startMs > firstEndMs) break;
      firstEndMs = Math.min(firstEndMs, step.endMs);
      found.push(index);
    }
    for (let index = this.closedCount; index < this.all.length; index += 1) {
      // They stand in the order of their starts.
      if (this.all[index]!.startMs > firstEndMs) break;
      if (!this.isPlaced(index)) found.push(index);
    }
    let kept = 0;
    for (const index of found) {
      if (this.all[index]!.startMs > firstEndMs) continue;
      found[kept] = index;
      kept += 1;
    }
    found.length = kept;
    return found;
  }

  private firstUnplaced(): number {
    let word = 0;
    while (this.placed[word] === 0xffffffff) word += 1;
    return word * 32;
  }

  private isNew(value: string | null): boolean {
    const key = this.key(value);
    if (this.visited.has(key)) return false;
    this.visited.add(key);
    return true;
  }

  /** The bitset from its first word that is not full, and the state. */
  private key(value: string | null): string {
    let first = 0;
    while (this.placed[first] === 0xffffffff) first += 1;
    let last = this.placed.length - 1;
    while (last > first && this.placed[last] === 0) last -= 1;
    let key = `${first}`;
    for (let word = first; word <= last; word += 1) key += `,${this.placed[word]!.toString(36)}`;
    return value === null ? key : `${key}=${value}`;
  }

  private isPlaced(index: number): boolean {
    return ((this.placed[index >> 5]! >>> (index & 31)) & 1) === 1;
  }

  private place(index: number): void {
    this.placed[index >> 5]! |= 1 << (index & 31);
    if (this.all[index]!.endMs < Infinity) this.unplacedFinite -= 1;
  }

  private unplace(index: number): void {
    this.placed[index >> 5]! &= ~(1 << (index & 31));
    if (this.all[index]!.endMs < Infinity) this.unplacedFinite += 1;
  }
}
