import { checkBucketName, checkFileName } from '../../site/site-names.js';
import type { AccessLevel } from '../../site/access/rights.js';
import { refusedAct, sendDenied } from './access/admission.js';
import { answerSession } from './access/session-routes.js';
import { fileNeed, judged, type Need } from './access/permission.js';
import { answerAudit } from './audit-route.js';
import { answerBackup, isBackupPath } from './backup-routes.js';
import { answerBuckets, answerPrimaries, changeBucket, changePrimaries } from './cluster-routes.js';
import { answerBucketSettings, changeBucketSettings } from './bucket-settings-routes.js';
import type { Exchange } from './exchange.js';
import { sendJson, sendProblem } from './exchange.js';
import { answerFaults } from './fault-routes.js';
import { answerFile } from './file-reads.js';
import { deleteFile, deriveFile, POST_PARAMETERS, putFile } from './file-writes.js';
import { answerKeys, changeRights, createKey, refuseForeignPage, revokeKey } from './key-routes.js';
import { answerLive } from './live-route.js';
import { answerHistory, answerListing, HISTORY_PARAMETERS, LIST_PARAMETERS } from './listings.js';
import { refusal } from './problem.js';
import { percentDecode, readNumber, readQuery } from './request-target.js';
import { answerShares, isSharesPath } from './shares/share-routes.js';
import { changeSites, siteAction } from './site-routes.js';
import { OPERATIONS_PATHS } from './operations.js';
import { answerUpkeep, upkeepAction } from './upkeep-routes.js';
import { answerUpload, isUploadQuery } from './uploads/upload-routes.js';
import { splitTarget } from '../raw-target.js';

const FILES = '/v1/files/';
const BUCKETS = '/v1/buckets';
const KEYS = '/v1/keys';

/** Finds out what a request asks for and answers it. Throws only for mistakes of ours. */
export function route(exchange: Exchange): Promise<void> | void {
  const { path, query } = splitTarget(exchange.request.url ?? '');
  if (path.startsWith(FILES)) return routeFiles(exchange, path.slice(FILES.length), query);
  if (path === BUCKETS || path.startsWith(`${BUCKETS}/`)) {
    return routeBuckets(exchange, path.slice(BUCKETS.length + 1), query);
  }
  if (path === KEYS || path.startsWith(`${KEYS}/`)) {
    return routeKeys(exchange, path.slice(KEYS.length + 1), query);
  }
  switch (path) {
    case '/health':
      return routeHealth(exchange, query);
    case '/v1/cluster':
      if (allows(exchange, query, 'GET')) sendJson(exchange, 200, exchange.service.cluster());
      return;
    case '/v1/position':
      if (allows(exchange, query, 'GET')) {
        sendJson(exchange, 200, { position: exchange.service.position() });
      }
      return;
    case '/v1/faults':
      return routeFaults(exchange, query);
    case '/v1/live':
      if (allows(exchange, query, 'GET')) answerLive(exchange);
      return;
    case '/v1/audit':
      return answerAudit(exchange, query);
    case '/v1/session':
      return query === '' ? answerSession(exchange) : refuseQuery(exchange, query);
    case '/v1/primaries':
      return routePrimaries(exchange, query);
    default:
      if (exchange.console.owns(path)) return exchange.console.answer(exchange, path);
      if (isSharesPath(path)) return answerShares(exchange, path, query);
      if (isBackupPath(path)) return routeBackup(exchange, path, query);
      if (OPERATIONS_PATHS.includes(path)) return routeOperations(exchange, path, query);
      return routeUpkeep(exchange, path, query);
  }
}

function routeOperations(exchange: Exchange, path: string, query: string): void {
  const { operations } = exchange;
  if (operations === null) {
    return sendProblem(exchange, refusal('not_offered', 'this site measures and tells nothing'));
  }
  return operations.answer(exchange, path, query);
}

function routeBackup(exchange: Exchange, path: string, query: string): Promise<void> | void {
  return allows(exchange, query, 'GET') ? answerBackup(exchange, path) : undefined;
}

function routeUpkeep(exchange: Exchange, path: string, query: string): Promise<void> | void {
  const change = siteAction(path);
  if (change !== null) {
    if (exchange.request.method !== 'POST') return refuseMethod(exchange, 'POST');
    return query === '' ? changeSites(exchange, change) : refuseQuery(exchange, query);
  }
  const action = upkeepAction(path);
  if (action === null) {
    return sendProblem(exchange, refusal('no_such_route', `nothing is at ${path.slice(0, 200)}`));
  }
  const expected = action === 'scrub' || action === 'collect' ? 'POST' : 'GET';
  if (exchange.request.method !== expected) return refuseMethod(exchange, expected);
  return query === '' ? answerUpkeep(exchange, action) : refuseQuery(exchange, query);
}

function routeFiles(exchange: Exchange, raw: string, query: string): Promise<void> | void {
  const decoded = percentDecode(raw);
  if (!decoded.ok) return sendProblem(exchange, decoded);
  const name = decoded.text;
  if (!raw.includes('/')) return routeBucketListing(exchange, name, query);
  const check = checkFileName(name);
  if (!check.ok) return sendProblem(exchange, refusal('invalid_name', check.message));
  if (isUploadQuery(query)) return answerUpload(exchange, name, query);
  switch (exchange.request.method) {
    case 'GET':
    case 'HEAD':
      return judged(exchange, [fileNeed(name, 'read')], () => routeFileRead(exchange, name, query));
    case 'PUT':
    case 'DELETE': {
      if (query !== '') return refuseQuery(exchange, query);
      const act = exchange.request.method === 'PUT' ? putFile : deleteFile;
      return judged(exchange, [fileNeed(name, 'write')], () => act(exchange, name));
    }
    case 'POST': {
      const parameters = readQuery(query, POST_PARAMETERS);
      if (!parameters.ok) return sendProblem(exchange, parameters);
      return deriveFile(exchange, name, parameters.values);
    }
    default:
      return refuseMethod(exchange, 'GET, HEAD, PUT, DELETE, POST');
  }
}

function routeFileRead(exchange: Exchange, name: string, query: string): Promise<void> | void {
  if (query === '') return answerFile(exchange, name, undefined);
  const isHistory = /(?:^|&)versions(?:=|&|$)/.test(query);
  const parameters = readQuery(query, isHistory ? HISTORY_PARAMETERS : ['version', 'versions']);
  if (!parameters.ok) return sendProblem(exchange, parameters);
  if (isHistory) return answerHistory(exchange, name, parameters.values);
  const version = readNumber(parameters.values, 'version', 1, Number.MAX_SAFE_INTEGER);
  if (!version.ok) return sendProblem(exchange, version);
  return answerFile(exchange, name, version.value);
}

function routeBucketListing(
  exchange: Exchange,
  bucket: string,
  query: string,
): Promise<void> | void {
  const check = checkBucketName(bucket);
  if (!check.ok) return sendProblem(exchange, refusal('invalid_name', check.message));
  const { method } = exchange.request;
  if (method !== 'GET' && method !== 'HEAD') return refuseMethod(exchange, 'GET, HEAD');
  const parameters = readQuery(query, LIST_PARAMETERS);
  if (!parameters.ok) return sendProblem(exchange, parameters);
  const { values } = parameters;
  const of = { kind: 'prefix', bucket, prefix: values.get('prefix') ?? '' } as const;
  return judged(exchange, [{ level: 'read', of }], () => answerListing(exchange, bucket, values));
}

function routeBuckets(exchange: Exchange, raw: string, query: string): Promise<void> | void {
  if (query !== '') return refuseQuery(exchange, query);
  const { method } = exchange.request;
  if (raw === '') {
    if (method === 'GET' || method === 'HEAD') return answerBuckets(exchange);
    return refuseMethod(exchange, 'GET, HEAD');
  }
  const decoded = percentDecode(raw);
  if (!decoded.ok) return sendProblem(exchange, decoded);
  const check = checkBucketName(decoded.text);
  if (!check.ok) return sendProblem(exchange, refusal('invalid_name', check.message));
  const bucket = decoded.text;
  const need = (level: AccessLevel): Need => ({ level, of: { kind: 'bucket', bucket } });
  if (method === 'PUT' || method === 'DELETE') {
    return judged(exchange, [need('owner')], () => changeBucket(exchange, bucket));
  }
  const isRead = method === 'GET' || method === 'HEAD';
  if (!isRead && method !== 'PATCH') {
    return refuseMethod(exchange, 'GET, HEAD, PUT, PATCH, DELETE');
  }
  const { objects } = exchange;
  if (objects === null) return sendProblem(exchange, notOffered());
  return isRead
    ? judged(exchange, [need('read')], () => answerBucketSettings(exchange, objects, bucket))
    : judged(exchange, [need('owner')], () => changeBucketSettings(exchange, objects, bucket));
}

/** `/v1/keys`, `/v1/keys/<id>` and `/v1/keys/<id>/rights`. */
function routeKeys(exchange: Exchange, path: string, query: string): Promise<void> | void {
  if (query !== '') return refuseQuery(exchange, query);
  const foreign = refuseForeignPage(exchange);
  if (foreign) return sendProblem(exchange, foreign);
  if (exchange.objects === null) return sendProblem(exchange, notOffered());
  const { keys } = exchange.objects;
  const { method } = exchange.request;
  if (path === '') {
    if (method === 'GET' || method === 'HEAD') return answerKeys(exchange, keys);
    if (method === 'POST') return createKey(exchange, keys);
    return refuseMethod(exchange, 'GET, HEAD, POST');
  }
  const [, id = '', rights] = /^([A-Za-z0-9]{1,64})(\/rights)?$/.exec(path) ?? [];
  if (id === '') {
    return sendProblem(exchange, refusal('no_such_key', 'what follows /v1/keys/ is no key id'));
  }
  if (rights === undefined) {
    return method === 'DELETE' ? revokeKey(exchange, keys, id) : refuseMethod(exchange, 'DELETE');
  }
  return method === 'PUT' ? changeRights(exchange, keys, id) : refuseMethod(exchange, 'PUT');
}

function notOffered(): ReturnType<typeof refusal> {
  return refusal('not_offered', 'this site was started without access keys and bucket settings');
}

function routeFaults(exchange: Exchange, query: string): Promise<void> | void {
  const { method } = exchange.request;
  if (query !== '') return refuseQuery(exchange, query);
  if (method === 'GET' || method === 'HEAD' || method === 'POST') return answerFaults(exchange);
  return refuseMethod(exchange, 'GET, HEAD, POST');
}

function routePrimaries(exchange: Exchange, query: string): Promise<void> | void {
  const { method } = exchange.request;
  const refused = refusedAct(exchange.caller);
  if (method === 'PUT') {
    if (refused !== null) return sendDenied(exchange, refused);
    return query === '' ? changePrimaries(exchange) : refuseQuery(exchange, query);
  }
  if (method !== 'GET' && method !== 'HEAD') return refuseMethod(exchange, 'GET, HEAD, PUT');
  const parameters = readQuery(query, ['name']);
  if (!parameters.ok) return sendProblem(exchange, parameters);
  const name = parameters.values.get('name');
  if (name === undefined) {
    return refused === null ? answerPrimaries(exchange, name) : sendDenied(exchange, refused);
  }
  return judged(exchange, [fileNeed(name, 'read')], () => answerPrimaries(exchange, name));
}

/** Cheap: clients measure with it which site is nearest. */
function routeHealth(exchange: Exchange, query: string): void {
  if (!allows(exchange, query, 'GET')) return;
  sendJson(exchange, 200, { site: exchange.site, status: 'ok' });
}

function allows(exchange: Exchange, query: string, method: 'GET'): boolean {
  const asked = exchange.request.method;
  if (asked !== method && asked !== 'HEAD') refuseMethod(exchange, `${method}, HEAD`);
  else if (query !== '') refuseQuery(exchange, query);
  else return true;
  return false;
}

function refuseMethod(exchange: Exchange, allowed: string): void {
  const problem = refusal(
    'method_not_allowed',
    `${exchange.request.method} is not among ${allowed}`,
  );
  sendProblem(exchange, problem, { headers: ['Allow', allowed] });
}

function refuseQuery(exchange: Exchange, query: string): void {
  const read = readQuery(query, []);
  sendProblem(exchange, read.ok ? refusal('unknown_parameter', 'there are none here') : read);
}
