import type { Timers } from '../protocol/timers.js';

/** Longest wait of one timer of the system; longer ones are set again. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

/** Time of this machine for the protocol. */
export function createRealTimers(): Timers {
  return {
    now: () => ({ monoMs: performance.now(), wallMs: Date.now() }),
    wake,
    // After everything that has arrived by now, so that many proposals share one flush.
    endOfTurn: (callback) => void setImmediate(callback),
  };
}

function wake(atMs: number, callback: () => void): { cancel(): void } {
  let timer: NodeJS.Timeout;
  const arm = (): void => {
    const leftMs = Math.min(Math.max(0, Math.ceil(atMs - performance.now())), LONGEST_WAIT_MS);
    timer = setTimeout(() => {
      // A timer of the system may be early by a fraction of a millisecond.
      if (performance.now() < atMs) arm();
      else callback();
    }, leftMs).unref();
  };
  arm();
  return { cancel: () => clearTimeout(timer) };
}
