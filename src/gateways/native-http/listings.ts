import type { Exchange } from './exchange.js';
import { sendJson, sendProblem } from './exchange.js';
import { fileJson } from './file-json.js';
import { readConsistency, sendReadFailure } from './file-reads.js';
import { refusal } from './problem.js';
import { readNumber } from './request-target.js';

const PAGE_LIMIT = 1000;

export const LIST_PARAMETERS = ['prefix', 'delimiter', 'limit', 'cursor'];

/** GET of a bucket: its live files in the order of their paths' bytes, a page at a time. */
export async function answerListing(
  exchange: Exchange,
  bucket: string,
  query: ReadonlyMap<string, string>,
): Promise<void> {
  const consistency = readConsistency(exchange);
  if (!consistency.ok) return sendProblem(exchange, consistency);
  const limit = readNumber(query, 'limit', 1, PAGE_LIMIT);
  if (!limit.ok) return sendProblem(exchange, limit);
  const cursor = query.get('cursor');
  const listing = await exchange.service.list({
    bucket,
    prefix: query.get('prefix') ?? '',
    delimiter: query.get('delimiter') ?? '',
    limit: limit.value ?? PAGE_LIMIT,
    consistency: consistency.value,
    ...(cursor !== undefined && cursor !== '' && { cursor }),
  });
  if (!listing.ok) return sendReadFailure(exchange, listing);
  sendJson(
    exchange,
    200,
    { files: listing.files.map(fileJson), prefixes: listing.prefixes, next: listing.next },
    listing.served,
  );
}

export const HISTORY_PARAMETERS = ['versions', 'before', 'limit'];

/** GET of a file with `?versions`: its history, newest first, deletes included. */
export async function answerHistory(
  exchange: Exchange,
  name: string,
  query: ReadonlyMap<string, string>,
): Promise<void> {
  const consistency = readConsistency(exchange);
  if (!consistency.ok) return sendProblem(exchange, consistency);
  if (query.get('versions') !== '') {
    return sendProblem(exchange, refusal('invalid_parameter', '"versions" takes no value'));
  }
  const limit = readNumber(query, 'limit', 1, PAGE_LIMIT);
  if (!limit.ok) return sendProblem(exchange, limit);
  const before = readNumber(query, 'before', 1, Number.MAX_SAFE_INTEGER);
  if (!before.ok) return sendProblem(exchange, before);
  const history = await exchange.service.history(name, {
    limit: limit.value ?? PAGE_LIMIT,
    consistency: consistency.value,
    ...(before.value !== undefined && { before: before.value }),
  });
  if (!history.ok) return sendReadFailure(exchange, history);
  sendJson(
    exchange,
    200,
    { versions: history.versions.map(fileJson), next: history.next },
    history.served,
  );
}
