import type { IncomingHttpHeaders } from 'node:http';

/** Begins the offered subprotocol that carries a key: a web page can set no other header. */
export const KEY_SUBPROTOCOL = 'quorate.key.';

const BEARER = /^bearer +([^\s,]+) *$/i;

/**
 * The key that a request shows: `Authorization: Bearer <id>.<secret>`, or the subprotocol of a
 * session. Null: none; '' for one of another make, which is no key.
 */
export function keyShown(headers: IncomingHttpHeaders): string | null {
  const { authorization } = headers;
  if (authorization !== undefined) return BEARER.exec(authorization)?.[1] ?? '';
  for (const offered of (headers['sec-websocket-protocol'] ?? '').split(',')) {
    const protocol = offered.trim();
    if (protocol.startsWith(KEY_SUBPROTOCOL)) return protocol.slice(KEY_SUBPROTOCOL.length);
  }
  return null;
}
