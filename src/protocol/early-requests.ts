import type { Timers } from './timers.js';

/** So many wait at most; further ones are not held. */
const HELD_LIMIT = 1024;
/**
 * Longer than most successors take from the claim to their first committed entry, and far shorter
 * than clients wait: whoever asked is told in good time that it has to ask again.
 */
const HELD_MS = 250;

/**
 * Requests that reach a primary shortly before it serves. Refused they would be sent again after a
 * pause, over the same long way.
 */
export class EarlyRequests {
  private held: { readonly go: () => void; readonly wake: { cancel(): void } }[] = [];

  constructor(private readonly timers: Timers) {}

  /** Calls `go` once, on release or after a while; false, and never, if there is no room. */
  hold(go: () => void): boolean {
    if (this.held.length >= HELD_LIMIT) return false;
    const request = {
      go,
      wake: this.timers.wake(this.timers.now().monoMs + HELD_MS, () => {
        this.held = this.held.filter((each) => each !== request);
        go();
      }),
    };
    this.held.push(request);
    return true;
  }

  /** In the order in which they came. */
  release(): void {
    const held = this.clear();
    for (const { go } of held) go();
  }

  /** None of them is heard any more. */
  clear(): readonly { readonly go: () => void }[] {
    const { held } = this;
    this.held = [];
    for (const { wake } of held) wake.cancel();
    return held;
  }

  get isEmpty(): boolean {
    return this.held.length === 0;
  }
}
