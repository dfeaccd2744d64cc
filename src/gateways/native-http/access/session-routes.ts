import * as z from 'zod';
import type { Caller } from '../../../site/access/caller.js';
import { send } from '../../http-exchange.js';
import type { Exchange } from '../exchange.js';
import { sendProblem } from '../exchange.js';
import { readJsonBody } from '../json-body.js';
import { refusal } from '../problem.js';
import { sendDenied } from './admission.js';
import { setCookie } from './session-cookie.js';

/*
 * /v1/session for web pages: POST of `{"key": "<id>.<secret>"}` signs in, DELETE signs out, GET says
 * who is signed in. (Asked to become a WebSocket, the same path carries a client's session.)
 */

const SignIn = z.strictObject({ key: z.string().max(300) });

export function answerSession(exchange: Exchange): Promise<void> | void {
  switch (exchange.request.method) {
    case 'GET':
    case 'HEAD':
      return whoIsIt(exchange);
    case 'POST':
      return signIn(exchange);
    case 'DELETE':
      return sendPrivate(exchange, {}, setCookie(exchange.request, null));
    default: {
      const problem = refusal('method_not_allowed', 'GET, HEAD, POST and DELETE are');
      return sendProblem(exchange, problem, { headers: ['Allow', 'GET, HEAD, POST, DELETE'] });
    }
  }
}

function whoIsIt(exchange: Exchange): void {
  const { caller } = exchange;
  if (caller.keyId !== '' || caller.isAdministrator) return sendPrivate(exchange, told(caller));
  sendDenied(exchange, refusal('key_required', 'nobody is signed in'));
}

async function signIn(exchange: Exchange): Promise<void> {
  const read = await readJsonBody(exchange, SignIn, '{"key": "<key id>.<secret>"}');
  if (!read.ok) return sendProblem(exchange, read);
  const { guard } = exchange;
  // Nobody is asked who he is here: there is nothing to sign in to.
  if (guard === null) return sendPrivate(exchange, told(exchange.caller));
  if (guard.tokens === null) {
    return sendProblem(exchange, refusal('no_seal', 'this site has no key to seal sessions with'));
  }
  const identified = await guard.identify(read.value.key);
  if (!identified.ok) {
    return sendDenied(exchange, refusal(identified.reason, identified.message));
  }
  const { caller } = identified;
  const { token, endMs } = guard.tokens.make(caller.keyId);
  const ends = new Date(endMs).toISOString();
  sendPrivate(exchange, { ...told(caller), ends }, setCookie(exchange.request, token));
}

function told({ keyId, isAdministrator, rights }: Caller): Record<string, unknown> {
  return { keyId, administrator: isAdministrator, rights };
}

function sendPrivate(exchange: Exchange, value: unknown, headers: readonly string[] = []): void {
  const all = ['Content-Type', 'application/json', 'Cache-Control', 'no-store', ...headers];
  send(exchange, 200, all, `${JSON.stringify(value)}\n`);
}
