import type { Operation } from '../history.js';
import { conditionHolds, conditionOf } from '../judges/finding.js';

/**
 * Whether any order at all explains the calls on one file: every order of every choice of the calls
 * that have no clear answer is tried. No memory, no short cuts; for a handful of calls.
 */
export function naiveIsLinearizable(calls: readonly Operation[]): boolean {
  return canGoOn(calls, null);
}

function canGoOn(left: readonly Operation[], state: string | null): boolean {
  if (left.every(isOpen)) return true;
  return left.some((call) => {
    if (left.some((other) => other !== call && endedBefore(other, call))) return false;
    const after = stateAfter(call, state);
    if (after === undefined) return false;
    return canGoOn(
      left.filter((other) => other !== call),
      after,
    );
  });
}

function isOpen({ outcome, endMs }: Operation): boolean {
  return outcome === 'unknown' || endMs === null;
}

function endedBefore(a: Operation, b: Operation): boolean {
  return !isOpen(a) && a.endMs !== null && a.endMs < b.startMs;
}

function stateAfter(call: Operation, state: string | null): string | null | undefined {
  const { kind, outcome, value = null } = call;
  if (kind === 'read') return value === state ? state : undefined;
  const condition = conditionOf(call) ?? {};
  const { ifVersion, ifValue, ...rest } = condition;
  const holds =
    (ifVersion === undefined || (state !== null && state === ifValue)) &&
    conditionHolds(rest, 0, state);
  if (outcome === 'rejected') return holds ? undefined : state;
  const after = kind === 'delete' ? null : value;
  if (holds) return after;
  return outcome === 'unknown' ? state : undefined;
}
