import type { WriteOptions, WriteOutcome } from '../../site/file-service.js';
import { checkFileName } from '../../site/site-names.js';
import { fileNeed, judged } from './access/permission.js';
import { entityTag } from './conditions.js';
import { type FlatHeaders, send } from '../http-exchange.js';
import type { Exchange } from './exchange.js';
import { addServed, sendProblem, sendUncommitted } from './exchange.js';
import { fileJson } from './file-json.js';
import { refusal } from './problem.js';
import { requestBody } from '../http-body.js';
import { readNumber } from './request-target.js';
import { readWriteOptions } from './write-options.js';

/** PUT: the body becomes the file's next version. */
export async function putFile(exchange: Exchange, name: string): Promise<void> {
  const { headers } = exchange.request;
  if (headers['content-range'] !== undefined) {
    return sendProblem(exchange, refusal('invalid_header', 'PUT writes whole files, not ranges'));
  }
  const read = readWriteOptions(exchange, true);
  if (!read.ok) return sendProblem(exchange, read);
  const { options } = read;
  const announced = headers['content-length'];
  const size = announced === undefined ? bodySize(exchange) : Number(announced);
  const body = requestBody(exchange, size);
  const outcome = await exchange.service.write(
    name,
    body,
    size === undefined ? options : { ...options, size },
  );
  sendOutcome(exchange, outcome, options.requestId);
}

/** DELETE: a tombstone becomes the file's next version; its history stays readable. */
export async function deleteFile(exchange: Exchange, name: string): Promise<void> {
  const read = readWriteOptions(exchange, false);
  if (!read.ok) return sendProblem(exchange, read);
  const outcome = await exchange.service.remove(name, read.options);
  sendOutcome(exchange, outcome, read.options.requestId);
}

export const POST_PARAMETERS = ['restore', 'copy-from', 'move-from', 'version'];

/** POST: `?restore=N`, `?copy-from=bucket/path[&version=N]` or `?move-from=bucket/path`. */
export async function deriveFile(
  exchange: Exchange,
  name: string,
  query: ReadonlyMap<string, string>,
): Promise<void> {
  const actions = ['restore', 'copy-from', 'move-from'].filter((key) => query.has(key));
  const [action] = actions;
  if (action === undefined || actions.length > 1) {
    const detail = 'POST takes exactly one of restore=N, copy-from=NAME and move-from=NAME';
    return sendProblem(exchange, refusal('missing_parameter', detail));
  }
  const key = action === 'restore' ? 'restore' : 'version';
  const version = readNumber(query, key, 1, Number.MAX_SAFE_INTEGER);
  if (!version.ok) return sendProblem(exchange, version);
  if (action !== 'copy-from' && query.has('version')) {
    const detail = `"version" goes with copy-from, not with ${action}`;
    return sendProblem(exchange, refusal('invalid_parameter', detail));
  }
  const source = action === 'restore' ? name : query.get(action)!;
  const check = checkFileName(source);
  if (!check.ok) {
    return sendProblem(exchange, refusal('invalid_name', `${action}: ${check.message}`));
  }
  const read = readWriteOptions(exchange, false);
  if (!read.ok) return sendProblem(exchange, read);
  const { service } = exchange;
  const needs = [
    fileNeed(name, 'write'),
    ...(action === 'restore' ? [] : [fileNeed(source, action === 'move-from' ? 'write' : 'read')]),
  ];
  return judged(exchange, needs, async () => {
    const outcome =
      action === 'move-from'
        ? await service.move(source, name, read.options)
        : await service.copy(source, name, withVersion(read.options, version.value));
    sendOutcome(exchange, outcome, read.options.requestId);
  });
}

function withVersion(
  options: WriteOptions,
  version: number | undefined,
): WriteOptions & { readonly version?: number } {
  return version === undefined ? options : { ...options, version };
}

/** Without Content-Length or chunks a request has no body at all. */
function bodySize({ request }: Exchange): number | undefined {
  return request.headers['transfer-encoding'] === undefined ? 0 : undefined;
}

export function sendOutcome(exchange: Exchange, outcome: WriteOutcome, requestId: string): void {
  if (outcome.outcome !== 'committed') return sendUncommitted(exchange, outcome, requestId);
  const { file, served } = outcome;
  const headers: FlatHeaders = [
    'Content-Type',
    'application/json',
    'Quorate-Version',
    String(file.version),
    'Quorate-Epoch',
    String(file.epoch),
    'Quorate-Request-Id',
    exchange.requestId,
  ];
  if (file.content) headers.push('ETag', entityTag(file.content.etag));
  addServed(headers, served);
  const status = file.version === 1 && !file.deleted ? 201 : 200;
  const body = { outcome: 'committed', requestId, file: fileJson(file) };
  send(exchange, status, headers, `${JSON.stringify(body)}\n`);
}
