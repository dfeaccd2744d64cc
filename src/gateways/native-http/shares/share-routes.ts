import * as z from 'zod';
import {
  mayShare,
  PASSWORD_LIMIT,
  type Share,
  type ShareFailure,
  SHARE_LIFE_LIMIT_MS,
  type ShareLinks,
} from '../../../site/access/shares/share-links.js';
import { checkBucketName, checkFileName } from '../../../site/site-names.js';
import { send } from '../../http-exchange.js';
import { lacksRight, sendDenied } from '../access/admission.js';
import { type Exchange, sendProblem } from '../exchange.js';
import { sendReadFailure } from '../file-reads.js';
import { readJsonBody } from '../json-body.js';
import { type Refusal, refusal } from '../problem.js';
import { readQuery } from '../request-target.js';
import { SHARED } from './shared-files.js';

/* GET and POST of /v1/shares, DELETE of /v1/shares/<id>: links to files, for whoever may read them. */

const SHARES = '/v1/shares';
const DEFAULT_LIFE_MS = 7 * 24 * 60 * 60 * 1000;
const ID = /^[A-Z2-7]{16}$/;

const NewShare = z.strictObject({
  name: z.string().max(1200),
  version: z.int().min(1).nullable().default(null),
  seconds: z
    .int()
    .min(1)
    .max(SHARE_LIFE_LIMIT_MS / 1000)
    .default(DEFAULT_LIFE_MS / 1000),
  password: z.string().min(1).max(PASSWORD_LIMIT).nullable().default(null),
  note: z.string().max(200).default(''),
});
const EXAMPLE =
  '{"name": "docs/report.pdf", "seconds": 604800, "password": null, "version": null}; ' +
  'a name that ends in "/" shares all files that begin so';

export function isSharesPath(path: string): boolean {
  return path === SHARES || path.startsWith(`${SHARES}/`);
}

export function answerShares(
  exchange: Exchange,
  path: string,
  query: string,
): Promise<void> | void {
  const { shares } = exchange;
  if (shares === null) return sendProblem(exchange, refusal('no_seal', 'links are sealed'));
  const parameters = readQuery(query, path === SHARES ? ['name'] : []);
  if (!parameters.ok) return sendProblem(exchange, parameters);
  const { method } = exchange.request;
  const isRead = method === 'GET' || method === 'HEAD';
  if (path !== SHARES) {
    return method === 'DELETE'
      ? revoke(exchange, shares, path.slice(SHARES.length + 1))
      : refuseMethod(exchange, 'DELETE');
  }
  if (isRead) return list(exchange, shares, parameters.values.get('name'));
  return method === 'POST' ? create(exchange, shares) : refuseMethod(exchange, 'GET, HEAD, POST');
}

async function create(exchange: Exchange, shares: ShareLinks): Promise<void> {
  const read = await readJsonBody(exchange, NewShare, EXAMPLE);
  if (!read.ok) return sendProblem(exchange, read);
  const { name, version, seconds, password, note } = read.value;
  exchange.subject = `${SHARES} ${name}`;
  const fault = nameFault(name, version);
  if (fault !== null) return sendProblem(exchange, fault);
  const { caller } = exchange;
  if (!mayShare(caller, name)) return sendDenied(exchange, lacksRight(caller, 'read', name));
  if (!name.endsWith('/')) {
    const opened = await exchange.service.open(name, version === null ? {} : { version });
    if (!opened.ok) return sendReadFailure(exchange, opened);
  }
  const wish = { name, version, note, lifeMs: seconds * 1000 };
  const made = await shares.create(caller, wish, password);
  if (!made.ok) return sendShareFailure(exchange, made);
  exchange.subject = `${SHARES}/${made.share.id} ${name}`;
  sendPrivate(exchange, 201, shareJson(shares, made.share));
}

async function list(
  exchange: Exchange,
  shares: ShareLinks,
  name: string | undefined,
): Promise<void> {
  const listed = await shares.list(exchange.caller, name);
  if (!listed.ok) return sendShareFailure(exchange, listed);
  sendPrivate(exchange, 200, { shares: listed.shares.map((share) => shareJson(shares, share)) });
}

async function revoke(exchange: Exchange, shares: ShareLinks, id: string): Promise<void> {
  if (!ID.test(id)) return sendProblem(exchange, refusal('no_such_share', 'this is no id of one'));
  const revoked = await shares.revoke(exchange.caller, id);
  if (!revoked.ok) return sendShareFailure(exchange, revoked);
  exchange.subject = `${SHARES}/${id} ${revoked.share.name}`;
  sendPrivate(exchange, 200, shareJson(shares, revoked.share));
}

function nameFault(name: string, version: number | null): Refusal | null {
  const isFolder = name.endsWith('/');
  const slash = name.indexOf('/');
  // A whole bucket is a folder too.
  const isBucket = isFolder && slash === name.length - 1;
  const check = isBucket ? checkBucketName(name.slice(0, slash)) : checkFileName(name);
  if (!check.ok) return refusal('invalid_name', check.message);
  if (!isFolder || version === null) return null;
  return refusal('malformed_json', 'only a file has versions, and a name that ends in "/" is none');
}

function shareJson(shares: ShareLinks, share: Share): Record<string, unknown> {
  const { id, name, version, maker, note, createdMs, endMs, password } = share;
  return {
    id,
    name,
    version,
    maker,
    note,
    created: new Date(createdMs).toISOString(),
    ends: new Date(endMs).toISOString(),
    hasPassword: password !== null,
    path: SHARED + shares.tokenOf(share),
  };
}

function sendShareFailure(exchange: Exchange, { reason, message }: ShareFailure): void {
  if (reason === 'unknown') {
    return sendProblem(exchange, refusal('timeout', message), { outcome: 'unknown' });
  }
  // What a link's record lacks is the link.
  const code = reason === 'no_such_file' ? 'no_such_share' : reason;
  sendProblem(exchange, refusal(code, message));
}

function refuseMethod(exchange: Exchange, allowed: string): void {
  const problem = refusal(
    'method_not_allowed',
    `${exchange.request.method} is not among ${allowed}`,
  );
  sendProblem(exchange, problem, { headers: ['Allow', allowed] });
}

function sendPrivate(exchange: Exchange, status: number, value: unknown): void {
  const headers = ['Content-Type', 'application/json', 'Cache-Control', 'no-store'];
  send(exchange, status, headers, `${JSON.stringify(value)}\n`);
}
