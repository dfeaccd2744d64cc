import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ClientLimits } from '../site/client-limits.js';

export type PaceLimits = Pick<ClientLimits, 'bodyBytesPerSecond' | 'bodyWindowMs'>;

interface Window {
  readonly response: ServerResponse;
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
  private readonly windows = new Map<IncomingMessage, Window>();
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

  watch(request: IncomingMessage, response: ServerResponse, nowMs: number): void {
    this.windows.set(request, { response, sinceMs: nowMs, bytes: request.socket.bytesRead });
  }

  /** Its answer is over. */
  forget(request: IncomingMessage): void {
    this.windows.delete(request);
  }

  look(nowMs: number): void {
    for (const [request, window] of this.windows) {
      const { complete, socket } = request;
      if (complete || socket.destroyed) {
        this.windows.delete(request);
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
      this.windows.delete(request);
      this.slow(window.response);
    }
  }

  close(): void {
    clearInterval(this.timer);
    this.windows.clear();
  }
}
