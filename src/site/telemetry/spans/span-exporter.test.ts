import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Counter } from '../metric-registry.js';
import { SpanExporter, SPANS_LIMIT } from './span-exporter.js';
import { type Span, spanBelow } from './span.js';
import { TestCollector } from './test-collector.js';

let collector: TestCollector;
let exporter: SpanExporter;
let exported: Counter;
let dropped: Counter;
let told: string[];

beforeEach(async () => {
  collector = await TestCollector.start();
  exporter = toCollector(collector.url);
});

afterEach(async () => {
  await exporter.close();
  await collector.close();
});

/** Time that passes when a test says so. */
class SetTime {
  private nowMs = 0;
  private readonly waits = new Set<{ readonly atMs: number; readonly callback: () => void }>();

  now(): { monoMs: number; wallMs: number } {
    return { monoMs: this.nowMs, wallMs: this.nowMs };
  }

  wake(atMs: number, callback: () => void): { cancel(): void } {
    const wait = { atMs, callback };
    this.waits.add(wait);
    return { cancel: () => void this.waits.delete(wait) };
  }

  pass(byMs: number): void {
    this.nowMs += byMs;
    for (const wait of [...this.waits]) {
      if (wait.atMs <= this.nowMs && this.waits.delete(wait)) wait.callback();
    }
  }
}

function toCollector(url: string, timers?: SetTime): SpanExporter {
  exported = new Counter();
  dropped = new Counter();
  told = [];
  const resource = { site: 'nyc', clusterId: 'c', version: '1' };
  const report = (message: string): void => void told.push(message);
  const options = { url: `${url}/v1/traces`, resource, report, exported, dropped };
  return new SpanExporter({ ...options, flushEveryMs: 1, ...(timers && { timers }) });
}

function span(name: string, more: Partial<Span> = {}): Span {
  return {
    context: spanBelow(null),
    parentSpanId: '',
    name,
    kind: 'server',
    startMs: 1_700_000_000_000.25,
    tookMs: 1.5,
    attributes: { text: 'ä', count: 3, share: 0.5 },
    failure: null,
    ...more,
  };
}

describe('spans on their way to a collector', () => {
  it('arrive as OTLP has them', async () => {
    const first = span('read');
    exporter.add(first);
    exporter.add(
      span('write', { parentSpanId: first.context.spanId, kind: 'internal', failure: 'x' }),
    );
    await expect.poll(() => collector.spans).toHaveLength(2);
    expect(collector.faults).toEqual([]);
    expect(collector.spans[0]).toEqual({
      site: 'nyc',
      traceId: first.context.traceId,
      spanId: first.context.spanId,
      name: 'read',
      kind: 2,
      startTimeUnixNano: '1700000000000250000',
      endTimeUnixNano: '1700000000001750000',
      attributes: [
        { key: 'text', value: { stringValue: 'ä' } },
        { key: 'count', value: { intValue: '3' } },
        { key: 'share', value: { doubleValue: 0.5 } },
      ],
    });
    const [, second] = collector.spans;
    expect(second).toMatchObject({ parentSpanId: first.context.spanId, kind: 1 });
    expect(second?.status).toEqual({ code: 2, message: 'x' });
    await expect.poll(() => exported.value).toBe(2);
  });

  it('are sent again after an answer that passes, and the operator is told once', async () => {
    collector.answer = (response) => response.writeHead(503).end();
    exporter.add(span('read'));
    await expect.poll(() => collector.requests).toBeGreaterThan(1);
    collector.answer = null;
    await expect.poll(() => collector.spans).toHaveLength(1);
    await expect
      .poll(() => told)
      .toEqual(['the collector takes no spans: it answers 503', 'the collector takes spans again']);
    expect(dropped.value).toBe(0);
  });

  it('are dropped and counted when they are refused, all or some of them', async () => {
    collector.answer = (response) => response.writeHead(400).end('no');
    exporter.add(span('read'));
    await expect.poll(() => dropped.value).toBe(1);
    collector.answer = (response) => response.end('{"partialSuccess":{"rejectedSpans":"1"}}');
    exporter.add(span('a'));
    exporter.add(span('b'));
    await expect.poll(() => [exported.value, dropped.value]).toEqual([1, 2]);
  });

  it('take no more memory than stated while nobody answers', async () => {
    await collector.close();
    for (let count = 0; count < SPANS_LIMIT + 10; count++) exporter.add(span('read'));
    expect(exporter.waiting).toBe(SPANS_LIMIT);
    expect(dropped.value).toBe(10);
    await expect.poll(() => told).toHaveLength(1);
    await exporter.close();
    expect(exporter.waiting).toBe(0);
    expect(dropped.value).toBe(SPANS_LIMIT + 10);
    exporter.add(span('late'));
    expect(dropped.value).toBe(SPANS_LIMIT + 11);
  });

  it('wait for a collector that says nothing only as long as the deadline', async () => {
    const time = new SetTime();
    exporter = toCollector(collector.url, time);
    collector.answer = () => undefined;
    exporter.add(span('read'));
    await expect.poll(() => collector.requests).toBe(1);
    time.pass(4999);
    expect(told).toEqual([]);
    collector.answer = null;
    time.pass(1);
    await expect.poll(() => exported.value).toBe(1);
    expect(told.join()).toContain('timeout');
  });

  it('that wait at the end are sent once more', async () => {
    exporter.add(span('last'));
    await exporter.close();
    expect(collector.spans.map(({ name }) => name)).toEqual(['last']);
    expect([exported.value, dropped.value]).toEqual([1, 0]);
  });

  it('hold up the end for one second in all while the collector says nothing', async () => {
    const time = new SetTime();
    exporter = toCollector(collector.url, time);
    collector.answer = () => undefined;
    for (let count = 0; count < SPANS_LIMIT; count++) exporter.add(span('read'));
    await expect.poll(() => collector.requests).toBe(1);
    const ended = exporter.close();
    time.pass(1000);
    await ended;
    expect([exported.value, dropped.value]).toEqual([0, SPANS_LIMIT]);
    expect(collector.requests).toBe(1);
  });

  it('hold up the end for one second in all while the collector is slow', async () => {
    const time = new SetTime();
    exporter = toCollector(collector.url, time);
    const waiting: ServerResponse[] = [];
    collector.answer = (response) => void waiting.push(response);
    for (let count = 0; count < SPANS_LIMIT; count++) exporter.add(span('read'));
    await expect.poll(() => waiting).toHaveLength(1);
    const ended = exporter.close();
    for (let answered = 1; answered <= 3; answered++) {
      time.pass(300);
      waiting.at(-1)?.end('{}');
      await expect.poll(() => waiting).toHaveLength(answered + 1);
    }
    time.pass(100);
    await ended;
    expect(exported.value).toBeGreaterThan(0);
    expect(exported.value + dropped.value).toBe(SPANS_LIMIT);
    expect(waiting).toHaveLength(4);
  });

  it.each(['', 'null', '[]', '{"partialSuccess":{"rejectedSpans":-3}}', '\u0000'])(
    'count as taken whatever stands in a good answer: %j',
    async (text) => {
      collector.answer = (response) => response.end(text);
      exporter.add(span('read'));
      await expect.poll(() => [exported.value, dropped.value]).toEqual([1, 0]);
    },
  );
});
