import { isIP } from 'node:net';
import * as z from 'zod';
import type { AccessKey, AccessKeys, KeyChange } from '../../site/access-keys.js';
import { RIGHTS_LIMIT } from '../../site/access/rights.js';
import { send } from '../http-exchange.js';
import type { Exchange } from './exchange.js';
import { sendProblem } from './exchange.js';
import { sendReadFailure } from './file-reads.js';
import { readJsonBody } from './json-body.js';
import { type Refusal, refusal } from './problem.js';

/*
 * Access keys: GET and POST of /v1/keys, DELETE of /v1/keys/<id>, PUT of /v1/keys/<id>/rights.
 * No answer about keys may be kept by a cache, and no page of another origin gets any.
 */

const Buckets = z.string().min(1).max(1100);
const Level = z.enum(['read', 'write', 'owner']);
const NewKey = z.strictObject({
  note: z.string().max(200).default(''),
  rights: z.array(z.strictObject({ buckets: Buckets, level: Level })).max(RIGHTS_LIMIT),
});
const NEW_KEY_EXAMPLE = '{"note": "backup", "rights": [{"buckets": "docs", "level": "write"}]}';
const RightChange = z.strictObject({ buckets: Buckets, level: Level.nullable() });
const RIGHT_EXAMPLE = '{"buckets": "docs", "level": "read"}, with the level null to take it away';

/** Null, or why this request may not even ask about keys. */
export function refuseForeignPage({ request }: Exchange): Refusal | null {
  const { origin, host = '' } = request.headers;
  const fetchSite = request.headers['sec-fetch-site'];
  const isForeign =
    origin === undefined
      ? fetchSite === 'cross-site' || fetchSite === 'same-site'
      : !isSameOrigin(origin, host);
  return isForeign
    ? refusal('cross_origin', `the page is of ${origin ?? 'another origin'}; keys are not for it`)
    : null;
}

/**
 * A name that leads to this machine may be anybody's (DNS rebinding), and his page would then be of
 * "the same" origin: only of an address or `localhost` is it certain that the page came from here.
 */
function isSameOrigin(origin: string, host: string): boolean {
  if (origin !== `http://${host}` && origin !== `https://${host}`) return false;
  if (!URL.canParse(origin)) return false;
  const { hostname } = new URL(origin);
  return hostname === 'localhost' || isIP(hostname.replace(/^\[|\]$/g, '')) !== 0;
}

export async function answerKeys(exchange: Exchange, keys: AccessKeys): Promise<void> {
  const listed = await keys.list();
  if (!listed.ok) return sendReadFailure(exchange, listed);
  sendPrivate(exchange, 200, { keys: listed.keys.map(keyJson) });
}

/** POST: the only answer that has the secret. */
export async function createKey(exchange: Exchange, keys: AccessKeys): Promise<void> {
  const read = await readJsonBody(exchange, NewKey, NEW_KEY_EXAMPLE);
  if (!read.ok) return sendProblem(exchange, read);
  const made = await keys.create(read.value.note, read.value.rights);
  if (!made.ok) return sendKeyFailure(exchange, made);
  sendPrivate(exchange, 201, { ...keyJson(made.key), secret: made.key.secret });
}

export async function revokeKey(exchange: Exchange, keys: AccessKeys, id: string): Promise<void> {
  sendChanged(exchange, await keys.revoke(id));
}

export async function changeRights(
  exchange: Exchange,
  keys: AccessKeys,
  id: string,
): Promise<void> {
  const read = await readJsonBody(exchange, RightChange, RIGHT_EXAMPLE);
  if (!read.ok) return sendProblem(exchange, read);
  sendChanged(exchange, await keys.allow(id, read.value.buckets, read.value.level));
}

function sendChanged(exchange: Exchange, change: KeyChange<AccessKey>): void {
  if (!change.ok) return sendKeyFailure(exchange, change);
  sendPrivate(exchange, 200, keyJson(change.key));
}

function sendKeyFailure(
  exchange: Exchange,
  { reason, message }: Extract<KeyChange<never>, { ok: false }>,
): void {
  if (reason === 'unknown') {
    return sendProblem(exchange, refusal('timeout', message), { outcome: 'unknown' });
  }
  // What a key's record lacks is the key.
  const code = reason === 'no_such_file' ? 'no_such_key' : reason;
  sendProblem(exchange, refusal(code, message));
}

function keyJson({ id, note, createdMs, rights }: AccessKey): Record<string, unknown> {
  return { id, note, created: new Date(createdMs).toISOString(), rights };
}

function sendPrivate(exchange: Exchange, status: number, value: unknown): void {
  const headers = [
    'Content-Type',
    'application/json',
    'Cache-Control',
    'no-store',
    'Quorate-Site',
    exchange.site,
  ];
  send(exchange, status, headers, `${JSON.stringify(value)}\n`);
}
