import type { Operation } from '../history.js';
import { conditionHolds, conditionOf, isConflict } from './finding.js';

type State = string | null;

/** What one call does to the register, versions left out. */
export interface RegisterStep {
  readonly operation: Operation;
  readonly startMs: number;
  /** Infinity: it may take effect at any later time, or never. */
  readonly endMs: number;
  /** The state after it, or undefined where it cannot stand at this state. */
  readonly apply: (state: State) => State | undefined;
  readonly isRead: boolean;
  /** Writes of the same number do the same to every state. */
  readonly effect: number;
}

/** Stands for every content that no answer and no condition tells apart from other content. */
const UNTOLD = '\u0000untold';

/**
 * The calls on one file as steps of a register: first those that ended, then those that never did,
 * each in the order of their starts. Calls that tell nothing are left out.
 */
export function registerSteps(operations: readonly Operation[]): RegisterStep[] {
  const calls = onePerRequest(operations);
  const told = toldContents(calls);
  const effects = new Map<string, number>();
  const steps = calls.flatMap((operation) => {
    if (operation.outcome === 'ok') return readStep(operation);
    if (operation.kind !== 'write' && operation.kind !== 'delete') return [];
    const refusal = isConflict(operation) ? refusalStep(operation) : [];
    return [...refusal, ...writeStep(operation, told, effects)];
  });
  const isOpen = ({ endMs }: RegisterStep): number => Number(endMs === Infinity);
  return steps.sort((a, b) => isOpen(a) - isOpen(b) || a.startMs - b.startMs);
}

function readStep(operation: Operation): RegisterStep[] {
  const { value } = operation;
  if (value === undefined) return [];
  return [{ ...looks(operation), apply: (state) => (state === value ? state : undefined) }];
}

/** A refused condition is a read of content for which it does not hold. */
function refusalStep(operation: Operation): RegisterStep[] {
  const expected = expectation(operation);
  if (expected === 'opaque') return [];
  return [{ ...looks(operation), apply: (state) => (expected(state) ? undefined : state) }];
}

function looks(operation: Operation): Omit<RegisterStep, 'apply'> {
  const { startMs } = operation;
  return { operation, startMs, endMs: endOf(operation), isRead: true, effect: -1 };
}

function writeStep(
  operation: Operation,
  told: ReadonlySet<string>,
  effects: Map<string, number>,
): RegisterStep[] {
  const { kind, outcome, startMs } = operation;
  if (outcome !== 'committed' && outcome !== 'unknown') return [];
  const written = kind === 'delete' ? null : writtenBy(operation);
  const after = written === null || told.has(written) ? written : UNTOLD;
  const expected = expectation(operation);
  const isOptional = outcome === 'unknown';
  const apply = (state: State): State | undefined => {
    if (expected === 'opaque' || expected(state)) return after;
    return isOptional ? state : undefined;
  };
  const does = JSON.stringify([after, isOptional, conditionOf(operation) ?? null]);
  const effect = effects.get(does) ?? effects.size;
  effects.set(does, effect);
  return [{ operation, startMs, endMs: endOf(operation), apply, isRead: false, effect }];
}

function writtenBy({ id, value }: Operation): string {
  return value ?? `call ${id}`;
}

function endOf({ outcome, endMs }: Operation): number {
  return outcome === 'unknown' ? Infinity : (endMs ?? Infinity);
}

/** Conditions in terms of content: a version stands for the content the client had seen at it. */
function expectation(operation: Operation): ((state: State) => boolean) | 'opaque' {
  const condition = conditionOf(operation);
  if (condition === undefined) return () => true;
  const { ifVersion, ifValue, ...rest } = condition;
  if (ifVersion !== undefined && ifValue === undefined) return 'opaque';
  return (state) =>
    (ifVersion === undefined || (state !== null && state === ifValue)) &&
    conditionHolds(rest, 0, state);
}

/** Every content that some read saw or some condition names. */
function toldContents(operations: readonly Operation[]): Set<string> {
  const told = new Set<string>();
  for (const { kind, outcome, value, condition } of operations) {
    if (kind === 'read' && outcome === 'ok' && typeof value === 'string') told.add(value);
    if (typeof condition?.ifValue === 'string') told.add(condition.ifValue);
    for (const etag of condition?.ifMatch ?? []) told.add(etag);
    for (const etag of condition?.ifNoneMatch ?? []) told.add(etag);
  }
  return told;
}

/** Attempts under one request id are one call: from its first start to its first clear answer. */
function onePerRequest(operations: readonly Operation[]): Operation[] {
  const byRequest = new Map<string, Operation[]>();
  const result: Operation[] = [];
  for (const operation of operations) {
    const { requestId } = operation;
    if (requestId === undefined || requestId === '') result.push(operation);
    else byRequest.set(requestId, [...(byRequest.get(requestId) ?? []), operation]);
  }
  for (const tries of byRequest.values()) {
    const committed = tries.filter(({ outcome }) => outcome === 'committed');
    const open = tries.filter(({ outcome }) => outcome === 'unknown');
    result.push(...tries.filter(({ outcome }) => outcome !== 'committed' && outcome !== 'unknown'));
    const best = committed[0] ?? open[0];
    if (best === undefined) continue;
    const startMs = Math.min(...[...committed, ...open].map((each) => each.startMs));
    const ends = committed.map(({ endMs }) => endMs ?? Infinity);
    const endMs = Math.min(...ends, Infinity);
    result.push({ ...best, startMs, endMs: Number.isFinite(endMs) ? endMs : null });
  }
  return result;
}
