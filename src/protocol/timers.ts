import type { Now } from './shard/inputs.js';

/** Time, and the end of the present turn. Nothing is called back before the call has returned. */
export interface Timers {
  now(): Now;
  /** Calls back at or after `atMs` on the monotonic clock. */
  wake(atMs: number, callback: () => void): { cancel(): void };
  /** Calls back once what is happening now has been dealt with. */
  endOfTurn(callback: () => void): void;
}
