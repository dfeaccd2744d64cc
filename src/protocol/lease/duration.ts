/** What two machines' clocks may differ by while a right runs. */
export interface Drift {
  /** Largest difference between their rates, as a fraction. */
  readonly driftRate: number;
  /** Taken off by the holder, and added by the granter. */
  readonly driftMarginMs: number;
}

/** † A holder counts from when it sent what it was answered, and gives up early. */
export function holderEndMs(sentMs: number, durationMs: number, drift: Drift): number {
  return sentMs + durationMs * (1 - drift.driftRate) - drift.driftMarginMs;
}

/** † A granter counts from when it was asked, or told, and waits longer. */
export function granterEndMs(heardMs: number, durationMs: number, drift: Drift): number {
  return heardMs + durationMs * (1 + drift.driftRate) + drift.driftMarginMs;
}
