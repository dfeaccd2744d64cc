import type { ServerResponse } from 'node:http';
import type { ClientLimits } from '../site/client-limits.js';

export type PaceLimits = Pick<ClientLimits, 'bodyBytesPerSecond' | 'bodyWindowMs'>;

interface Window {
  /** The answer to its request; null once it is over. */
  response: ServerResponse | null;
  sinceMs: number;
  /** What had been read from the connection then. */
  bytes: number;
}

/** In each window one looks so many times. */
const LOOKS = 4;

/**
 * Bodies that are on their way, and how fast: one that brings too little over a whole window is told
 * of as slow, once. Time in which nobody here read what had come is not the client's.
 */
export class BodyPace {
  private readonly windows = new Set<Window>();
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly limits: PaceLimits,
    private readonly slow: (response: ServerResponse) => void,
  ) {
    const everyMs = Math.ceil(limits.bodyWindowMs / LOOKS);
    this.timer = setInterval(() => this.look(performance.now()), everyMs);
    this.timer.unref();
  }

  /** Bodies that are looked at. */
  get watched(): number {
    return this.windows.size;
  }

  /** Until the answer is over. */
  watch(response: ServerResponse, nowMs: number): void {
    const window = { response, sinceMs: nowMs, bytes: response.req.socket.bytesRead };
    this.windows.add(window);
    response.once('close', () => this.forget(window));
  }

  look(nowMs: number): void {
    for (const window of this.windows) {
      const { response } = window;
      if (response === null) continue;
      const request = response.req;
      const { complete, socket } = request;
      if (complete || socket.destroyed) {
        this.forget(window);
        continue;
      }
      const elapsedMs = nowMs - window.sinceMs;
      const isOurs = request.readableFlowing === null || request.readableLength > 0;
      if (!isOurs && elapsedMs < this.limits.bodyWindowMs) continue;
      const least = (this.limits.bodyBytesPerSecond * elapsedMs) / 1000;
      if (isOurs || socket.bytesRead - window.bytes >= least) {
        window.sinceMs = nowMs;
        window.bytes = socket.bytesRead;
        continue;
      }
      this.forget(window);
      this.slow(response);
    }
  }

  close(): void {
    clearInterval(this.timer);
    this.windows.clear();
  }

  private forget(window: Window): void {
    this.windows.delete(window);
    // The set's own memory of what has left it is long (see `TransientMap`).
    window.response = null;
  }
}
