import { jittered, type Platform } from './platform.js';

const BACKOFF_MS = [25, 1000] as const;

/** Waits that end early when the client is closed. */
export class Pauses {
  private readonly waiting = new Set<() => void>();
  ended = false;

  constructor(private readonly platform: Platform) {}

  leftMs(untilMs: number): number {
    return Math.max(0, untilMs - this.platform.monoMs());
  }

  /**
   * Before another attempt: longer each time, jittered, and no less than a site asked for. False:
   * there is no time left for one, or it is not wanted any more.
   */
  async backOff(
    attempt: number,
    untilMs: number,
    leastMs = 0,
    signal?: AbortSignal,
  ): Promise<boolean> {
    const delayMs = Math.min(BACKOFF_MS[0] * 2 ** Math.min(attempt, 16), BACKOFF_MS[1]);
    const ownMs = jittered(this.platform, delayMs);
    // Those who were all refused at once are not to come back all at once.
    return this.pause(leastMs === 0 ? ownMs : leastMs + ownMs, untilMs, signal);
  }

  /** False, at once, if it would not end in time, or when the signal ends it. */
  async pause(delayMs: number, untilMs: number, signal?: AbortSignal): Promise<boolean> {
    if (this.ended || signal?.aborted || this.platform.monoMs() + delayMs >= untilMs) return false;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        cancel();
        this.waiting.delete(wake);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const cancel = this.platform.setTimer(delayMs, wake);
      this.waiting.add(wake);
      signal?.addEventListener('abort', wake);
    });
    return !this.ended && !signal?.aborted;
  }

  end(): void {
    this.ended = true;
    for (const wake of [...this.waiting]) wake();
  }
}
