import { randomBytes } from 'node:crypto';

/*
 * What a request is called wherever it goes: in answers, in the logs of every site that had a part
 * in it and, where the caller said one, in the distributed trace it belongs to.
 */

/** The caller's place in a distributed trace (W3C Trace Context). */
export interface SpanContext {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  readonly sampled: boolean;
}

export interface RequestTrace {
  readonly id: string;
  readonly parent: SpanContext | null;
  /** This request's own span, where spans are recorded; else the caller's is passed on. */
  readonly span: SpanContext | null;
  /** What it waited for so far, in milliseconds; null: nothing that was noted. */
  waits: Record<string, number> | null;
}

const REQUEST_ID = /^[\x21-\x7e]{1,128}$/;
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-|$)/;
const TRACEPARENT_LIMIT_CHARACTERS = 256;

const run = randomBytes(9).toString('base64url');
let made = 0;

/** An id for a request whose caller gave none: never the same again, at any site. */
export function newRequestId(): string {
  made += 1;
  return `${run}-${made.toString(36)}`;
}

/** The id if it is one; else undefined. */
export function readRequestId(text: unknown): string | undefined {
  return typeof text === 'string' && REQUEST_ID.test(text) ? text : undefined;
}

/** Null for what is none: a trace begins anew then, as the standard has it. */
export function readTraceparent(text: unknown): SpanContext | null {
  if (typeof text !== 'string' || text.length > TRACEPARENT_LIMIT_CHARACTERS) return null;
  const [, traceId, spanId, flags] = TRACEPARENT.exec(text) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return null;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return null;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export function traceparentText({ traceId, spanId, sampled }: SpanContext): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}

/** How a request is named to another site. */
export function traceText({ id, span, parent }: RequestTrace): string {
  const context = span ?? parent;
  return context === null ? id : `${id} ${traceparentText(context)}`;
}

/** Reads what `traceText` wrote; of anything else only what looks like an id. */
export function readTraceText(text: string): { id: string; parent: SpanContext | null } {
  const [id = '', parent] = text.split(' ', 2);
  return { id: readRequestId(id) ?? 'unnamed', parent: readTraceparent(parent) };
}

export function noteWait(trace: RequestTrace | undefined, what: string, ms: number): void {
  if (trace === undefined) return;
  trace.waits ??= {};
  trace.waits[what] = (trace.waits[what] ?? 0) + ms;
}
