import type { Timers } from '../../../protocol/timers.js';
import { createRealTimers } from '../../real-timers.js';
import type { Counter } from '../metric-registry.js';
import type { Report } from '../site-log.js';
import { otlpJson, type SpanResource } from './otlp-json.js';
import type { Span } from './span.js';

/*
 * Sends spans to a collector by OTLP over HTTP. Of our own: the SDK and its exporter are 18
 * packages with 1,549 modules and 34 MB, of which this needs one POST, and none of which can carry
 * a span from a log entry to its replicas.
 */

/** Spans that wait; one more is dropped. */
export const SPANS_LIMIT = 4096;
const BATCH_LIMIT = 512;
const DEADLINE_MS = 5000;
const LAST_DEADLINE_MS = 1000;
const FLUSH_EVERY_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;
const ANSWER_LIMIT_BYTES = 64 * 1024;
/** Answers after which the same spans may be sent again. */
const PASSING: ReadonlySet<number> = new Set([429, 502, 503, 504]);

export interface SpanExporterOptions {
  /** Where `POST` goes to. */
  readonly url: string;
  readonly resource: SpanResource;
  readonly report: Report;
  readonly exported: Counter;
  /** Of spans that no collector took: the queue was full, or it refused them. */
  readonly dropped: Counter;
  readonly flushEveryMs?: number;
  /** Of the deadlines; this machine's own unless given. */
  readonly timers?: Pick<Timers, 'now' | 'wake'>;
}

type Sending = 'taken' | 'passing' | 'refused';

/** Takes spans at any time and never makes anybody wait; what does not fit is dropped and counted. */
export class SpanExporter {
  private queue: Span[] = [];
  private timer: NodeJS.Timeout | null = null;
  private sending: Promise<void> | null = null;
  private failures = 0;
  private closed = false;
  /** The time that `close` may take is over. */
  private late = false;
  /** Ends the request under way. */
  private request: AbortController | null = null;
  private readonly timers: Pick<Timers, 'now' | 'wake'>;

  constructor(private readonly options: SpanExporterOptions) {
    this.timers = options.timers ?? createRealTimers();
  }

  get waiting(): number {
    return this.queue.length;
  }

  add(span: Span): void {
    if (this.closed || this.queue.length >= SPANS_LIMIT) return this.options.dropped.add();
    this.queue.push(span);
    this.plan();
  }

  /** Sends once more what waits, for a second at most in all; the rest is dropped. */
  async close(): Promise<void> {
    this.closed = true;
    if (this.timer !== null) clearTimeout(this.timer);
    const end = this.after(LAST_DEADLINE_MS, () => {
      this.late = true;
      this.request?.abort(tooLong());
    });
    await this.sending;
    while (this.queue.length > 0 && this.failures === 0 && !this.late) {
      await this.sendNext(LAST_DEADLINE_MS);
    }
    end.cancel();
    this.options.dropped.add(this.queue.length);
    this.queue = [];
  }

  private plan(): void {
    if (this.closed || this.timer !== null || this.sending !== null) return;
    const { flushEveryMs = FLUSH_EVERY_MS } = this.options;
    const pauseMs = Math.min(LONGEST_PAUSE_MS, flushEveryMs * 2 ** Math.min(this.failures, 8));
    this.timer = setTimeout(() => {
      this.timer = null;
      this.sending = this.flush().finally(() => {
        this.sending = null;
        if (this.queue.length > 0) this.plan();
      });
    }, pauseMs).unref();
  }

  private async flush(): Promise<void> {
    while (this.queue.length > 0 && !this.closed) {
      if ((await this.sendNext(DEADLINE_MS)) === 'passing') return;
    }
  }

  private async sendNext(deadlineMs: number): Promise<Sending> {
    const batch = this.queue.slice(0, BATCH_LIMIT);
    const sent = await this.send(batch, deadlineMs);
    if (sent !== 'passing') this.queue.splice(0, batch.length);
    return sent;
  }

  private after(waitMs: number, act: () => void): { cancel(): void } {
    return this.timers.wake(this.timers.now().monoMs + waitMs, act);
  }

  private async send(batch: readonly Span[], deadlineMs: number): Promise<Sending> {
    const { url, resource, exported, dropped } = this.options;
    const request = new AbortController();
    this.request = request;
    const deadline = this.after(deadlineMs, () => request.abort(tooLong()));
    try {
      const answer = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: otlpJson(batch, resource),
        redirect: 'error',
        signal: request.signal,
      });
      const text = await limitedText(answer);
      if (!answer.ok) return this.failed(answer.status, batch.length);
      const rejected = Math.min(batch.length, rejectedOf(text));
      exported.add(batch.length - rejected);
      dropped.add(rejected);
      if (this.failures > 0) this.options.report('the collector takes spans again');
      this.failures = 0;
      return 'taken';
    } catch (error) {
      return this.passed(error instanceof Error ? reasonOf(error) : String(error));
    } finally {
      deadline.cancel();
      this.request = null;
    }
  }

  private failed(status: number, count: number): Sending {
    if (PASSING.has(status)) return this.passed(`it answers ${status}`);
    this.options.dropped.add(count);
    this.passed(`it refuses them with ${status}`);
    return 'refused';
  }

  /** The first of a row of failures is told. */
  private passed(why: string): Sending {
    if (this.failures === 0) {
      this.options.report(`the collector takes no spans: ${why}`, { level: 'warn' });
    }
    this.failures += 1;
    return 'passing';
  }
}

function tooLong(): DOMException {
  return new DOMException('no answer before the timeout', 'TimeoutError');
}

function reasonOf(error: Error): string {
  const { cause } = error;
  return cause instanceof Error && cause.message !== '' ? cause.message : error.message;
}

/** What is longer than any answer of a collector is not read to its end. */
async function limitedText(answer: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  const reader = answer.body?.getReader();
  while (reader !== undefined) {
    const { done, value } = await reader.read();
    if (done) return text;
    bytes += value.byteLength;
    if (bytes > ANSWER_LIMIT_BYTES) {
      await reader.cancel();
      return text;
    }
    text += decoder.decode(value, { stream: true });
  }
  return text;
}

/** Of a request that was taken in part. Any answer gives a number. */
function rejectedOf(text: string): number {
  try {
    const told = JSON.parse(text) as { partialSuccess?: { rejectedSpans?: unknown } } | null;
    const count = Number(told?.partialSuccess?.rejectedSpans ?? 0);
    return Number.isSafeInteger(count) && count > 0 ? count : 0;
  } catch {
    return 0;
  }
}
