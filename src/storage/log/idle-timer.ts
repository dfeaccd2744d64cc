/** A timer the log may be given in place of the real one. */
export interface IdleTimer {
  /** Calls back once after so many milliseconds, unless cancelled before. */
  set(milliseconds: number, fire: () => void): { cancel(): void };
}

export const realIdleTimer: IdleTimer = {
  set(milliseconds, fire) {
    const timer = setTimeout(fire, milliseconds);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};
