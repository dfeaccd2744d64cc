import type { ServerResponse } from 'node:http';

/** How many requests of one caller a site works on at once, where its config says nothing. */
export const REQUESTS_PER_CALLER = 1024;

/**
 * Of all the requests that a site takes, so many at once may be of one caller: of a key, or, without
 * one, of an address. Whoever asks for more is refused before any work is done, and the others are
 * answered as before.
 */
export class CallerShares {
  private readonly underWay = new Map<string, number>();

  constructor(readonly limit: number) {}

  /** Callers with something under way. */
  get callers(): number {
    return this.underWay.size;
  }

  /**
   * Counts a request until its answer is over; false where the caller has all it may have. One whose
   * client has left already is over: it would never end again.
   */
  enter(caller: string, response: ServerResponse): boolean {
    if (response.closed) return true;
    const count = this.underWay.get(caller) ?? 0;
    if (count >= this.limit) return false;
    this.underWay.set(caller, count + 1);
    response.once('close', () => this.leave(caller));
    return true;
  }

  private leave(caller: string): void {
    const left = (this.underWay.get(caller) ?? 0) - 1;
    if (left > 0) this.underWay.set(caller, left);
    else this.underWay.delete(caller);
  }
}

/** As which caller a request counts. */
export function callerName(keyId: string, address: string | undefined): string {
  return keyId === '' ? `address ${address ?? ''}` : `key ${keyId}`;
}

/** What is said to one who has too much under way. */
export function tooManyOf(caller: string, limit: number): string {
  return `${limit} requests of the ${caller} are under way here, the most of one caller; nothing was done`;
}
