/** Wrong passwords for one link in `ATTEMPTS_WINDOW_MS`, at each site. */
export const ATTEMPTS_LIMIT = 10;
export const ATTEMPTS_WINDOW_MS = 15 * 60 * 1000;
/** Links of which attempts are remembered; only links that exist get here. */
const LINKS_LIMIT = 20_000;
/** Passwords that are being stretched or wait for it; each takes 32 MiB and a core meanwhile. */
export const WAITING_LIMIT = 16;

/**
 * Lets few passwords be tried: so many wrong ones for a link, and one after the other, so that
 * guessing cannot take the site's memory or cores either.
 */
export class PasswordAttempts {
  private readonly wrong = new Map<string, { count: number; readonly untilMs: number }>();
  private turn: Promise<unknown> = Promise.resolve();
  private waiting = 0;

  constructor(private readonly nowMs: () => number = () => performance.now()) {}

  async try(
    id: string,
    isRight: () => Promise<boolean>,
  ): Promise<'right' | 'wrong' | 'too_many' | 'overloaded'> {
    if (this.waiting >= WAITING_LIMIT) return 'overloaded';
    // Counted before it is known: attempts made at the same time must not slip past together.
    const counted = this.countOf(id);
    if (counted.count >= ATTEMPTS_LIMIT) return 'too_many';
    counted.count += 1;
    this.waiting += 1;
    const tried = this.turn.then(isRight);
    this.turn = tried.catch(() => undefined);
    try {
      if (!(await tried)) return 'wrong';
      counted.count -= 1;
      return 'right';
    } finally {
      this.waiting -= 1;
    }
  }

  private countOf(id: string): { count: number } {
    const nowMs = this.nowMs();
    const known = this.wrong.get(id);
    if (known !== undefined && known.untilMs > nowMs) return known;
    this.wrong.delete(id);
    if (this.wrong.size >= LINKS_LIMIT) {
      const [oldest] = this.wrong.keys();
      if (oldest !== undefined) this.wrong.delete(oldest);
    }
    const begun = { count: 0, untilMs: nowMs + ATTEMPTS_WINDOW_MS };
    this.wrong.set(id, begun);
    return begun;
  }
}
