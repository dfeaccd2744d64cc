import { SHARE_HOLDER } from '../../../site/access/audit-log.js';
import { ANYBODY } from '../../../site/access/caller.js';
import { checkFileName } from '../../../site/site-names.js';
import { send } from '../../http-exchange.js';
import { splitTarget } from '../../raw-target.js';
import { type Exchange, sendProblem } from '../exchange.js';
import { answerFile, sendReadFailure } from '../file-reads.js';
import { refusal } from '../problem.js';
import { percentDecode, readQuery } from '../request-target.js';
import { basicPassword, formPassword, keepOpened, wantsPassword } from './share-credential.js';
import { answerSharedFolder, answerSharedPage, sharedContent } from './shared-answers.js';
import { PAGE_HEADERS, passwordPage, SHARED_HEADERS } from './share-page.js';
import { sendGone, type Shared } from './shared-link.js';

/*
 * `/s/<token>` and what is below it: what a link gives to whoever has it. Links that were made up, are
 * over, were revoked, or lead to nothing are answered all the same.
 */

/** Where links are. */
export const SHARED = '/s/';

export async function answerShared(exchange: Exchange): Promise<void> {
  const { shares, request } = exchange;
  const { path, query } = splitTarget(request.url ?? '');
  const [, token = '', encoded = ''] = /^\/s\/([^/]*)(?:\/(.*))?$/s.exec(path) ?? [];
  const rest = percentDecode(encoded);
  const parameters = readQuery(query, ['cursor', 'download']);
  const found = (await shares?.find(token)) ?? { ok: true, share: null };
  if (!found.ok) return sendReadFailure(exchange, found);
  const { share } = found;
  if (share === null || !rest.ok || !parameters.ok) return sendGone(exchange);
  exchange.caller = { ...ANYBODY, keyId: `${SHARE_HOLDER}${share.id}` };
  exchange.subject = share.name.endsWith('/') ? share.name + rest.text : share.name;
  const isPage = (request.headers.accept ?? '').includes('text/html');
  const shared: Shared = { share, path: SHARED + token, rest: rest.text, isPage };
  if (request.method === 'POST') return openWithForm(exchange, shared);
  if (request.method !== 'GET' && request.method !== 'HEAD') return sendGone(exchange);
  if (wantsPassword(exchange, share) && !(await openWithBasic(exchange, shared))) return;
  return answerOpened(exchange, shared, parameters.values);
}

function answerOpened(
  exchange: Exchange,
  shared: Shared,
  query: ReadonlyMap<string, string>,
): Promise<void> {
  const { share, rest } = shared;
  const isFolder = share.name.endsWith('/');
  if (isFolder && (rest === '' || rest.endsWith('/'))) {
    return answerSharedFolder(exchange, shared, query.get('cursor'));
  }
  const name = isFolder ? share.name + rest : share.name;
  const fileName = name.slice(name.lastIndexOf('/') + 1);
  if (!isFolder && rest === '' && shared.isPage) return answerSharedPage(exchange, shared);
  const isOther = !isFolder && rest !== '' && rest !== fileName;
  if (isOther || !checkFileName(name).ok) return Promise.resolve(sendGone(exchange));
  const content = sharedContent(fileName, query.has('download'));
  return answerFile(exchange, name, share.version ?? undefined, content);
}

/** Whether it goes on; else it was answered. */
async function openWithBasic(exchange: Exchange, shared: Shared): Promise<boolean> {
  const password = basicPassword(exchange.request);
  if (password !== null) return tried(exchange, shared, password);
  // A browser that asks for a page gets the form, and any other program the header.
  if (shared.isPage) send(exchange, 200, [...PAGE_HEADERS], passwordPage(null));
  else askForPassword(exchange, 'the link has a password');
  return false;
}

async function openWithForm(exchange: Exchange, shared: Shared): Promise<void> {
  const password = await formPassword(exchange);
  if (!(await tried(exchange, { ...shared, isPage: true }, password))) return;
  const { shares, request } = exchange;
  const location = splitTarget(request.url ?? '').path;
  const opened = shares?.openedToken(shared.share) ?? '';
  const cookie = keepOpened(request, shared.path, opened);
  send(exchange, 303, [...SHARED_HEADERS, 'Location', location, ...cookie], '');
}

/** Whether the password is right; else it was answered. */
async function tried(exchange: Exchange, shared: Shared, password: string): Promise<boolean> {
  const outcome = (await exchange.shares?.tryPassword(shared.share, password)) ?? 'wrong';
  switch (outcome) {
    case 'right':
      return true;
    case 'wrong':
      if (shared.isPage) {
        send(exchange, 401, [...PAGE_HEADERS], passwordPage('That is not the password.'));
      } else {
        askForPassword(exchange, 'that is not the password');
      }
      return false;
    case 'too_many': {
      const later = 'Too many wrong passwords. Try again in a quarter of an hour.';
      if (shared.isPage) send(exchange, 429, [...PAGE_HEADERS], passwordPage(later));
      else sendProblem(exchange, refusal('too_many_attempts', 'wait a quarter of an hour'));
      return false;
    }
    case 'overloaded':
      sendProblem(exchange, refusal('overloaded', 'too many passwords are being looked at'));
      return false;
  }
}

function askForPassword(exchange: Exchange, detail: string): void {
  const headers = ['WWW-Authenticate', 'Basic realm="quorate link"', 'Cache-Control', 'no-store'];
  sendProblem(exchange, refusal('password_required', detail), { headers });
}
