/** How long a chunk that another site said it would send is waited for. */
const ARRIVAL_LIMIT_MS = 3000;
/** Announcements remembered; the oldest are forgotten, which costs a chunk sent twice. */
const ANNOUNCED_LIMIT = 8192;

/** Chunks on their way to this site, so that what is being sent is not asked for as well. */
export class ChunkArrivals {
  private readonly announcedAt = new Map<string, number>();
  private readonly waiting = new Map<string, Set<() => void>>();

  constructor(private readonly nowMs: () => number = () => performance.now()) {}

  announced(hash: string): void {
    this.announcedAt.delete(hash);
    this.announcedAt.set(hash, this.nowMs());
    if (this.announcedAt.size <= ANNOUNCED_LIMIT) return;
    for (const oldest of this.announcedAt.keys()) {
      this.announcedAt.delete(oldest);
      break;
    }
  }

  arrived(hash: string): void {
    this.announcedAt.delete(hash);
    for (const wake of this.waiting.get(hash) ?? []) wake();
  }

  /** Waits for a chunk that is on its way; true if it came in time, false at once if none is. */
  settled(hash: string, signal: AbortSignal): Promise<boolean> {
    const sinceMs = this.announcedAt.get(hash);
    const leftMs = sinceMs === undefined ? 0 : sinceMs + ARRIVAL_LIMIT_MS - this.nowMs();
    if (leftMs <= 0 || signal.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const finish = (came: boolean): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', giveUp);
        const others = this.waiting.get(hash);
        others?.delete(wake);
        if (others?.size === 0) this.waiting.delete(hash);
        resolve(came);
      };
      const wake = (): void => finish(true);
      const giveUp = (): void => finish(false);
      const timer = setTimeout(giveUp, leftMs);
      signal.addEventListener('abort', giveUp, { once: true });
      const others = this.waiting.get(hash) ?? new Set();
      this.waiting.set(hash, others.add(wake));
    });
  }
}
