import type { IncomingMessage } from 'node:http';
import { PASSWORD_LIMIT, type Share } from '../../../site/access/shares/share-links.js';
import { OPENED_LIFE_MS } from '../../../site/access/shares/share-token.js';
import { collectBody, sendContinue } from '../../http-body.js';
import { cookieNamed, isSecure } from '../access/session-cookie.js';
import type { Exchange } from '../exchange.js';

/* What the holder of a link shows of its password: a form, a cookie, or basic authentication. */

const NAME = 'quorate_share';
const FORM_LIMIT_BYTES = 4096;
const BASIC = /^basic +([A-Za-z0-9+/=]{1,400}) *$/i;

/** What a browser that showed the password before has kept; '' for none. */
export function openedShown(request: IncomingMessage): string {
  return cookieNamed(request, NAME) ?? '';
}

/** The header by which it keeps it, for the addresses of this link only. */
export function keepOpened(request: IncomingMessage, path: string, opened: string): string[] {
  const secure = isSecure(request.socket) ? '; Secure' : '';
  const seconds = OPENED_LIFE_MS / 1000;
  const value = `${NAME}=${opened}; Path=${path}; Max-Age=${seconds}; HttpOnly; SameSite=Lax`;
  return ['Set-Cookie', value + secure];
}

/** The password of basic authentication, whatever the user's name is; null without one. */
export function basicPassword({ headers }: IncomingMessage): string | null {
  const [, encoded] = BASIC.exec(headers.authorization ?? '') ?? [];
  if (encoded === undefined) return null;
  const text = Buffer.from(encoded, 'base64').toString();
  const password = text.slice(text.indexOf(':') + 1);
  return password === '' || password.length > PASSWORD_LIMIT ? null : password;
}

/** The password of the page's form; '' for what is no such form. */
export async function formPassword(exchange: Exchange): Promise<string> {
  sendContinue(exchange);
  const bytes = await collectBody(exchange.request, FORM_LIMIT_BYTES);
  const password = new URLSearchParams(bytes?.toString() ?? '').get('password') ?? '';
  return password.length > PASSWORD_LIMIT ? '' : password;
}

/** Whether the password is wanted and not shown before, as a cookie of this link. */
export function wantsPassword({ shares, request }: Exchange, share: Share): boolean {
  return shares?.isOpened(share, openedShown(request)) !== true;
}
