/** Slows down work that may take its time. */
export interface Pace {
  /** Called between steps; `bytes` were dealt with since the last time. */
  step(bytes: number): Promise<void>;
}

/** Works for a fifth of the time, and leaves the rest to others. */
const SHARE = 5;
const LONGEST_PAUSE_MS = 200;

/** For steps without much reading: rests in proportion to what a step took. */
export function gentlePace(): Pace {
  let beganMs = performance.now();
  return {
    step: async () => {
      const tookMs = performance.now() - beganMs;
      await pause(Math.min(LONGEST_PAUSE_MS, tookMs * (SHARE - 1)));
      beganMs = performance.now();
    },
  };
}

/** At most so many bytes a second. */
export function bytePace(bytesPerSecond: number): Pace {
  const startMs = performance.now();
  let total = 0;
  return {
    step: async (bytes) => {
      total += bytes;
      const dueMs = startMs + (1000 * total) / bytesPerSecond;
      await pause(dueMs - performance.now());
    },
  };
}

/** As fast as it goes, but letting others have their turn. */
export const FULL_PACE: Pace = { step: () => pause(0) };

function pause(milliseconds: number): Promise<void> {
  if (milliseconds < 1) return new Promise((resolve) => setImmediate(resolve));
  return new Promise((resolve) => setTimeout(resolve, milliseconds).unref());
}
