import type { Span } from './span.js';

/*
 * Spans in the JSON encoding of OTLP: ids in hex, 64-bit numbers as strings, kinds and codes as
 * numbers.
 */

const KINDS: Readonly<Record<Span['kind'], number>> = { internal: 1, server: 2 };
const ERROR_CODE = 2;
const VALUE_LIMIT_CHARACTERS = 1024;

export interface SpanResource {
  readonly site: string;
  readonly clusterId: string;
  readonly version: string;
}

/** The body of one `POST /v1/traces`. */
export function otlpJson(spans: readonly Span[], resource: SpanResource): string {
  const { site, clusterId, version } = resource;
  const of = attributes({
    'service.name': 'quorate',
    'service.namespace': clusterId,
    'service.instance.id': site,
    'service.version': version,
  });
  const scopeSpans = [{ scope: { name: 'quorate', version }, spans: spans.map(spanJson) }];
  return JSON.stringify({ resourceSpans: [{ resource: { attributes: of }, scopeSpans }] });
}

function spanJson(span: Span): object {
  const { context, parentSpanId, name, kind, startMs, tookMs, failure } = span;
  return {
    traceId: context.traceId,
    spanId: context.spanId,
    ...(parentSpanId !== '' && { parentSpanId }),
    name,
    kind: KINDS[kind],
    startTimeUnixNano: nanoseconds(startMs),
    endTimeUnixNano: nanoseconds(startMs + tookMs),
    attributes: attributes(span.attributes),
    ...(failure !== null && { status: { code: ERROR_CODE, message: failure } }),
  };
}

function attributes(of: Span['attributes']): object[] {
  return Object.entries(of).map(([key, value]) => ({ key, value: valueJson(value) }));
}

function valueJson(value: string | number): object {
  if (typeof value === 'string') return { stringValue: value.slice(0, VALUE_LIMIT_CHARACTERS) };
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}

/** To the microsecond, which is what doubles hold of the time since 1970. */
function nanoseconds(ms: number): string {
  return `${Math.round(ms * 1000)}000`;
}
