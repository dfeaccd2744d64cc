import type { Condition, Operation } from '../../history.js';
import { conditionOf, isConflict, isFresh } from '../finding.js';

/**
 * An operation with every field in its place, also those it lacks. Operations come in dozens of
 * shapes, and looking up a field in those takes far longer than judging it: each is read once.
 */
export interface Call {
  readonly operation: Operation;
  readonly kind: Operation['kind'];
  readonly outcome: Operation['outcome'];
  readonly version: number | undefined;
  readonly value: string | null | undefined;
  /** Empty if it has none. */
  readonly requestId: string;
  readonly startMs: number;
  /** Infinity if it was never answered. */
  readonly endMs: number;
  readonly condition: Condition | undefined;
  /** A rejection that tells what it was judged against. */
  readonly isConflict: boolean;
  /** Bound to real time. */
  readonly isFresh: boolean;
}

export function callOf(operation: Operation): Call {
  const { kind, outcome, version, value, requestId, startMs, endMs } = operation;
  return {
    operation,
    kind,
    outcome,
    version,
    value,
    requestId: requestId ?? '',
    startMs,
    endMs: endMs ?? Infinity,
    condition: conditionOf(operation),
    isConflict: outcome === 'rejected' && isConflict(operation),
    isFresh: isFresh(operation),
  };
}

/** The earliest attempt that was not refused; `fallback` where all were. */
export function firstOf(tries: readonly Call[], fallback: Call): Call;
export function firstOf(tries: readonly Call[], fallback: Call | undefined): Call | undefined;
export function firstOf(tries: readonly Call[], fallback: Call | undefined): Call | undefined {
  let first: Call | undefined;
  for (const each of tries) {
    if (each.outcome !== 'rejected' && each.startMs < (first?.startMs ?? Infinity)) first = each;
  }
  return first ?? fallback;
}
