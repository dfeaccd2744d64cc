import type { Frame } from '../../protocol/client/wire.js';

/** One WebSocket, as the client sees it. */
export interface PlatformSocket {
  send(frame: Frame): void;
  /** Ends it at once; nothing is told of it any more. */
  close(): void;
}

export interface SocketEvents {
  frame(frame: Frame): void;
  /**
   * It ended or never began; the last thing that is told. Never called from `openSocket` itself.
   * `code`: what the other side gave as the reason, 1006 or so where it said nothing.
   */
  closed(code: number): void;
}

export interface FetchSettings {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | Blob;
  readonly signal: AbortSignal;
}

/** Everything the client needs of where it runs; a test gives it time and sites of its own. */
export interface Platform {
  /** `subprotocols`: what is offered to the other side, which chooses one. */
  openSocket(url: string, subprotocols: readonly string[], events: SocketEvents): PlatformSocket;
  fetch(url: string, settings: FetchSettings): Promise<Response>;
  monoMs(): number;
  wallMs(): number;
  /** Returns what cancels it. */
  setTimer(delayMs: number, callback: () => void): () => void;
  /** Calls back once whatever has arrived on sockets had its turn. */
  nextTurn(callback: () => void): void;
  /** In hexadecimal; where there is none, content is not compared by it. */
  md5?(bytes: Uint8Array): string;
  /** At least 0 and less than 1. */
  random(): number;
  /** Never the same twice, in any process: visible ASCII, at most 64 characters. */
  randomId(): string;
}

/** Between half of the delay and all of it, so that clients do not come back all at once. */
export function jittered(platform: Platform, delayMs: number): number {
  return delayMs * (0.5 + platform.random() / 2);
}
