import type { History } from './history.js';
import { SITES } from './setting.js';

/** Every history that was met, by number. */
export class Histories {
  readonly first: number;
  private readonly histories: History[] = [];
  private readonly numbers = new Map<string, number>();
  private readonly contexts: number[] = [];
  private readonly contextNumbers = new Map<string, number>();
  private readonly laters: number[] = [];

  constructor(writes: number) {
    this.first = this.numberOf({
      moment: 0,
      crashes: 0,
      restarted: SITES.map(() => false),
      epoch: 1,
      holder: 0,
      asked: false,
      handedOver: false,
      committed: [],
      seen: 0,
      attempts: Array.from({ length: writes }, () => SITES.map(() => 'none' as const)),
    });
  }

  get count(): number {
    return this.histories.length;
  }

  at(number: number): History {
    const history = this.histories[number];
    if (history === undefined) throw new Error(`no such history: ${number}`);
    return history;
  }

  numberOf(history: History): number {
    const text = JSON.stringify(history);
    const known = this.numbers.get(text);
    if (known !== undefined) return known;
    this.numbers.set(text, this.histories.length);
    return this.histories.push(history) - 1;
  }

  /** The same, after time has passed. */
  later(number: number): number {
    return (this.laters[number] ??= this.numberOf({ ...this.at(number), moment: 1 }));
  }

  /** A number that is the same for histories after which the same moves are possible. */
  contextOf(number: number): number {
    const held = this.contexts[number];
    if (held !== undefined) return held;
    const history = this.at(number);
    const { moment, crashes, restarted, epoch, holder, attempts, asked, handedOver } = history;
    const untried = attempts.map((tried) => tried.map((attempt) => attempt === 'none'));
    const text = JSON.stringify([
      [moment, crashes, restarted, epoch, holder],
      [untried, asked, handedOver],
    ]);
    const context = this.contextNumbers.get(text) ?? this.contextNumbers.size;
    this.contextNumbers.set(text, context);
    this.contexts[number] = context;
    return context;
  }
}
