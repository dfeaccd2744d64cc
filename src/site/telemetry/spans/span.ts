import { randomBytes } from 'node:crypto';
import type { SpanContext } from '../request-trace.js';

/** What a site did for one request, from when to when. */
export interface Span {
  readonly context: SpanContext;
  /** The span this is a part of; '' for the first of its trace. */
  readonly parentSpanId: string;
  /** Of a small fixed set: names of files are attributes. */
  readonly name: string;
  /** `server`: asked for by somebody outside this process. */
  readonly kind: 'server' | 'internal';
  /** Since 1970. */
  readonly startMs: number;
  readonly tookMs: number;
  readonly attributes: Readonly<Record<string, string | number>>;
  /** Why it came to nothing; null when it did not. */
  readonly failure: string | null;
}

/** A place below the other one in its trace, or the first of a new trace. */
export function spanBelow(parent: SpanContext | null): SpanContext {
  return {
    traceId: parent?.traceId ?? randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
    sampled: true,
  };
}
