import { tableLines } from '../figures.js';

export interface Goal {
  readonly sense: 'at most' | 'at least';
  readonly value: number;
}

/** One thing that was measured. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** Null for what is told beside. */
  readonly goal: Goal | null;
  /** The emulated round trips that the figure contains. */
  readonly roundTrip: string;
  /** Repetitions and their spread, and what else one has to know. */
  readonly note: string;
}

/** Null where there is no goal, or nothing was measured. */
export function isMet({ goal, value }: Figure): boolean | null {
  if (goal === null || Number.isNaN(value)) return null;
  return goal.sense === 'at most' ? value <= goal.value : value >= goal.value;
}

export function figureLines(figures: readonly Figure[]): string[] {
  const rows = figures.map((figure) => {
    const { name, unit, goal, roundTrip, note } = figure;
    const met = isMet(figure);
    return [
      name,
      `${amount(figure.value)} ${unit}`,
      goal === null ? '' : `${goal.sense} ${amount(goal.value)}`,
      met === null ? '' : met ? 'met' : 'MISSED',
      roundTrip,
      note,
    ];
  });
  return tableLines([['FIGURE', 'VALUE', 'GOAL', '', 'WAN ROUND TRIP', 'NOTE'], ...rows]);
}

export function amount(value: number): string {
  if (Number.isNaN(value)) return 'not measured';
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

export interface Spread {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  return {
    median: sorted[Math.floor(sorted.length / 2)] ?? Number.NaN,
    lowest: sorted[0] ?? Number.NaN,
    highest: sorted.at(-1) ?? Number.NaN,
  };
}

/** `5 runs, 4,801 to 5,230` */
export function spreadText(values: readonly number[], what = 'runs'): string {
  const { lowest, highest } = spreadOf(values);
  return `${values.length} ${what}, ${amount(lowest)} to ${amount(highest)}`;
}
