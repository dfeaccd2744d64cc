import type { LatencyCounts } from '../map/live-frame.ts';
import { MEMORY_BOUNDS_MS } from './page-reads.ts';

/** How long is looked back for one point of a line. */
const WINDOW_MS = 5000;
/** Points that are kept: the oldest go. */
const POINTS_LIMIT = 300;

export interface LatencyPoint {
  readonly atMs: number;
  /** Requests per second over the window. */
  readonly rate: number;
  /** Null: there were none. */
  readonly medianMs: number | null;
  readonly slowMs: number | null;
}

interface Seen {
  readonly atMs: number;
  readonly counts: readonly number[];
}

/** Requests of one kind, of all sites, as the sites' counts grow. */
export class LatencyLine {
  readonly points: LatencyPoint[] = [];
  private readonly last = new Map<string, readonly number[]>();
  private readonly grown: Seen[] = [];

  constructor(private readonly boundsMs: readonly number[]) {}

  /** What a site has counted since its start. Its first counts tell only where it begins. */
  take(site: string, counts: readonly number[], atMs: number): void {
    const before = this.last.get(site);
    this.last.set(site, counts);
    if (before === undefined) return;
    // A site that has started again counts from nought.
    const hasRestarted = counts.some((count, bucket) => count < (before[bucket] ?? 0));
    const grown = hasRestarted
      ? counts
      : counts.map((count, bucket) => count - (before[bucket] ?? 0));
    if (grown.some((count) => count > 0)) this.grown.push({ atMs, counts: grown });
  }

  /** Ends one point of the line. */
  mark(atMs: number): void {
    while ((this.grown[0]?.atMs ?? atMs) < atMs - WINDOW_MS) this.grown.shift();
    const counts = this.boundsMs.concat(0).map(() => 0);
    for (const { counts: each } of this.grown) {
      for (const [bucket, count] of each.entries()) counts[bucket] = (counts[bucket] ?? 0) + count;
    }
    const total = counts.reduce((sum, count) => sum + count, 0);
    this.points.push({
      atMs,
      rate: (1000 * total) / WINDOW_MS,
      medianMs: quantile(this.boundsMs, counts, 0.5),
      slowMs: quantile(this.boundsMs, counts, 0.99),
    });
    if (this.points.length > POINTS_LIMIT) this.points.shift();
  }
}

/**
 * So many of all took no longer than this; between the bounds of a bucket in proportion. Of those
 * beyond the last bound nothing is known but that: the bound. Null: there are none.
 */
export function quantile(
  boundsMs: readonly number[],
  counts: readonly number[],
  share: number,
): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  let left = share * total;
  for (const [bucket, count] of counts.entries()) {
    const upper = boundsMs[bucket];
    if (upper === undefined) break;
    if (count > 0 && left <= count) {
      const lower = boundsMs[bucket - 1] ?? 0;
      return lower + (upper - lower) * (left / count);
    }
    left -= count;
  }
  return boundsMs.at(-1) ?? null;
}

export const READ_WAYS = ['primary', 'lease', 'validated', 'fetched'] as const;
export const WRITE_WAITS = ['disk', 'quorum', 'caches'] as const;
export type LineName = 'memory' | (typeof READ_WAYS)[number] | (typeof WRITE_WAITS)[number];

/** The lines of both charts, by what reads rested on and what writes waited for. */
export class LatencyWindow {
  private readonly lines = new Map<LineName, LatencyLine>();

  take(site: string, { boundsMs, reads, writes }: LatencyCounts, atMs: number): void {
    for (const way of READ_WAYS) this.line(way, boundsMs).take(site, reads[way], atMs);
    for (const wait of WRITE_WAITS) this.line(wait, boundsMs).take(site, writes[wait], atMs);
  }

  /** What this page has read from its own memory since it began, a copy. */
  takeMemory(counts: readonly number[], atMs: number): void {
    this.line('memory', MEMORY_BOUNDS_MS).take('', counts, atMs);
  }

  mark(atMs: number): void {
    for (const line of this.lines.values()) line.mark(atMs);
  }

  points(name: LineName): readonly LatencyPoint[] {
    return this.lines.get(name)?.points ?? [];
  }

  private line(name: LineName, boundsMs: readonly number[]): LatencyLine {
    let line = this.lines.get(name);
    if (line === undefined) this.lines.set(name, (line = new LatencyLine(boundsMs)));
    return line;
  }
}
