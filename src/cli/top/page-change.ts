import type { Page } from './metric-samples.js';

type Labels = Readonly<Record<string, string>>;

export interface Distribution {
  readonly count: number;
  readonly perSecond: number;
  /** In what the metric measures; null: nothing happened. Upper bounds of the buckets they fall in. */
  readonly p50: number | null;
  readonly p99: number | null;
}

/** What happened at one site between two pages of its metrics. */
export class PageChange {
  readonly seconds: number;

  constructor(
    private readonly before: Page,
    private readonly after: Page,
  ) {
    this.seconds = Math.max(0.001, (after.atMs - before.atMs) / 1000);
  }

  /** Of a gauge, as it is now, those with these labels added up. */
  now(name: string, labels: Labels = {}): number {
    return sum(this.after, name, labels);
  }

  /** Of a counter. After a restart, when counters begin anew: what it counted since then. */
  grown(name: string, labels: Labels = {}): number {
    const after = sum(this.after, name, labels);
    const before = this.hasRestarted() ? 0 : sum(this.before, name, labels);
    return Math.max(0, after - before);
  }

  perSecond(name: string, labels: Labels = {}): number {
    return this.grown(name, labels) / this.seconds;
  }

  /** The values that one of its labels has. */
  labelsOf(name: string, label: string): string[] {
    const samples = this.after.samples.get(name) ?? [];
    return [...new Set(samples.map(({ labels }) => labels[label] ?? ''))];
  }

  /** Of a counter, by one of its labels, those that grew, the fastest first. */
  perSecondBy(name: string, label: string): [value: string, perSecond: number][] {
    return this.labelsOf(name, label)
      .map((value): [string, number] => [value, this.perSecond(name, { [label]: value })])
      .filter(([, perSecond]) => perSecond > 0)
      .sort((a, b) => b[1] - a[1]);
  }

  /** Of a histogram. */
  distribution(name: string, labels: Labels = {}): Distribution {
    const samples = this.after.samples.get(`${name}_bucket`) ?? [];
    const bounds = [...new Set(samples.map((sample) => sample.labels.le ?? ''))]
      .map((le) => ({ le, bound: le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le) }))
      .sort((a, b) => a.bound - b.bound)
      .map(({ le, bound }) => ({ bound, count: this.grown(`${name}_bucket`, { ...labels, le }) }));
    const count = bounds.at(-1)?.count ?? 0;
    const at = (share: number): number | null =>
      count === 0
        ? null
        : (bounds.find((each) => each.count >= share * count)?.bound ?? Number.POSITIVE_INFINITY);
    return { count, perSecond: count / this.seconds, p50: at(0.5), p99: at(0.99) };
  }

  private hasRestarted(): boolean {
    const started = 'process_start_time_seconds';
    return sum(this.after, started, {}) !== sum(this.before, started, {});
  }
}

function sum({ samples }: Page, name: string, wanted: Labels): number {
  let total = 0;
  for (const { labels, value } of samples.get(name) ?? []) {
    if (Object.entries(wanted).every(([key, text]) => labels[key] === text)) total += value;
  }
  return total;
}
