import type { Condition, Operation } from '../history.js';

export type InvariantId =
  | 'I1'
  | 'I2'
  | 'I3'
  | 'I6'
  | 'I7'
  | 'I9'
  | 'I14'
  | 'I15'
  | 'I17'
  | 'I18'
  | 'I20'
  /** Promise 1: no order of the operations explains what was seen. */
  | 'linearizable'
  /** The same seed must give the same run. */
  | 'replay'
  /** The run itself came to a stop. */
  | 'simulator'
  /** Promise 7: replicas end equal. */
  | 'convergence';

/** One thing that cannot be, told so that a person understands it. */
export interface Finding {
  readonly invariant: InvariantId;
  /** Who read what, when, and why that cannot be. */
  readonly message: string;
  readonly operations: readonly Operation[];
}

/** A judge stops at so many findings: the first ones tell the story. */
export const FINDING_LIMIT = 100;

/** What one site's view or log holds of every file at the end. */
export interface SiteCopy {
  readonly site: string;
  readonly versions: readonly {
    readonly name: string;
    readonly version: number;
    readonly epoch: number;
    readonly seq: number;
    readonly value: string | null;
  }[];
}

/** Collects findings up to the limit. */
export class Findings {
  readonly list: Finding[] = [];

  get isFull(): boolean {
    return this.list.length >= FINDING_LIMIT;
  }

  add(invariant: InvariantId, message: string, ...operations: readonly Operation[]): void {
    if (!this.isFull) this.list.push({ invariant, message, operations });
  }
}

/** Strong and validating reads and every write are bound to real time; `local` reads are not. */
export function isFresh(operation: Operation): boolean {
  return operation.mode !== 'local';
}

/** A conflict is a read: it tells what version the condition was judged against. */
export function isConflict(operation: Operation): boolean {
  return (
    operation.outcome === 'rejected' &&
    (operation.reason === 'precondition_failed' || operation.reason === 'no_such_file')
  );
}

/** Whether a condition holds for a file at this version with this value (null: no file). */
export function conditionHolds(
  condition: Condition,
  version: number,
  value: string | null,
): boolean {
  const { ifVersion, ifAbsent, ifMatch, ifNoneMatch } = condition;
  const matches = (etags: readonly string[]): boolean =>
    value !== null && etags.some((etag) => etag === '*' || etag === value);
  if (ifVersion !== undefined && (ifVersion !== version || value === null)) return false;
  if (ifAbsent === true && value !== null) return false;
  if (ifMatch !== undefined && !matches(ifMatch)) return false;
  return ifNoneMatch === undefined || !matches(ifNoneMatch);
}

/** The condition a write is judged by; a delete asks for a file that exists. */
export function conditionOf(operation: Operation): Condition | undefined {
  if (operation.kind !== 'delete') return operation.condition;
  return { ...operation.condition, ifMatch: operation.condition?.ifMatch ?? ['*'] };
}

/** "c1 at nyc read b/f from 1.0 ms to 2.0 ms" */
export function describe(operation: Operation): string {
  const { client, site, kind, name, startMs, endMs, version, value } = operation;
  const verbs = { write: 'wrote', delete: 'deleted', read: 'read', list: 'listed' };
  const verb = verbs[kind];
  const until = endMs === null ? 'without an answer' : `to ${endMs.toFixed(1)} ms`;
  const what = version === undefined ? '' : ` (version ${version}, ${valueText(value)})`;
  return `${client} at ${site} ${verb} ${name}${what} from ${startMs.toFixed(1)} ms ${until}`;
}

export function valueText(value: string | null | undefined): string {
  if (value === undefined) return 'content not recorded';
  return value === null ? 'no file' : `"${value}"`;
}
