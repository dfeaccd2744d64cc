import { expect, it } from 'vitest';
import { LatencyLine, LatencyWindow, quantile } from './latency-window.ts';
import { PageReads } from './page-reads.ts';

const BOUNDS_MS = [1, 10, 100];

it('finds how long half of the requests took, in proportion between bounds', () => {
  expect(quantile(BOUNDS_MS, [0, 0, 0, 0], 0.5)).toBe(null);
  expect(quantile(BOUNDS_MS, [4, 0, 0, 0], 0.5)).toBe(0.5);
  expect(quantile(BOUNDS_MS, [1, 2, 1, 0], 0.5)).toBe(5.5);
  expect(quantile(BOUNDS_MS, [0, 0, 0, 7], 0.5)).toBe(100);
});

it('tells of what was counted while one looks on, of all sites together', () => {
  const line = new LatencyLine(BOUNDS_MS);
  line.take('nyc', [1000, 0, 0, 0], 0);
  line.take('tor', [0, 0, 1000, 0], 0);
  line.mark(0);
  expect(line.points.at(-1)).toMatchObject({ rate: 0, medianMs: null });
  line.take('nyc', [1005, 0, 0, 0], 1000);
  line.take('tor', [0, 5, 1000, 0], 1000);
  line.mark(1000);
  expect(line.points.at(-1)).toMatchObject({ rate: 2, medianMs: 1 });
  line.mark(7000);
  expect(line.points.at(-1)).toMatchObject({ rate: 0, medianMs: null });
});

it('counts a site that has started again from nought', () => {
  const line = new LatencyLine(BOUNDS_MS);
  line.take('nyc', [50, 0, 0, 0], 0);
  line.take('nyc', [0, 5, 0, 0], 1000);
  line.mark(1000);
  expect(line.points.at(-1)?.rate).toBe(1);
});

it('tells of what this page has read from memory, beside what sites count', () => {
  const reads = new PageReads();
  const window = new LatencyWindow();
  window.takeMemory([...reads.counts], 0);
  for (const freshness of ['memory', 'memory', 'lease', 'primary'] as const) {
    reads.note({ freshness, tookMs: 0.05 });
  }
  reads.note({ freshness: 'memory', tookMs: 60 });
  window.takeMemory([...reads.counts], 1000);
  window.mark(1000);
  expect(window.points('memory').at(-1)).toMatchObject({ rate: 0.6, slowMs: 5 });
  expect(window.points('memory').at(-1)?.medianMs).toBeLessThan(0.1);
  expect(window.points('lease')).toEqual([]);
});

it('keeps a limited number of points', () => {
  const line = new LatencyLine(BOUNDS_MS);
  for (let second = 0; second < 500; second += 1) line.mark(second * 1000);
  expect(line.points).toHaveLength(300);
  expect(line.points[0]?.atMs).toBe(200_000);
});
