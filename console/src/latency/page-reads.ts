import type { AnsweredRead } from '../api/sdk.ts';

/** Of reads from memory; a browser's clock tells no less than a tenth of a millisecond. */
export const MEMORY_BOUNDS_MS = [0.1, 0.2, 0.5, 1, 2, 5];

/** What this page has read from its own memory: no site knows of these. */
export class PageReads {
  /** So many took no longer than each of the bounds but longer than the one before; then the rest. */
  readonly counts: number[] = Array.from({ length: MEMORY_BOUNDS_MS.length + 1 }, () => 0);

  note({ freshness, tookMs }: Pick<AnsweredRead, 'freshness' | 'tookMs'>): void {
    if (freshness !== 'memory') return;
    const found = MEMORY_BOUNDS_MS.findIndex((boundMs) => tookMs <= boundMs);
    const bucket = found < 0 ? MEMORY_BOUNDS_MS.length : found;
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
  }
}

export const pageReads = new PageReads();
