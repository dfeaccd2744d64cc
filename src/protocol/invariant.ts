/** The invariants of docs/protocol.md. */
export type InvariantId =
  | 'I1'
  | 'I2'
  | 'I3'
  | 'I4'
  | 'I5'
  | 'I6'
  | 'I7'
  | 'I8'
  | 'I9'
  | 'I10'
  | 'I11'
  | 'I12'
  | 'I13'
  | 'I14'
  | 'I15'
  | 'I16'
  | 'I17'
  | 'I18'
  | 'I19'
  | 'I20';

/** The program is wrong. The site that finds it stops; the cluster goes on without it. */
export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation';
  readonly invariant: InvariantId;

  constructor(invariant: InvariantId, message: string) {
    super(`${invariant}: ${message}`);
    this.invariant = invariant;
  }
}

/** Stays on in production. `message` is made only when it is needed. */
export function invariant(
  condition: boolean,
  id: InvariantId,
  message: () => string,
): asserts condition {
  if (!condition) throw new InvariantViolation(id, message());
}
