import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { SESSION_LIFE_MS } from '../../../site/access/session-token.js';

/*
 * The cookie of a web page that signed in. No script sees it, and no other site's page makes the
 * browser send it; a page of another port of this machine could, so what it asks is looked at too.
 */

const NAME = 'quorate_session';
/** Under TLS: browsers take this name only from this host itself, and only secure. */
const SECURE_NAME = `__Host-${NAME}`;

/** What a request shows of a page's session, if anything. */
export function cookieShown(request: IncomingMessage): string | null {
  return cookieNamed(request, isSecure(request.socket) ? SECURE_NAME : NAME);
}

/** The value of a cookie that a request shows; null without it. */
export function cookieNamed({ headers }: IncomingMessage, name: string): string | null {
  const wanted = `${name}=`;
  for (const part of (headers.cookie ?? '').split(';')) {
    const text = part.trim();
    if (text.startsWith(wanted)) return text.slice(wanted.length);
  }
  return null;
}

/** The header that sets it; `token` null takes it away. */
export function setCookie(request: IncomingMessage, token: string | null): string[] {
  const secure = isSecure(request.socket);
  const life = token === null ? 0 : SESSION_LIFE_MS / 1000;
  const value =
    `${secure ? SECURE_NAME : NAME}=${token ?? ''}; Path=/; Max-Age=${life}; HttpOnly; ` +
    `SameSite=Strict${secure ? '; Secure' : ''}`;
  return ['Set-Cookie', value];
}

/**
 * Whether the page that sent this is one of this very address. Reading by one that says nothing of
 * itself is let pass, as nobody but the browser's user sees the answer; a change, or a session, has
 * to say: by `Origin`, by `Sec-Fetch-Site`, or by a header that no foreign page may send.
 */
export function isOwnPage(request: IncomingMessage): boolean {
  const { method, headers } = request;
  const { origin, host } = headers;
  const fetchSite = headers['sec-fetch-site'];
  if (origin !== undefined) return origin === `http://${host}` || origin === `https://${host}`;
  if (fetchSite === 'cross-site' || fetchSite === 'same-site') return false;
  const isRead = (method === 'GET' || method === 'HEAD') && headers.upgrade === undefined;
  return isRead || fetchSite === 'same-origin' || hasOwnHeader(headers);
}

function hasOwnHeader(headers: IncomingHttpHeaders): boolean {
  return headers['quorate-console'] !== undefined;
}

/** Whether it came under TLS. */
export function isSecure(socket: IncomingMessage['socket']): boolean {
  return 'encrypted' in socket && socket.encrypted === true;
}
