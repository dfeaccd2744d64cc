/** How one direction of a way is just now. */
export interface Condition {
  readonly delayMs: number;
  /** Each piece is held up by a random part of this on top. */
  readonly jitterMs: number;
  /** Null: as fast as it goes. */
  readonly bytesPerSecond: number | null;
  /** The chance that a piece, and all behind it, waits for a packet that has to be sent again. */
  readonly stallChance: number;
  readonly stallMs: number;
  /**
   * `held`: what is said waits, and arrives when the cut has healed. `swallowed`: it is gone, and
   * whoever sent it is not told; once healed, connections that lost bytes are reset.
   */
  readonly cut: 'open' | 'held' | 'swallowed';
}

export const CLEAR: Condition = {
  delayMs: 0,
  jitterMs: 0,
  bytesPerSecond: null,
  stallChance: 0,
  stallMs: 0,
  cut: 'open',
};
