import type { AccessGuard, Identified } from '../../../site/access/access-guard.js';
import { ANYBODY, ANYBODY_OF_OPEN_SITE, type Caller } from '../../../site/access/caller.js';
import type { IncomingMessage } from 'node:http';
import { splitTarget } from '../../raw-target.js';
import type { Exchange } from '../exchange.js';
import { sendProblem } from '../exchange.js';
import { type Refusal, refusal } from '../problem.js';
import { keyShown } from './credential.js';
import { cookieShown, isOwnPage } from './session-cookie.js';
import { routeAccess } from './route-access.js';

/**
 * Who sends this request. `guard` null: the site is open, and nobody is asked who he is. A key that
 * is shown has to be good, also where none is needed.
 */
export function identify(
  guard: AccessGuard | null,
  request: IncomingMessage,
): Sender | Promise<Sender> {
  if (guard === null) return { ok: true, caller: ANYBODY_OF_OPEN_SITE };
  const { headers } = request;
  const key = keyShown(headers);
  // What this site has without asking anybody is given to keys that it knows without asking.
  const consistency = headers['quorate-consistency'] === 'local' ? 'local' : 'strong';
  if (key !== null) return guard.identify(key, consistency);
  const cookie = cookieShown(request);
  if (cookie === null || cookie === '') return { ok: true, caller: ANYBODY };
  if (!isOwnPage(request)) return FOREIGN_PAGE;
  // A page whose session is over signs in again: it has to get as far as that.
  const signedIn = guard.identifyToken(cookie, consistency);
  return 'then' in signedIn ? signedIn.then(orAnybody) : orAnybody(signedIn);
}

export type Sender =
  | Identified
  | { readonly ok: false; readonly reason: 'cross_origin'; readonly message: string };

const FOREIGN_PAGE: Sender = {
  ok: false,
  reason: 'cross_origin',
  message: 'the page that sent this is not of this address, or did not say so',
};

function orAnybody(identified: Identified): Identified {
  const isOver = !identified.ok && identified.reason === 'invalid_key';
  return isOver ? { ok: true, caller: ANYBODY } : identified;
}

/** Lets `go` answer, if the request's sender gets to its route; else says why not. */
export function admit(
  guard: AccessGuard | null,
  exchange: Exchange,
  go: () => Promise<void> | void,
): Promise<void> | void {
  const proceed = (identified: Sender): Promise<void> | void => {
    // Who left while his key was looked up is waited for by nobody: what is begun here ends with the answer.
    if (exchange.response.closed) return;
    if (!identified.ok) {
      const problem = refusal(identified.reason, identified.message);
      return sendProblem(exchange, problem, { headers: challenge(problem) });
    }
    exchange.caller = identified.caller;
    const refused = refusedRoute(exchange);
    return refused === null ? go() : sendDenied(exchange, refused);
  };
  const identified = identify(guard, exchange.request);
  return 'then' in identified ? identified.then(proceed) : proceed(identified);
}

function refusedRoute({ caller, request, guard }: Exchange): Refusal | null {
  switch (routeAccess(splitTarget(request.url ?? '').path, guard)) {
    case 'open':
    case 'judged':
      return null;
    case 'known':
      return isKnown(caller) ? null : keyWanted();
    case 'administrator':
      return refusedAct(caller);
  }
}

/** Null for an administrator, else why this is not for the caller. */
export function refusedAct(caller: Caller): Refusal | null {
  if (caller.isAdministrator) return null;
  return isKnown(caller)
    ? refusal('forbidden', `only the administrator may do this, not the key ${caller.keyId}`)
    : keyWanted();
}

/** Why a caller who lacks the right for something is refused. */
export function lacksRight(caller: Caller, level: string, what: string): Refusal {
  return isKnown(caller)
    ? refusal('forbidden', `the key ${caller.keyId} has no right to ${level} ${what}`)
    : keyWanted();
}

export function sendDenied(exchange: Exchange, refused: Refusal): void {
  sendProblem(exchange, refused, { headers: challenge(refused) });
}

function challenge({ code }: Refusal): string[] {
  const asksForKey = code === 'key_required' || code === 'invalid_key';
  return asksForKey ? ['WWW-Authenticate', 'Bearer realm="quorate"'] : [];
}

function isKnown({ keyId, isAdministrator }: Caller): boolean {
  return keyId !== '' || isAdministrator;
}

function keyWanted(): Refusal {
  return refusal('key_required', 'the request shows no key');
}
