import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** What a refusal for too much work says in its `Retry-After`. */
export const RETRY_AFTER_SECONDS = 1;

const heardAgainMs = new WeakMap<Socket, number>();

/** Its client was told to come again later, and is not heard on this connection before. */
export function holdBack(socket: Socket, nowMs = performance.now()): void {
  heardAgainMs.set(socket, nowMs + 1000 * RETRY_AFTER_SECONDS);
}

/**
 * Goes on at once, or, with a client that does not wait as it was told, when it should have come. So
 * one that only asks again and again costs a site next to nothing, and takes nobody's place.
 */
export function whenHeard(socket: Socket, response: ServerResponse, go: () => void): void {
  const untilMs = heardAgainMs.get(socket);
  if (untilMs === undefined) return go();
  heardAgainMs.delete(socket);
  const leftMs = untilMs - performance.now();
  if (leftMs <= 0) return go();
  // Timers leave out what is not a whole millisecond.
  const timer = setTimeout(go, Math.ceil(leftMs));
  response.once('close', () => clearTimeout(timer));
}
