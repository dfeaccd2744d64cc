import type { RequestTrace, SpanContext } from '../request-trace.js';
import { type Span, spanBelow } from './span.js';

export interface SpanSettings {
  /** Share of the requests that begin a trace here, 0 to 1; a caller's trace is as he says. */
  readonly samplingRatio: number;
  add(span: Span): void;
  random?(): number;
}

export interface EndedSpan {
  readonly name: string;
  readonly tookMs: number;
  readonly attributes: Span['attributes'];
  readonly failure?: string | null;
}

/** Decides which requests are recorded and makes their spans; all of them end now. */
export class SpanRecorder {
  constructor(private readonly settings: SpanSettings) {}

  /** The span of a request of a client; null for one that is not recorded. */
  begin(parent: SpanContext | null): SpanContext | null {
    const { samplingRatio, random = Math.random } = this.settings;
    const isWanted = parent === null ? random() < samplingRatio : parent.sampled;
    return isWanted ? spanBelow(parent) : null;
  }

  /** The request was answered. */
  request({ span, parent, id }: RequestTrace, ended: EndedSpan): void {
    if (span === null) return;
    const attributes = { ...ended.attributes, 'quorate.request_id': id };
    this.end(span, parent?.spanId ?? '', 'server', { ...ended, attributes });
  }

  /** Something that was done for it at its own site. */
  part({ span }: RequestTrace, ended: EndedSpan): void {
    if (span !== null) this.end(spanBelow(span), span.spanId, 'internal', ended);
  }

  /** `context`: as made by `spanBelow` when it began. */
  end(context: SpanContext, parentSpanId: string, kind: Span['kind'], ended: EndedSpan): void {
    const { name, tookMs, attributes, failure = null } = ended;
    const startMs = Date.now() - tookMs;
    this.settings.add({ context, parentSpanId, name, kind, startMs, tookMs, attributes, failure });
  }
}
